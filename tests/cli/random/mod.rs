//! Hundreds of random edits, and after each the same question: is what farm says and leaves right?
//!
//! An oracle of its own ([`model`]) knows for every target what its action is and what it makes. After each step
//!
//! - every output is what the oracle says, to the last file and mode, and so is what a clean build of a copy with an empty
//!   cache makes; what is no output any more is gone;
//! - no action ran whose result was in the cache, and every action ran whose result cannot have been there;
//! - nothing is called up to date that is not what the last build left;
//! - a second build runs nothing and instantiates no component.
//!
//! A failure prints the seed and the last edits. Replay it, or look further, with
//! `FARM_TEST_SEED=… FARM_TEST_STEPS=… cargo test --release --test cli random`.

mod check;
mod disturb;
mod edit;
mod model;
mod moves;
mod settings;
mod start;

use std::collections::BTreeMap;

use crate::support::Workspace;
use model::{Around, Config, Made, Sources};

/// The first seed of all runs, unless `FARM_TEST_SEED` says another.
const SEED: u64 = 20_261_121;
/// Steps of the long run, unless `FARM_TEST_STEPS` says another number.
const STEPS: usize = 520;
/// The short runs, with other seeds, have a part of them.
const SHORT: usize = 4;
/// How many of the last edits a failure shows.
const SHOWN: usize = 15;

/// Numbers that look random and are the same for the same seed (splitmix64).
#[derive(Debug)]
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below the bound, which is not zero.
    fn below(&mut self, bound: usize) -> usize {
        let bound = bound as u64;
        usize::try_from(self.next() % bound).expect("it was one")
    }

    /// Whether one in `of` times comes up.
    fn one_in(&mut self, of: usize) -> bool {
        self.below(of) == 0
    }
}

/// What the cache knows of an action's result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kept {
    /// It is there.
    Surely,
    /// A build that was disturbed may have put it there.
    Perhaps,
    /// Some of it may be damaged. A hit need not show that: the action's log is looked at only where it is told.
    Spoilt,
}

/// What the last build here left of a target, as far as it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Last {
    /// The result of this action.
    Of(String),
    /// Nothing that anybody remembers.
    Nothing,
    /// That of some disturbed build.
    Unknown,
}

/// A workspace, and all that the oracle knows of it.
struct World {
    workspace: Workspace,
    numbers: Numbers,
    sources: Sources,
    config: Config,
    stage: Option<&'static str>,
    mark: u32,
    /// Earlier states, to return to.
    history: Vec<(Sources, Config)>,
    /// Makes texts that never were.
    counter: u64,
    /// By identity.
    kept: BTreeMap<String, Kept>,
    /// By target; nothing where it is missing.
    last: BTreeMap<&'static str, Last>,
    /// Targets whose outputs were changed behind farm's back.
    damaged: Vec<&'static str>,
    /// The configuration as it was last written.
    written: Config,
    /// Places at which a target's output may lie that is none any more, with the target's name.
    dead: Vec<(&'static str, String)>,
    /// The tiers that this machine has, as `--sandbox` takes them and as results name them.
    tiers: Vec<(&'static str, &'static str)>,
    /// Which of them the steps build in; it stays for a while, so that results are met again.
    tier: usize,
    /// An old state of `.farm`, to bring back.
    old_state: Option<Vec<(String, Vec<u8>)>>,
    /// One step in how many is followed by a clean build.
    clean_each: usize,
    log: Log,
}

/// What was done, told when the test fails.
struct Log {
    seed: u64,
    step: usize,
    lines: Vec<String>,
}

impl Drop for Log {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let from = self.lines.len().saturating_sub(SHOWN);
            let lines = self.lines[from..].join("\n  ");
            let told = format!(
                "FARM_TEST_SEED={}, step {}, the last edits:\n  {lines}",
                self.seed, self.step
            );
            std::io::Write::write_all(&mut std::io::stderr(), told.as_bytes()).expect("standard error is open");
        }
    }
}

/// How one step builds.
#[derive(Debug, Clone)]
struct Way {
    selected: Option<&'static str>,
    development: bool,
    /// As `--sandbox` takes it, and as results name it.
    tier: (&'static str, &'static str),
}

impl Way {
    /// A build of everything.
    fn all(tier: (&'static str, &'static str)) -> Self {
        Self {
            selected: None,
            development: false,
            tier,
        }
    }

