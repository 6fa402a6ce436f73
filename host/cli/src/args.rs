//! What can be typed. The doc comments are the help texts. Does not know what the commands do.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};

use crate::size_limit::SizeLimit;

/// The exit codes, as `exit.rs` has them.
const EXIT_CODES: &str = "Exit codes: 0 done, 1 a build failed, 2 the request or configuration was wrong, \
                          3 a limit or policy was broken, 130 interrupted";

/// Builds a product made of several languages with one command, one cache and one sandbox.
#[derive(Debug, Parser)]
#[command(name = "farm", version, about, max_term_width = 100, disable_help_subcommand = true, after_help = EXIT_CODES)]
pub(crate) struct Cli {
    /// Work as if started in this folder
    #[arg(short = 'C', long = "directory", value_name = "DIR", global = true)]
    pub(crate) directory: Option<PathBuf>,
    /// Colours in messages
    #[arg(long, value_name = "WHEN", default_value = "auto", global = true)]
    pub(crate) color: Color,
    /// What to do
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// When colours are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless NO_COLOR is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Build targets and put their artifacts into dist/
    Build(BuildArgs),
    /// Build, and put the artifacts into a bucket or a folder, as a release
    Publish(PublishArgs),
    /// Build a target and run an action of it that is no part of the build, as a deployment
    Run(RunArgs),
    /// Show what a build would do, without running anything
    Plan(PlanArgs),
    /// Show why a target's actions ran, and what would make them run now
    Why(WhyArgs),
    /// Look after the cache
    #[command(subcommand)]
    Cache(CacheCommand),
    /// Look after the builders of this workspace
    #[command(subcommand)]
    Plugin(PluginCommand),
    /// Run a failed action again, in its sandbox and on this terminal
    Debug(DebugArgs),
}

