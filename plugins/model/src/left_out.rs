//! Models that are left out because their framework is not to be had: one message for each reason. Does not find out which.

use farm_pip::Facts;
use farm_sdk::Host;

use crate::checked::Checked;
use crate::framework;
use crate::options::Options;

/// Tells which models are not exported, once for each reason.
pub(crate) fn tell(models: &[(&Checked<'_>, String)], options: &Options, host: &dyn Host) {
    let mut reasons: Vec<(&str, Vec<String>)> = Vec::new();
    for (model, why) in models {
        let name = format!("`{}`", model.name);
        match reasons.iter_mut().find(|(other, _)| other == why) {
            Some((_, names)) => names.push(name),
            None => reasons.push((why, vec![name])),
        }
    }
    let what = match options.deployment {
        Some(_) => "neither exported nor deployed",
        None => "not exported",
    };
    for (why, names) in reasons {
        host.warn(&format!("{why}, so {} {what}", list(&names)));
    }
}

/// Tells which packages of frameworks are not there, where no model says that it misses them.
pub(crate) fn tell_of_packages(facts: &Facts, host: &dyn Host) {
    for name in framework::PACKAGES {
        if let Some(why) = facts.lacking(name) {
            host.warn(&format!("`{name}` {why}, so it is not usable for other targets"));
        }
    }
}

/// Names with their verb: `a` is, `a` and `b` are.
fn list(names: &[String]) -> String {
    match names {
        [name] => format!("{name} is"),
        [first @ .., last] => format!("{} and {last} are", first.join(", ")),
        [] => String::new(),
    }
}
