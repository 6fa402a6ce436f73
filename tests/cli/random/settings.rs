//! Edits of `farm.toml`, the environment and the tools on the PATH.

use std::fs;

use super::edit::{prune, set_executable};
use super::model::{Pattern, join};
use super::start::{self, OPTIONAL_DEPS, OTHER_PLACES};
use super::{Last, World};

impl World {
    /// Writes what has changed of the configuration.
    pub(super) fn write_config(&mut self) {
        self.find_dead();
        self.written = self.config.clone();
        fs::create_dir_all(self.path("x")).expect("made");
        for (path, text) in self.config.render() {
            if fs::read_to_string(self.path(path)).ok().as_ref() != Some(&text) {
                self.workspace.write(path, &text);
            }
        }
    }

    /// Notes places that are no outputs any more. farm removes what it knows that it put there; what it may not know, or
    /// has been changed since, is cleared away by hand.
    fn find_dead(&mut self) {
        let places = |config: &super::Config| {
            let targets = config.targets.iter();
            let places = targets.flat_map(|target| target.places().map(|place| (target.name, place)));
            places.collect::<Vec<_>>()
        };
        let now = places(&self.config);
        self.dead.retain(|dead| !now.contains(dead));
        for (name, place) in places(&self.written) {
            if now.iter().any(|(_, other)| *other == place) {
                continue;
            }
            let is_known = matches!(self.last.get(name), Some(Last::Of(_)));
            if is_known && !self.damaged.contains(&name) {
                self.dead.push((name, place));
            } else {
                self.clear(&place);
            }
        }
    }

    /// Clears the places away of which farm may not know any more that it wrote there.
    pub(super) fn clear_dead(&mut self) {
        for (_, place) in std::mem::take(&mut self.dead) {
            self.clear(&place);
        }
    }

    fn clear(&self, place: &str) {
        let place = self.path(place);
        drop(fs::remove_file(&place).or_else(|_| fs::remove_dir_all(&place)));
        prune(&place);
    }

    /// A build forgets targets that its configuration does not have, and only that.
    pub(super) fn forget_removed(&mut self) {
        let names: Vec<&str> = self.config.targets.iter().map(|target| target.name).collect();
        let gone = self.last.iter_mut().filter(|(name, _)| !names.contains(name));
        gone.for_each(|(_, last)| *last = Last::Unknown);
    }

    fn any_target(&mut self) -> usize {
        self.numbers.below(self.config.targets.len())
    }
}

/// Another command, of the same length.
pub(super) fn variant(world: &mut World) -> Option<String> {
    let at = world.any_target();
    let target = &mut world.config.targets[at];
    target.variant = 1 + target.variant % 5;
    let name = target.name;
    world.write_config();
    Some(format!("the command of {name} changes"))
}

/// Another value of a fixed variable.
pub(super) fn fixed(world: &mut World) -> Option<String> {
    let at = world.any_target();
    let target = &mut world.config.targets[at];
    target.fixed = 1 + target.fixed % 5;
    let name = target.name;
    world.write_config();
    Some(format!("the variable of {name} changes"))
}

/// A dependency comes or goes.
pub(super) fn dependency(world: &mut World) -> Option<String> {
    let (name, dep) = OPTIONAL_DEPS[world.numbers.below(OPTIONAL_DEPS.len())];
    let target = world.config.targets.iter_mut().find(|target| target.name == name)?;
    match target.deps.iter().position(|there| *there == dep) {
        Some(at) => drop(target.deps.remove(at)),
        None => target.deps.push(dep),
    }
    world.write_config();
    Some(format!("{name} depends on {dep}, or no longer"))
}

/// A target comes or goes.
pub(super) fn target(world: &mut World) -> Option<String> {
    match world.config.targets.iter().position(|target| target.name == "extra") {
        Some(at) => drop(world.config.targets.remove(at)),
        None => world.config.targets.push(start::extra()),
    }
    world.forget_removed();
    world.write_config();
    Some("the target extra comes or goes".to_owned())
}

/// A target writes somewhere else.
pub(super) fn outputs(world: &mut World) -> Option<String> {
    let (name, places) = OTHER_PLACES[world.numbers.below(OTHER_PLACES.len())];
    let place = places[world.numbers.below(places.len())];
    let target = world.config.targets.iter_mut().find(|target| target.name == name)?;
    if world.sources.contains_key(&join(target.root, place)) {
        return None;
    }
    target.outputs = vec![place];
    world.write_config();
    Some(format!("{name} writes to {place}"))
}

/// A pattern is added to a target's inputs, or taken out again.
fn toggle(world: &mut World, name: &str, pattern: Pattern) -> Option<String> {
    let target = world.config.targets.iter_mut().find(|target| target.name == name)?;
    let text = format!("{name} has {pattern:?} among its inputs, or no longer");
    let inputs = target.inputs.as_mut()?;
    match inputs.iter().position(|there| *there == pattern) {
        Some(at) => drop(inputs.remove(at)),
        None => inputs.push(pattern),
    }
    world.write_config();
    Some(text)
}

/// A pattern leaves more out, or no longer.
pub(super) fn exclude(world: &mut World) -> Option<String> {
    let at = world.any_target();
    let target = &world.config.targets[at];
    let has_patterns =
        |pattern: &Pattern| matches!(pattern, Pattern::Below(_) | Pattern::Ending(..) | Pattern::Named(_));
    if !target.inputs.as_ref()?.iter().any(has_patterns) {
        return None;
    }
    let name = target.name;
    toggle(world, name, Pattern::Not(Box::new(Pattern::EndingBelow("", "tmp"))))
}

/// A pattern takes more, or no longer.
pub(super) fn include(world: &mut World) -> Option<String> {
    let name = ["epsilon", "lit"][world.numbers.below(2)];
    toggle(
        world,
        name,
        Pattern::Workspace(Box::new(Pattern::Ending("docs", "txt"))),
    )
}

/// Nothing that means anything.
pub(super) fn reformat(world: &mut World) -> Option<String> {
    world.config.comment += 1;
    world.write_config();
    Some("a comment in farm.toml".to_owned())
}

/// Another command in a `farm.toml` that looks the same from outside.
pub(super) fn farm_toml_of_same_size_and_time(world: &mut World) -> Option<String> {
    let time = world.time("farm.toml");
    let text = variant(world)?;
    world.set_time("farm.toml", time);
    Some(format!("{text}, farm.toml keeps its time"))
}

/// Another value of a variable that is handed on, or none.
pub(super) fn stage(world: &mut World) -> Option<String> {
    world.stage = [None, Some("one"), Some("two"), Some("")][world.numbers.below(4)];
    Some(format!("STAGE is {:?}", world.stage))
}

/// Puts the tool `mark` where the PATH leads first.
pub(super) fn install_mark(world: &World) {
    let bin = world.workspace.beside("bin");
    fs::create_dir_all(&bin).expect("made");
    fs::write(bin.join("mark"), format!("#!/bin/sh\necho mark {}\n", world.mark)).expect("written");
    set_executable(&bin.join("mark"), true);
}

/// Another tool of the same size and time.
pub(super) fn mark(world: &mut World) -> Option<String> {
    let place = world.workspace.beside("bin").join("mark");
    let time = fs::metadata(&place)
        .and_then(|data| data.modified())
        .expect("it is there");
    world.mark = 1 + world.mark % 5;
    install_mark(world);
    let file = fs::File::options().append(true).open(&place).expect("opens");
    file.set_modified(time).expect("set");
    Some("the tool mark is another one".to_owned())
}