/// `farm build`.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch that users type")]
pub(crate) struct BuildArgs {
    /// What is built
    #[command(flatten)]
    pub(crate) selection: Selection,
    /// Run every action anew: take no result from the cache, keep none in it, and leave tool caches alone
    #[arg(long)]
    pub(crate) no_cache: bool,
    /// Empty the cache first
    #[arg(long)]
    pub(crate) clear_cache: bool,
    /// After a failure, build everything that does not depend on it
    #[arg(short, long)]
    pub(crate) keep_going: bool,
    /// How many actions may run at once [default: number of processors]
    #[arg(short, long, value_name = "N")]
    pub(crate) jobs: Option<NonZeroUsize>,
    /// The sandbox that tools run in; fails where it cannot be had [default: what farm.toml says, or auto]
    #[arg(long, value_name = "TIER", ignore_case = true)]
    pub(crate) sandbox: Option<Sandbox>,
    /// Write one JSON object a line to standard output, for programs
    #[arg(long)]
    pub(crate) json: bool,
    /// Show where the time went, and write a trace of it for chrome://tracing or ui.perfetto.dev to FILE
    /// [default FILE: .farm/profile.json]
    #[arg(long, value_name = "FILE", num_args = 0..=1, require_equals = true)]
    pub(crate) profile: Option<Option<PathBuf>>,
    /// Show what artifacts are made of, where a builder can: vite makes a page with every module of every chunk
    #[arg(long)]
    pub(crate) analyze: bool,
    /// Fail where a builder can tell that a target's artifacts are bigger than SIZE, as 5MB or 200kB. For one target, or
    /// for one chunk of it: web=300kB, web/vendor=120kB. May be repeated
    #[arg(long, value_name = "[TARGET[/CHUNK]=]SIZE", action = ArgAction::Append)]
    pub(crate) size_limit: Vec<SizeLimit>,
    /// Fail if farm.lock would have to change
    #[arg(long)]
    pub(crate) locked: bool,
    /// Show all actions with their output, that of cached ones too
    #[arg(short, long, conflicts_with = "quiet")]
    pub(crate) verbose: bool,
    /// Show problems only
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

/// `farm run`.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch that users type")]
pub(crate) struct RunArgs {
    /// The target; without one, all actions on demand are listed
    #[arg(value_name = "TARGET")]
    pub(crate) target: Option<String>,
    /// The action [default: the only one that the target has]
    #[arg(value_name = "ACTION")]
    pub(crate) action: Option<String>,
    /// The mode that the target is built in
    #[arg(long = "env", value_name = "MODE", default_value = "production")]
    pub(crate) mode: String,
    /// Short for --env development
    #[arg(long, conflicts_with = "mode")]
    pub(crate) dev: bool,
    /// How many actions of the build may run at once [default: number of processors]
    #[arg(short, long, value_name = "N")]
    pub(crate) jobs: Option<NonZeroUsize>,
    /// The sandbox that the action runs in [default: that of the build, which keeps its own]
    #[arg(long, value_name = "TIER", ignore_case = true)]
    pub(crate) sandbox: Option<Sandbox>,
    /// Write one JSON object a line to standard output, for programs
    #[arg(long)]
    pub(crate) json: bool,
    /// Fail if farm.lock would have to change
    #[arg(long)]
    pub(crate) locked: bool,
    /// Show all actions of the build with their output, that of cached ones too
    #[arg(short, long, conflicts_with = "quiet")]
    pub(crate) verbose: bool,
    /// Show the action's output and problems only
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

/// What is built, and how.
#[derive(Debug, Args)]
pub(crate) struct Selection {
    /// Build this target and what it depends on; may be repeated, may be a pattern as '*:test' [default: all]
    #[arg(short, long = "target", value_name = "NAME", action = ArgAction::Append)]
    pub(crate) targets: Vec<String>,
    /// The mode: production, staging, development, or one of your own
    #[arg(long = "env", value_name = "MODE", default_value = "production")]
    pub(crate) mode: String,
    /// Short for --env development
    #[arg(long, conflicts_with = "mode")]
    pub(crate) dev: bool,
}

impl Selection {
    /// The mode that was asked for.
    pub(crate) fn mode(&self) -> &str {
        if self.dev { "development" } else { &self.mode }
    }
}

/// The sandbox that is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Sandbox {
    /// A staged tree and a clean environment only
    Off,
    /// The best that this system has
    Auto,
    /// Also Landlock and seccomp
    #[value(name = "L1")]
    L1,
    /// Also namespaces with an empty root
    #[value(name = "L2")]
    L2,
}

/// `farm publish`.
#[derive(Debug, Args)]
pub(crate) struct PublishArgs {
    /// What is built first
    #[command(flatten)]
    pub(crate) build: BuildArgs,
    /// s3://bucket/prefix, or a folder [default: what farm.toml says in [publish]]
    #[arg(long, value_name = "DEST")]
    pub(crate) to: Option<String>,
    /// The version that it is published as [default: made of the content]
    #[arg(long = "as", value_name = "VERSION")]
    pub(crate) version: Option<String>,
}

/// `farm plan`.
#[derive(Debug, Args)]
pub(crate) struct PlanArgs {
    /// What is planned
    #[command(flatten)]
    pub(crate) selection: Selection,
    /// Print one JSON document
    #[arg(long)]
    pub(crate) json: bool,
    /// Show all that is in each key that is known
    #[arg(short, long)]
    pub(crate) verbose: bool,
}

/// `farm why`.
#[derive(Debug, Args)]
pub(crate) struct WhyArgs {
    /// The target; may be a pattern as '*:test'
    #[arg(value_name = "TARGET")]
    pub(crate) target: String,
    /// The mode that the next build would have
    #[arg(long = "env", value_name = "MODE", default_value = "production")]
    pub(crate) mode: String,
    /// Short for --env development
    #[arg(long, conflicts_with = "mode")]
    pub(crate) dev: bool,
    /// The sandbox that the next build would have
    #[arg(long, value_name = "TIER", ignore_case = true)]
    pub(crate) sandbox: Option<Sandbox>,
    /// Print one JSON document
    #[arg(long)]
    pub(crate) json: bool,
    /// Show all differences, and all that is in each key that is known
    #[arg(short, long)]
    pub(crate) verbose: bool,
}

/// `farm cache`.
#[derive(Debug, Subcommand)]
pub(crate) enum CacheCommand {
    /// Show where the cache is and what it holds
    Status {
        /// Print one JSON document
        #[arg(long)]
        json: bool,
    },
    /// Delete everything in the cache
    Clean,
}

/// `farm plugin`.
#[derive(Debug, Subcommand)]
pub(crate) enum PluginCommand {
    /// Show every builder with its version, origin, digest and permissions
    List {
        /// Print one JSON document
        #[arg(long)]
        json: bool,
    },
    /// Add a component to farm.toml and pin its digest in farm.lock
    Add {
        /// The builder's name in this workspace
        name: String,
        /// The component, a .wasm file
        path: PathBuf,
    },
    /// Pin the digest that a builder's component has now
    Trust {
        /// The builder's name in this workspace
        name: String,
    },
}

/// `farm debug`.
#[derive(Debug, Args)]
pub(crate) struct DebugArgs {
    /// The folder that the failure message names
    pub(crate) folder: PathBuf,
    /// Run this instead of the action's own command
    #[arg(last = true, value_name = "COMMAND")]
    pub(crate) command: Vec<String>,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    fn build(arguments: &[&str]) -> Result<BuildArgs, clap::error::ErrorKind> {
        let line = ["farm", "build"].iter().chain(arguments);
        match Cli::try_parse_from(line).map_err(|error| error.kind())?.command {
            Some(Command::Build(build)) => Ok(build),
            other => panic!("`farm build` was read as {other:?}"),
        }
    }

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn defaults_are_a_production_build_of_everything() {
        let build = build(&[]).expect("no arguments are fine");
        assert_eq!(build.selection.mode(), "production");
        assert!(build.selection.targets.is_empty());
        assert_eq!((build.jobs, build.sandbox), (None, None));
    }

