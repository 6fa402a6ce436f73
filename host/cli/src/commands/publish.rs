//! `farm publish`: a build, and then its artifacts as a release. Does not know how anything is built or sent.

use std::path::Path;
use std::process::ExitCode;

use farm_engine::config::PublishSettings;
use farm_engine::error::{Class, Problem};
use farm_engine::run;
use farm_publish::{Credentials, FolderStore, PublishError, Published, Release, S3Settings, S3Store, Store};

use super::{Invocation, build};
use crate::args::PublishArgs;
use crate::exit;
use crate::report::bytes;

/// What the index of a release is called.
const INDEX: &str = "manifest.json";

/// Builds, and publishes what was built.
pub(super) fn run(args: &PublishArgs, invocation: &Invocation) -> Result<ExitCode, Problem> {
    let code = build::build(&args.build, invocation);
    if code != exit::DONE {
        return Ok(ExitCode::from(code));
    }
    let workspace = invocation.workspace()?;
    let built = run::release(&invocation.request(&workspace, Some(&args.build.selection))?)?;
    let store = store(args, &built.settings, &workspace, invocation)?;
    let index = (INDEX.to_owned(), built.manifest);
    let release = Release::open(&built.folder, &built.paths, args.version.clone(), index).map_err(problem)?;
    let published = farm_publish::publish(&release, store.as_ref()).map_err(problem)?;
    if !args.build.quiet {
        let place = format!("{}/{}", store.place(), release.version());
        invocation.ui.message(&summary(&place, published));
    }
    Ok(exit::done())
}

/// The destination that was typed, or that `farm.toml` names.
fn store(
    args: &PublishArgs,
    settings: &PublishSettings,
    workspace: &Path,
    invocation: &Invocation,
) -> Result<Box<dyn Store>, Problem> {
    let to = args.to.as_ref().or(settings.to.as_ref()).ok_or_else(no_destination)?;
    if !to.contains("://") {
        // What was typed is from where it was typed; what the file says is from the file.
        let base = match (&args.to, &invocation.directory) {
            (None, _) => workspace,
            (Some(_), Some(directory)) => directory,
            (Some(_), None) => Path::new(""),
        };
        return Ok(Box::new(FolderStore::open(&base.join(to), to).map_err(problem)?));
    }
    // What is no bucket needs no credentials.
    S3Store::bucket(to).map_err(problem)?;
    let environment = &invocation.environment;
    let variable = |names: [&str; 2]| names.iter().find_map(|name| environment.get(name)).map(str::to_owned);
    let s3 = S3Settings {
        endpoint: settings
            .endpoint
            .clone()
            .or_else(|| variable(["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"])),
        region: settings
            .region
            .clone()
            .or_else(|| variable(["AWS_REGION", "AWS_DEFAULT_REGION"])),
    };
    let credentials = Credentials::from_variables(environment.variables()).ok_or_else(no_credentials)?;
    Ok(Box::new(S3Store::open(to, &s3, credentials).map_err(problem)?))
}

fn no_destination() -> Problem {
    let message = "there is no destination to publish to";
    let hint = "name one with --to, or as `to` in [publish] of farm.toml: s3://bucket/prefix, or a folder";
    Problem::new("publish::no-destination", Class::Request, message).hint(hint)
}

fn no_credentials() -> Problem {
    let message = "there are no credentials for the bucket";
    let hint = "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (and AWS_SESSION_TOKEN, if yours are temporary)";
    Problem::new("publish::no-credentials", Class::Request, message).hint(hint)
}

/// An error of publishing, with what to do.
#[expect(
    clippy::needless_pass_by_value,
    reason = "it is made to be the function of `map_err`"
)]
fn problem(error: PublishError) -> Problem {
    let (code, class, hint) = match &error {
        PublishError::Taken { .. } => (
            "publish::taken",
            Class::Request,
            "a release is written once; publish as another version with --as VERSION",
        ),
        PublishError::Version(_) => ("publish::version", Class::Request, "write --as 1.4.0, or leave it out"),
        PublishError::Place { .. } => (
            "publish::destination",
            Class::Request,
            "write s3://bucket/prefix or a folder; `endpoint` in [publish] says where the bucket is served",
        ),
        PublishError::Strange { .. } => ("publish::refused-file", Class::Build, "leave it out of the artifacts"),
        PublishError::Read { .. } | PublishError::Changed(_) => (
            "publish::read",
            Class::Build,
            "see what else writes into the output folder, and publish again",
        ),
        PublishError::Folder { .. } => (
            "publish::folder",
            Class::Build,
            "see that the folder can be written and has room; publishing again goes on",
        ),
        PublishError::Refused { status: 401 | 403, .. } => (
            "publish::denied",
            Class::Build,
            "see that the credentials may read and write there, and that the region is right",
        ),
        PublishError::Refused { .. } => (
            "publish::refused",
            Class::Build,
            "see that the bucket exists and that endpoint and region are right; publishing again goes on",
        ),
        PublishError::Unreachable { .. } => (
            "publish::unreachable",
            Class::Build,
            "see that the endpoint is right and the network is there; publishing again goes on",
        ),
    };
    let problem = Problem::new(code, class, error.to_string()).hint(hint);
    match std::error::Error::source(&error) {
        Some(source) => problem.because(source),
        None => problem,
    }
}

/// What was done, in a line.
fn summary(place: &str, published: Published) -> String {
    match published {
        Published { sent: 0, present, .. } => format!("{place} has all {present} files already"),
        Published {
            sent,
            present,
            bytes: size,
        } => {
            format!(
                "published {sent} files ({}) to {place}, {present} were there already",
                bytes(size)
            )
        }
    }
}
