//! Frameworks whose components lie in files of their own: who has such files needs the package that compiles them. Does
//! not know Vite's plugins: there are several for each framework.

use farm_sdk::{Host, Problem};

use crate::options::Options;
use crate::package::Package;

/// The name; the package, whose name is the ending of the files as well; how to get it with its usual plugin.
const FRAMEWORKS: [(&str, &str, &str); 2] = [
    ("Svelte", "svelte", "-D svelte @sveltejs/vite-plugin-svelte"),
    ("Vue", "vue", "vue @vitejs/plugin-vue"),
];

/// Fails where sources are of a framework that is not installed: of a bundler, one hears that an `import` is no JavaScript.
pub(crate) fn check(package: &Package, options: &Options, host: &dyn Host) -> Result<(), Problem> {
    let excluded: Vec<&str> = options.exclude.iter().map(String::as_str).collect();
    for (framework, name, packages) in FRAMEWORKS {
        if package.installs(name) {
            continue;
        }
        let files = host.glob(&[&format!("src/**/*.{name}")], &excluded)?;
        if let Some(file) = files.first() {
            let problem = Problem::new(format!(
                "`{file}` is written for {framework}, and `{name}` is not installed"
            ));
            return Err(problem
                .in_file("package.json")
                .hint(format!("run `npm install {packages}`")));
        }
    }
    Ok(())
}
