//! What the presets of `optimize` make of one application: each does what the handbook says, and is seen in the files.

use crate::example::Copy;
use crate::shop::files::Files;
use crate::web::SOURDOUGH;

const LIMITS: &str = "size-limit = { total = \"120 kB\", chunk = \"40 kB\" }   # as gzip";
const VUE: &str = "chunks = { vue = [\"vue\"] }";

/// How the source writes a function, in names that a minifier makes shorter.
const NAMES: &str = "function hours(recipe, degrees)";

/// A bundle, by one of the presets.
struct Bundle {
    files: Files,
}

impl Bundle {
    fn of(copy: &Copy, farm_toml: &str, preset: &str) -> Self {
        copy.0.write("farm.toml", &farm_toml.replace("PRESET", preset));
        let build = copy.build("");
        assert!(build.ok(), "{preset}: {}", build.text());
        let images = build.actions("site", "ran").contains(&"images");
        assert_eq!(images, matches!(preset, "standard" | "aggressive"), "{preset}");
        let files = Files::below(&copy.path("dist/site"), &["bundle-analysis"]);
        Self { files }
    }

    fn texts(&self, end: &str) -> Vec<String> {
        let paths = self.files.paths().filter(|path| path.ends_with(end));
        paths
            .map(|path| String::from_utf8_lossy(self.files.bytes(&path)).into_owned())
            .collect()
    }

    fn size(&self, end: &str) -> usize {
        self.texts(end).iter().map(String::len).sum()
    }

    fn has(&self, end: &str, text: &str) -> bool {
        self.texts(end).iter().any(|found| found.contains(text))
    }

    /// Whether this picture has the bytes of its source.
    fn keeps(&self, copy: &Copy, picture: &str) -> bool {
        let (name, end) = picture.split_once('.').expect("a name");
        let is_it = |path: &String| path.starts_with(&format!("assets/{name}-")) && path.ends_with(end);
        let path = self.files.paths().find(is_it).expect("it is in the bundle");
        self.files.bytes(&path) == std::fs::read(copy.path(&format!("src/assets/{picture}"))).expect("a source")
    }
}

#[test]
fn each_preset_makes_the_bundle_that_the_handbook_describes() {
    let copy = SOURDOUGH.built();
    copy.edit("farm.toml", LIMITS, "optimize = \"PRESET\"");
    copy.edit("farm.toml", VUE, "chunks = {}");
    let farm_toml = copy.0.read("farm.toml");
    // Two parts that are loaded later, and both need a package.
    copy.edit(
        "src/main.ts",
        "createApp(App)",
        "if (location.hash === \"#name\") {\n  \
            void import(\"./parts/one\").then(({ name }) => console.log(name));\n  \
            void import(\"./parts/two\").then(({ name }) => console.log(name));\n}\ncreateApp(App)",
    );
    for part in ["one", "two"] {
        let text = format!(
            "import {{ customAlphabet }} from \"nanoid/non-secure\";\n\nexport const name = \"{part}\" + customAlphabet(\"ab\")();\n"
        );
        copy.0.write(&format!("src/parts/{part}.ts"), &text);
    }
    let [none, minimal, standard, aggressive] =
        ["none", "minimal", "standard", "aggressive"].map(|preset| Bundle::of(&copy, &farm_toml, preset));
    // Nothing is minified but by the three.
    assert!(none.has(".js", NAMES) && none.has(".css", "\n  "));
    for bundle in [&minimal, &standard, &aggressive] {
        assert!(!bundle.has(".js", NAMES) && !bundle.has(".css", "\n  "));
        assert!(bundle.size(".js") * 2 < none.size(".js"), "{}", bundle.size(".js"));
    }
    // What `standard` does more than `minimal` is about images, and changes no script and no style.
    for end in [".js", ".css"] {
        assert_eq!(standard.texts(end), minimal.texts(end));
    }
    for picture in ["crumb.png", "crust.jpg", "logo.svg", "oven.webp", "slices.avif"] {
        let kept = [&none, &minimal, &standard, &aggressive].map(|bundle| bundle.keeps(&copy, picture));
        assert_eq!(kept, [true, true, false, false], "{picture}");
    }
    // What supposes something of browsers and code, the last one alone does.
    let polyfilled = [&none, &minimal, &standard, &aggressive].map(|bundle| bundle.has(".js", "MutationObserver"));
    assert_eq!(polyfilled, [true, true, true, false]);
    assert!(aggressive.size(".js") < standard.size(".js"));
    let vendor = [&none, &minimal, &standard, &aggressive]
        .map(|bundle| bundle.files.paths().any(|path| path.starts_with("assets/vendor-")));
    assert_eq!(vendor, [false, false, false, true]);
}