    fn words(&self) -> Vec<String> {
        let mut words = vec!["build".to_owned()];
        words.extend(self.selected.map(|name| format!("--target={name}")));
        words.extend(self.development.then(|| "--dev".to_owned()));
        words.push(format!("--sandbox={}", self.tier.0));
        words
    }
}

impl World {
    fn new(seed: u64) -> Self {
        let mut world = Self {
            workspace: Workspace::new(),
            numbers: Numbers(seed),
            sources: Sources::new(),
            config: start::config(),
            stage: None,
            mark: 1,
            history: Vec::new(),
            counter: 0,
            kept: BTreeMap::new(),
            last: BTreeMap::new(),
            damaged: Vec::new(),
            written: start::config(),
            dead: Vec::new(),
            tiers: Vec::new(),
            tier: 0,
            old_state: None,
            clean_each: 1,
            log: Log {
                seed,
                step: 0,
                lines: Vec::new(),
            },
        };
        for (path, node) in start::sources() {
            world.put(&path, node);
        }
        world.write_config();
        settings::install_mark(&world);
        for tier in [("off", "L0"), ("L1", "L1"), ("L2", "L2")] {
            let way = Way::all(tier);
            if check::farm(&world, &way, &[]).code == 0 {
                world.tiers.push(tier);
                world.uncertain(&world.made(tier));
            }
        }
        assert_eq!(world.tiers[0].0, "off", "it can be had everywhere");
        world
    }

    fn say(&mut self, text: impl Into<String>) {
        self.log.lines.push(format!("{}: {}", self.log.step, text.into()));
    }

    /// What a build makes now.
    fn made(&self, tier: (&str, &str)) -> BTreeMap<&'static str, Made> {
        let around = Around {
            tier: tier.1,
            stage: self.stage,
            mark: self.mark,
        };
        model::evaluate(&self.config, &self.sources, around)
    }

    /// A build may have got anywhere with these actions.
    fn uncertain(&mut self, made: &BTreeMap<&'static str, Made>) {
        for (name, made) in made {
            self.kept.entry(made.identity.clone()).or_insert(Kept::Perhaps);
            self.last.insert(name, Last::Unknown);
        }
        self.damaged.clear();
    }

    /// How the next step builds.
    fn way(&mut self) -> Way {
        if self.numbers.one_in(6) {
            self.tier = self.numbers.below(self.tiers.len());
        }
        let selected = self
            .numbers
            .one_in(8)
            .then(|| self.numbers.below(self.config.targets.len()));
        Way {
            selected: selected.map(|at| self.config.targets[at].name),
            development: self.numbers.one_in(8),
            tier: self.tiers[self.tier],
        }
    }

    fn step(&mut self) {
        edit::remember(self);
        let edits = [1, 1, 1, 1, 1, 2, 3, 6][self.numbers.below(8)];
        for _ in 0..edits {
            let text = if self.numbers.one_in(5) {
                disturb::damage(self)
            } else {
                edit::random(self)
            };
            self.say(text);
        }
        let way = self.way();
        match self.numbers.below(30) {
            0 => disturb::fail(self, &way),
            1 => disturb::kill(self, &way),
            2 => disturb::edit_while_building(self, &way),
            _ => {}
        }
        self.say(format!("{:?}", way.words()));
        check::build(self, &way);
        if self.numbers.one_in(5) {
            check::nothing_to_do(self, &way);
        }
        if self.clean_each == 1 || self.numbers.one_in(self.clean_each) {
            check::clean_build(self);
        }
    }
}

fn variable(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is no number: {text}")))
}

/// One run; the seeds of the runs follow each other.
fn run(which: u64, part: usize) {
    let seed = variable("FARM_TEST_SEED").unwrap_or(SEED + which);
    let steps = variable("FARM_TEST_STEPS").map_or(STEPS / part, |steps| usize::try_from(steps).expect("small"));
    let mut world = World::new(seed);
    // The long run makes one after each step.
    world.clean_each = part;
    for step in 1..=steps {
        world.log.step = step;
        world.step();
    }
    let way = Way::all(world.tiers[0]);
    check::build(&mut world, &way);
    check::nothing_to_do(&mut world, &way);
    check::clean_build(&mut world);
}

#[test]
fn random_edits() {
    run(0, 1);
}

#[test]
fn random_edits_of_another_seed() {
    run(1, SHORT);
}

#[test]
fn random_edits_of_a_third_seed() {
    run(2, SHORT);
}
