//! What a plan says to the user beside its actions: what the machine lacks and what is done instead, and what will not
//! be as it may be meant. Does not know how anything is planned.

use farm_sdk::{Host, Problem, Request};

use crate::base::Base;
use crate::container;
use crate::options::{Engine, Options};
use crate::parts::Part;

/// Kinds that something has to run, and what that is.
const INTERPRETED: [(&str, &str); 2] = [("node-package", "Node"), ("python-app", "Python")];
/// Kinds with code for the machine that made them.
const NATIVE: [&str; 2] = ["node-modules", "python-packages"];

/// What the machine lacks.
pub(crate) struct Missing {
    /// Whether the base cannot be fetched.
    pub(crate) base: bool,
    said: Vec<String>,
}

impl Missing {
    /// Looks for the tools that the options need.
    pub(crate) fn look(options: &Options, base: &Base, host: &dyn Host) -> Result<Self, Problem> {
        let mut missing = Self {
            base: false,
            said: Vec::new(),
        };
        if !host.has_tool("skopeo")? {
            missing.base = matches!(base, Base::Registry(_));
            missing.said.extend(without_skopeo(options, base));
        }
        if let Some(engine) = options.engine
            && !host.has_tool(engine.name())?
        {
            let instead = if missing.base {
                ""
            } else {
                ", and the image is the one that farm assembles"
            };
            let name = engine.name();
            let said = format!("{name} is not on PATH: the Dockerfile is written and not built{instead}");
            missing.said.push(said);
        }
        Ok(missing)
    }

    /// One message for all of it.
    pub(crate) fn tell(&self, host: &dyn Host) {
        if !self.said.is_empty() {
            host.warn(&format!("{}; everything else is made", self.said.join("; ")));
        }
    }
}

fn without_skopeo(options: &Options, base: &Base) -> Vec<String> {
    let is_fetched = matches!(base, Base::Registry(_));
    let lost = [
        (is_fetched, "the base is not fetched and no image is assembled"),
        (!is_fetched && options.push.is_some(), "the image is not pushed"),
        (
            options.engine == Some(Engine::Docker) && base.is_local(),
            "Docker is not given the base, and does not build the Dockerfile",
        ),
    ];
    let lost = lost.into_iter().filter(|(is_lost, _)| *is_lost);
    lost.map(|(_, said)| format!("skopeo is not on PATH: {said}")).collect()
}

/// Says what will not be as it may be meant. `here` is the platform of images on this machine.
pub(crate) fn tell(
    request: &Request<Options>,
    (parts, base): (&[Part], &Base),
    (platforms, here): (&[String], &str),
    host: &dyn Host,
) {
    let all = [
        without_packages(request),
        without_check(&request.options, parts),
        without_interpreter(parts, base),
        for_another_machine(parts, (platforms, here)),
    ];
    all.iter().flatten().for_each(|said| host.warn(said));
}

fn without_packages(request: &Request<Options>) -> Option<String> {
    let names = request.options.packages.join(", ");
    let how = match request.options.engine {
        Some(engine) => format!("`farm run {} engine` builds one with {}", request.target, engine.name()),
        None => "build.sh builds one with a container engine".to_owned(),
    };
    (!request.options.packages.is_empty()).then(|| {
        format!(
            "option `packages`: the image that farm assembles is without {names}; only one from the Dockerfile has \
             them, and {how}"
        )
    })
}

fn without_check(options: &Options, parts: &[Part]) -> Option<String> {
    let health = options.health.as_ref()?;
    let is_asked = health.command.is_some() || container::asks(parts);
    (!is_asked).then(|| {
        "option `health`: nothing among the artifacts can ask for its `path`, so that the image and Compose have no \
         health check (Kubernetes asks by itself); write a command of the image that asks in `health.command`"
            .to_owned()
    })
}

fn without_interpreter(parts: &[Part], base: &Base) -> Option<String> {
    let of = |part: &Part| INTERPRETED.iter().find(|(kind, _)| *kind == part.kind);
    let (part, (_, language)) = parts.iter().find_map(|part| Some((part, of(part)?)))?;
    (*base == Base::Nothing).then(|| {
        format!(
            "`{}/{}` needs {language}, and the image starts from nothing: name a `base` that has it",
            part.target, part.artifact
        )
    })
}

fn for_another_machine(parts: &[Part], (platforms, here): (&[String], &str)) -> Option<String> {
    let part = parts.iter().find(|part| NATIVE.contains(&part.kind.as_str()))?;
    let other = platforms.iter().find(|platform| *platform != here)?;
    Some(format!(
        "`{}/{}` was installed for {here}: a package with code of its own does not run in the image for {other}",
        part.target, part.artifact
    ))
}
