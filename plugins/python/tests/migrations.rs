//! The action on demand that migrates a database.

use farm_builder_python::Python;
use farm_sdk::testing::{Folder, plan};
use farm_sdk::{Action, Work};
use serde_json::json;

fn folder() -> Folder {
    Folder::new()
        .file("alembic.ini", "")
        .file("src/shop/main.py", "")
        .file("requirements.txt", "alembic==1.14.0\n")
        .tools(["python3"])
}

fn mistake(folder: &Folder, options: &serde_json::Value) -> String {
    let problem = plan::<Python>(folder, options).expect_err("a mistake");
    format!(
        "{}\nhint: {}",
        problem.message,
        problem.hint.expect("every problem has a hint")
    )
}

fn migrate(options: &serde_json::Value) -> Action {
    let plan = plan::<Python>(&folder(), options).expect("sound");
    let mut actions = plan.actions.into_iter();
    actions.find(|action| action.id == "migrate").expect("it is planned")
}

#[test]
fn a_migration_is_on_demand_and_gets_the_address_as_a_secret() {
    let options = json!({ "migrations": { "network": ["db.example:5432"] } });
    let migrate = migrate(&options);
    assert!(migrate.on_demand && migrate.outputs.is_empty());
    assert_eq!(migrate.secrets, ["DATABASE_URL"]);
    assert_eq!(
        migrate.network.as_ref().expect("it has the network").from,
        ["db.example:5432"]
    );
    let Work::Tool { arguments, .. } = &migrate.work else {
        panic!("it is a step");
    };
    insta::assert_snapshot!(
        arguments.join(" "),
        @"-S farm_migrate.py --path . --path src --path site-packages --config alembic.ini --database DATABASE_URL --to head"
    );
}

#[test]
fn without_a_place_it_has_no_network() {
    let options = json!({ "migrations": { "database": "SHOP_DB", "revision": "ae10+2" } });
    let migrate = migrate(&options);
    assert_eq!(
        (&migrate.network, &migrate.secrets[..]),
        (&None, &["SHOP_DB".to_owned()][..])
    );
    assert_eq!(migrate.label, "migrate the database to ae10+2");
}

#[test]
fn mistakes_are_told_before_anything_is_built() {
    let options = json!({ "migrations": { "config": "db/alembic.ini" } });
    insta::assert_snapshot!(mistake(&folder(), &options), @"
    option `migrations` names `db/alembic.ini`, which is not there
    hint: `alembic init migrations` writes one; `config` takes its path from the target's folder
    ");
    let folder = folder().file("requirements.txt", "fastapi==0.115.0\n");
    insta::assert_snapshot!(mistake(&folder, &json!({ "migrations": {} })), @"
    option `migrations` asks for `alembic`, which is not pinned
    hint: add it to the packages of the app: they are what migrates its database
    ");
}
