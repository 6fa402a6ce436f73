//! The action on demand that migrates a database, by Alembic. No build runs it. Does not know the database.

use farm_pip::{Installed, steady};
use farm_sdk::{Action, Host, Input, Problem};

use crate::checks::module_folders;
use crate::options::Migrations;
use crate::{Target, sources};

/// `farm run TARGET migrate`, where the target has migrations.
pub(crate) fn action(target: &Target<'_>, host: &dyn Host) -> Result<Option<Action>, Problem> {
    let Some(migrations) = &target.options.migrations else {
        return Ok(None);
    };
    check(migrations, target, host)?;
    let packages = target.packages.as_ref();
    let paths = module_folders(host)?.into_iter().chain(packages.map(Installed::folder));
    let migrate = Action::tool("migrate", target.options.python.as_str())
        .on_demand()
        .label(format!("migrate the database to {}", migrations.revision))
        .args(["-S", "farm_migrate.py"])
        .args(paths.flat_map(|folder| ["--path", folder]))
        .args(["--config", &migrations.config, "--database", &migrations.database])
        .args(["--to", &migrations.revision])
        .input(sources::all())
        .inputs(packages.map(Installed::input))
        .input(Input::content(
            "farm_migrate.py",
            include_str!("scripts/farm_migrate.py"),
        ))
        .secret(&migrations.database);
    let migrate = match &migrations.network[..] {
        [] => migrate,
        hosts => migrate.reaches(hosts.iter().map(String::as_str)),
    };
    Ok(Some(steady(migrate)))
}

fn check(migrations: &Migrations, target: &Target<'_>, host: &dyn Host) -> Result<(), Problem> {
    let config = &migrations.config;
    if sources::leaves(config) || !host.is_file(config)? {
        let problem = Problem::new(format!("option `migrations` names `{config}`, which is not there")).in_file(config);
        return Err(
            problem.hint("`alembic init migrations` writes one; `config` takes its path from the target's folder")
        );
    }
    if !target.pinned.has("alembic") {
        let problem = Problem::new("option `migrations` asks for `alembic`, which is not pinned");
        return Err(problem.hint("add it to the packages of the app: they are what migrates its database"));
    }
    Ok(())
}
