//! An app in memory, as the tests of plans share it.

use farm_sdk::testing::Folder;
use serde_json::{Value, json};

/// `package.json`.
pub(crate) fn manifest() -> Value {
    json!({
        "name": "web",
        "version": "1.2.3",
        "dependencies": { "react": "^19.0.0", "react-dom": "^19.0.0" },
        "devDependencies": { "vite": "^8.0.0", "typescript": "5.9.3", "openapi-typescript": "^7.0.0" },
    })
}

/// `package-lock.json`: a package of a package, and two that ask for each other among it.
pub(crate) fn lock(manifest: &Value) -> Value {
    json!({
        "name": "web",
        "lockfileVersion": 3,
        "packages": {
            "": { "dependencies": manifest["dependencies"], "devDependencies": manifest["devDependencies"] },
            "node_modules/react": { "version": "19.0.0", "dependencies": { "@m/scheduler": "^1.0.0" } },
            "node_modules/react/node_modules/@m/scheduler": { "version": "1.0.0", "dependencies": { "loop": "*" } },
            "node_modules/loop": { "version": "1.0.0", "dependencies": { "@m/scheduler": "^1.0.0" } },
            "node_modules/vite": { "version": "8.3.8" },
        },
    })
}

/// The folder of an app with these two files.
pub(crate) fn folder_of(manifest: &Value, lock: &Value) -> Folder {
    Folder::new()
        .file("package.json", format!("{manifest:#}"))
        .file("package-lock.json", format!("{lock:#}"))
        .file("index.html", "<script type=module src=/src/main.tsx></script>")
        .file("src/main.tsx", "")
        .tools(["node", "npm"])
}

/// The folder of the app.
pub(crate) fn folder() -> Folder {
    folder_of(&manifest(), &lock(&manifest()))
}
