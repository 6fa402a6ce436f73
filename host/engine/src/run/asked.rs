//! Hands what is asked for on the command line to the targets that it is about, and says so where it is about none. Does
//! not know what any of it means.

use crate::config::Workspace;
use crate::error::{Class, Problem};
use crate::graph::TargetId;
use crate::plan::Description;
use crate::run::builders::Builders;
use crate::run::request::Asked;

/// Sets what is asked of each chosen target whose builder is open. The others are taken over from a build of which the
/// same was asked.
pub(super) fn set(
    asked: &[Asked],
    workspace: &mut Workspace,
    (selected, builders): (&[TargetId], &Builders),
) -> Result<(), Problem> {
    let mut is_answered = vec![false; asked.len()];
    let mut is_known = true;
    for id in selected {
        let target = &mut workspace.targets[id.index()];
        let Some(builder) = builders.get(&target.builder) else {
            is_known = false;
            continue;
        };
        let name = target.name.as_str();
        let answered = |asked: &Asked| is_about(asked, name, &builder.description);
        let answers = asked.iter().zip(&mut is_answered).filter(|(asked, _)| answered(asked));
        target.asked.clear();
        for (asked, is_answered) in answers {
            *is_answered = true;
            match target.asked.iter_mut().find(|(name, _)| name == asked.name) {
                Some((_, values)) => values.extend([" ", &asked.value]),
                None => target.asked.push((asked.name.to_owned(), asked.value.clone())),
            }
        }
    }
    let unanswered = asked.iter().zip(is_answered).find(|(_, is_answered)| !is_answered);
    match unanswered.filter(|_| is_known) {
        Some((asked, _)) => Err(unanswerable(asked)),
        None => Ok(()),
    }
}

fn is_about(asked: &Asked, target: &str, builder: &Description) -> bool {
    builder.answers(asked.name) && asked.target.as_deref().is_none_or(|only| only == target)
}

fn unanswerable(asked: &Asked) -> Problem {
    let name = asked.name;
    let message = match &asked.target {
        Some(target) => format!("`--{name}` is for `{target}`, and no chosen target of this name can do that"),
        None => format!("`--{name}` is for none of the chosen targets: their builders cannot do that"),
    };
    Problem::new("build::unanswered", Class::Request, message)
        .hint("leave it out, or choose a target whose builder can, as `vite` can")
}