    #[test]
    fn dev_is_the_development_mode_and_excludes_env() {
        assert_eq!(build(&["--dev"]).expect("fine").selection.mode(), "development");
        let error = build(&["--dev", "--env", "staging"]).expect_err("they contradict");
        assert_eq!(error, clap::error::ErrorKind::ArgumentConflict);
    }

    #[test]
    fn targets_repeat_and_sandbox_names_ignore_case() {
        let build = build(&["-t", "web", "--target", "*:test", "--sandbox", "l2", "-j4"]).expect("fine");
        assert_eq!(build.selection.targets, ["web", "*:test"]);
        assert_eq!(build.sandbox, Some(Sandbox::L2));
        assert_eq!(build.jobs, NonZeroUsize::new(4));
    }

    #[test]
    fn the_file_of_a_profile_is_named_with_an_equals_sign() {
        assert_eq!(build(&[]).expect("fine").profile, None);
        let default = build(&["--profile", "-t", "web"]).expect("fine");
        assert_eq!((default.profile, default.selection.targets.len()), (Some(None), 1));
        let named = build(&["--profile=trace.json"]).expect("fine");
        assert_eq!(named.profile, Some(Some(PathBuf::from("trace.json"))));
        let error = build(&["--profile", "trace.json"]).expect_err("no argument is expected");
        assert_eq!(error, clap::error::ErrorKind::UnknownArgument);
        let error = build(&["--profile="]).expect_err("no name");
        assert_eq!(error, clap::error::ErrorKind::InvalidValue);
    }

    #[test]
    fn wrong_values_are_usage_errors() {
        for arguments in [
            &["--jobs", "0"][..],
            &["--sandbox", "L3"],
            &["--wacth"],
            &["-v", "-q"],
            &["--size-limit", "large"],
            &["web"],
        ] {
            let error = Cli::try_parse_from(["farm", "build"].iter().chain(arguments)).expect_err("wrong");
            assert_eq!(
                error.exit_code(),
                i32::from(crate::exit::WRONG_REQUEST),
                "{arguments:?}"
            );
        }
    }

    #[test]
    fn a_run_names_a_target_and_an_action_of_it() {
        let run = |line: &[&str]| match Cli::try_parse_from(["farm", "run"].iter().chain(line)).map(|cli| cli.command) {
            Ok(Some(Command::Run(run))) => (run.target, run.action),
            other => panic!("`farm run` was read as {other:?}"),
        };
        assert_eq!(run(&[]), (None, None));
        assert_eq!(run(&["deploy"]), (Some("deploy".to_owned()), None));
        let both = (Some("images".to_owned()), Some("push".to_owned()));
        assert_eq!(run(&["images", "push", "--sandbox", "off"]), both);
    }

    #[test]
    fn a_command_for_debug_keeps_its_own_options() {
        let cli = Cli::try_parse_from(["farm", "debug", ".farm/failed/web", "--", "ls", "-l"]).expect("fine");
        let Some(Command::Debug(debug)) = cli.command else {
            panic!("read as {:?}", cli.command)
        };
        assert_eq!(debug.command, ["ls", "-l"]);
    }
}
