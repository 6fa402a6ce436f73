//! Actions on demand: what the check takes and what it refuses.

use farm_engine::plan::{Fetch, OnDemand, Permissions, PlanError, Want, Work};

use super::check::{checked, output, plan, refused, step, with_properties};

const ON_DEMAND: (&str, &str) = ("on-demand", "true");

/// An action on demand without outputs, with more properties.
fn action(more: &[(&str, &str)]) -> farm_engine::plan::Action {
    farm_engine::plan::Action {
        outputs: Vec::new(),
        ..with_properties(&[&[ON_DEMAND], more].concat())
    }
}

fn reaching(purpose: &str) -> Option<Fetch> {
    Some(Fetch {
        from: vec![purpose.to_owned()],
        pinned_by: Vec::new(),
    })
}

/// Why an action with these properties is refused; it has neither outputs nor anything else that could be wrong.
fn said(properties: &[(&str, &str)]) -> String {
    refused(|action| {
        action.outputs = Vec::new();
        action.properties = with_properties(properties).properties;
    })
}

#[test]
fn it_is_in_the_plan_and_in_no_build() {
    let plan = checked(&plan(vec![action(&[]), super::check::action("other")])).expect("fine");
    let ids = |actions: Vec<&farm_engine::plan::CheckedAction>| {
        actions.iter().map(|action| action.id.clone()).collect::<Vec<_>>()
    };
    assert_eq!(ids(plan.on_demand().collect()), ["run"]);
    assert_eq!(ids(plan.in_builds().collect()), ["other"]);
}

#[test]
fn it_reaches_the_network_without_a_lock_file() {
    let mut push = action(&[]);
    push.network = reaching("npm");
    let plan = checked(&plan(vec![push])).expect("fine");
    let fetch = plan.actions[0].fetch.clone().expect("the network");
    assert_eq!((fetch.from, fetch.pinned_by), (vec!["npm".to_owned()], Vec::new()));
}

#[test]
fn it_reaches_what_was_granted_alone() {
    for (purpose, what) in [
        ("pypi", "the network for `pypi`"),
        ("docker", "the socket `docker`"),
        ("unix:/run/x.sock", "the socket `unix:/run/x.sock`"),
    ] {
        let said = refused(|run| {
            *run = action(&[]);
            run.network = reaching(purpose);
        });
        assert_eq!(said, format!("action `run` uses {what}, which the builder may not use"));
    }
}

#[test]
fn it_leaves_nothing_and_runs_a_tool_by_itself() {
    let said = refused(|run| {
        *run = action(&[]);
        run.outputs = vec![output("out/run")];
    });
    assert_eq!(
        said,
        "action `run` sets `on-demand`, which takes no outputs: nothing is kept of such an action, and nothing can need it"
    );
    let said = refused(|run| {
        *run = action(&[]);
        run.work = step("x").work;
        assert!(matches!(run.work, Work::Step(_)));
    });
    assert_eq!(
        said,
        "action `run` sets `on-demand`, which is for tools: a step changes nothing outside"
    );
    for other in [("weight", "2"), ("jobserver", "make")] {
        let said = self::said(&[ON_DEMAND, other]);
        assert!(said.contains("takes no `weight` or `jobserver` beside it"), "{said}");
    }
}

#[test]
fn its_properties_have_one_value_each() {
    assert_eq!(
        said(&[("on-demand", "yes")]),
        "action `run` sets `on-demand`, which is `true` or is not there"
    );
    assert_eq!(
        said(&[ON_DEMAND, ("sandbox", "L1")]),
        "action `run` sets `sandbox`, which is `off` or is not there"
    );
    assert_eq!(
        said(&[("sandbox", "off")]),
        "action `run` sets `sandbox`, which is for actions on demand alone"
    );
    let wants = |more: &[(&str, &str)]| {
        let plan = checked(&plan(vec![action(more)])).expect("fine");
        plan.actions[0].on_demand
    };
    assert_eq!(wants(&[]), Some(OnDemand { without_sandbox: false }));
    assert_eq!(wants(&[("sandbox", "off")]), Some(OnDemand { without_sandbox: true }));
}

/// The permission to reach all of this.
fn network(names: &[&str]) -> Permissions {
    let wants: Vec<Want> = names.iter().map(|name| Want::Network((*name).to_owned())).collect();
    Permissions::wanted(&wants)
}

#[test]
fn any_host_is_no_socket_and_any_socket_no_container_engine() {
    let allowed = |names: &[&str]| {
        let granted = network(names);
        ["npm", "db:5432", "unix:/run/x.sock", "docker"].map(|purpose| granted.allows_network(purpose))
    };
    assert_eq!(allowed(&["*"]), [true, true, false, false]);
    assert_eq!(allowed(&["unix:*"]), [false, false, true, false]);
    assert_eq!(allowed(&["docker"]), [false, false, false, true]);
    assert_eq!(allowed(&["unix:/run/x.sock"]), [false, false, true, false]);
    let usable = network(&["*", "unix:*"]).shared_with(&network(&["npm", "docker", "unix:/run/x.sock"]));
    assert_eq!(usable, network(&["npm", "unix:/run/x.sock"]));
    assert_eq!(
        network(&["*", "npm", "docker"]).missing_from(&network(&["*"])),
        [("network", "docker".to_owned())]
    );
}

#[test]
fn a_socket_is_for_actions_on_demand_and_has_an_absolute_path() {
    let granted = network(&["unix:*", "docker"]);
    let check = |properties: &[(&str, &str)], purpose: &str| {
        let mut run = action(&[]);
        run.properties = with_properties(properties).properties;
        run.network = Some(Fetch {
            from: vec![purpose.to_owned()],
            pinned_by: vec!["lock".to_owned()],
        });
        let granted = Permissions {
            tools: std::iter::once("cat".to_owned()).collect(),
            ..granted.clone()
        };
        super::check::checked_with(&plan(vec![run]), &granted).map_err(|error: PlanError| error.to_string())
    };
    for purpose in ["docker", "unix:/run/x.sock"] {
        assert!(check(&[ON_DEMAND], purpose).is_ok(), "{purpose}");
        let expected =
            format!("action `run` sets `{purpose}`, which is a socket, and those are for actions on demand alone");
        assert_eq!(check(&[], purpose).expect_err("no part of a build"), expected);
    }
    for purpose in [
        "unix:",
        "unix:/",
        "unix:run/x",
        "unix:/run/../x",
        "unix://x",
        "unix:/x\0",
    ] {
        let error = check(&[ON_DEMAND], purpose).expect_err(purpose);
        assert!(error.ends_with("which is not `unix:` and an absolute path"), "{error}");
    }
}
