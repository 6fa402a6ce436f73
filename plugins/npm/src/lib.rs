//! What the files of an npm package say: `package.json`, `tsconfig.json`, and the lock files of npm, pnpm and Yarn. Shared
//! by the builders whose projects have them; knows none of these builders, and installs nothing.

mod json;
mod lock;
mod manifest;
pub mod packages;
pub mod settings;
pub mod tsconfig;

pub use farm_sdk::paths::join;
pub use json::{parse, plain};
pub use lock::{Locked, PackageLock};
pub use manifest::{Bin, Manifest, Workspaces};

/// A relative path, taken from the folder of the file that names it; none where it leads out of where paths start.
#[must_use]
pub fn resolve(from: &str, path: &str) -> Option<String> {
    let folder = from.rsplit_once('/').map_or("", |(folder, _)| folder);
    farm_sdk::paths::resolve(folder, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_inside_or_are_told() {
        assert_eq!(resolve("tsconfig.json", "./app.json").as_deref(), Some("app.json"));
        assert_eq!(resolve("a/tsconfig.json", "../b").as_deref(), Some("b"));
        assert_eq!(resolve("tsconfig.json", "../base.json"), None);
        assert_eq!(
            resolve("apps/web/x.json", "../../base.json").as_deref(),
            Some("base.json")
        );
        assert_eq!(resolve("apps/web/x.json", "../../../base.json"), None);
    }

    #[test]
    fn a_path_below_the_start_has_no_slash_before_it() {
        assert_eq!(join("", "a"), "a");
        assert_eq!(join("a", "b"), "a/b");
        assert_eq!(join("a", ""), "a");
    }
}
