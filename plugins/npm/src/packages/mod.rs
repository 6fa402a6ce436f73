//! The packages that a lock file of pnpm or Yarn pins, as a list for an SBOM. That of npm is read by the SDK
//! ([`farm_sdk::components::npm`]). Does not know what is installed of them.

mod pnpm;
mod yarn;

use std::collections::{BTreeMap, VecDeque};

use farm_sdk::components::{Component, Components, Scope};

pub use pnpm::read as of_pnpm;
pub use yarn::{Manifests, read as of_yarn};

/// One entry of a lock file.
#[derive(Debug, Default)]
struct Entry {
    /// The package; none for a folder of the workspace: what that needs, one needs oneself.
    component: Option<Component>,
    /// Keys of other entries, with the reason.
    needs: Vec<(String, Scope)>,
}

/// The entries of a lock file, by whatever it calls them.
#[derive(Debug, Default)]
struct Graph(BTreeMap<String, Entry>);

impl Graph {
    /// Everything that an entry needs, each with the strongest reason.
    fn needed_by(&self, root: &str) -> Components {
        let mut components = Components::default();
        for (key, scope) in self.scopes(root) {
            let Some(entry) = self.0.get(key) else {
                continue;
            };
            let others = entry
                .needs
                .iter()
                .filter_map(|(on, _)| self.0.get(on)?.component.as_ref());
            match &entry.component {
                Some(component) => {
                    others.for_each(|on| components.depends(&component.purl, &on.purl));
                    components.add(component.clone().scope(scope));
                }
                None => others.for_each(|on| components.direct(&on.purl)),
            }
        }
        components
    }

    fn scopes<'a>(&'a self, root: &'a str) -> BTreeMap<&'a str, Scope> {
        let mut scopes = BTreeMap::from([(root, Scope::Required)]);
        let mut open = VecDeque::from([root]);
        while let Some(key) = open.pop_front() {
            let scope = scopes[key];
            let needs = self.0.get(key).into_iter().flat_map(|entry| &entry.needs);
            for (on, reason) in needs {
                let reason = scope.min(*reason);
                if scopes.get(on.as_str()).is_none_or(|known| *known < reason) {
                    scopes.insert(on, reason);
                    open.push_back(on);
                }
            }
        }
        scopes
    }
}
