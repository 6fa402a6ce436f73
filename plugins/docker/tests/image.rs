//! The steps that make an image, without farm and without WebAssembly: layers, and layouts of them.

mod step;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use farm_sdk::Problem;
use flate2::read::GzDecoder;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use step::{Step, at};

fn sha256(bytes: &[u8]) -> String {
    let hex: Vec<String> = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{}", hex.concat())
}

/// A layer of one artifact at `/srv/app`: a program, a page and a link.
fn layer(page: &str) -> Step {
    let step = Step::new()
        .with_program("content/bin/run", "#!/bin/sh\n")
        .with("content/page", page)
        .with_link("content/latest", "page");
    step.run("layer", &at("/srv/app", &json!({}))).expect("a layer");
    step
}

/// What is in an archive: each entry's mode, owner, time, path, link and content.
fn entries(archive: &Path) -> Vec<String> {
    let mut tar = tar::Archive::new(GzDecoder::new(File::open(archive).expect("there")));
    let describe = |entry: std::io::Result<tar::Entry<'_, _>>| {
        let mut entry = entry.expect("an entry");
        let header = entry.header().clone();
        let path = entry.path().expect("a path").display().to_string();
        let link = entry.link_name().expect("readable");
        let link = link.map_or(String::new(), |link| format!(" -> {}", link.display()));
        let mut text = String::new();
        entry.read_to_string(&mut text).expect("text");
        let number = |number: std::io::Result<u64>| number.expect("a number");
        let owner = format!("{}:{}", number(header.uid()), number(header.gid()));
        let (mode, time) = (header.mode().expect("a mode"), number(header.mtime()));
        format!("{mode:o} {owner} {time} {path}{link} {text:?}")
    };
    tar.entries().expect("an archive").map(describe).collect()
}

#[test]
fn a_layer_is_sorted_and_says_nothing_of_the_machine() {
    let layer = layer("hello");
    assert_eq!(
        entries(&layer.out("layer.tar.gz")),
        [
            "755 0:0 315532800 srv/app/ \"\"",
            "755 0:0 315532800 srv/app/bin/ \"\"",
            "755 0:0 315532800 srv/app/bin/run \"#!/bin/sh\\n\"",
            "777 0:0 315532800 srv/app/latest -> page \"\"",
            "644 0:0 315532800 srv/app/page \"hello\"",
        ]
    );
}

#[test]
fn a_layers_facts_are_those_of_its_bytes() {
    let layer = layer("hello");
    let compressed = fs::read(layer.out("layer.tar.gz")).expect("there");
    let mut tar = Vec::new();
    GzDecoder::new(&compressed[..]).read_to_end(&mut tar).expect("gzip");
    let (digest, diff_id) = (sha256(&compressed), sha256(&tar));
    assert_eq!(
        layer.json("layer.json"),
        json!({
            "digest": digest, "size": compressed.len(), "diff_id": diff_id, "places": ["srv/app"], "is_file": false,
        })
    );
    assert_eq!(compressed[4..8], [0; 4], "no time in the header");
}

#[test]
fn a_layer_has_the_same_bytes_whenever_it_is_made() {
    let bytes = |page| fs::read(layer(page).out("layer.tar.gz")).expect("there");
    assert_eq!(bytes("hello"), bytes("hello"));
    assert_ne!(bytes("hello"), bytes("other"));
}

#[test]
fn a_single_file_is_at_the_path_itself() {
    let step = Step::new().with_program("content", "program");
    step.run("layer", &at("/usr/local/bin/api", &json!({})))
        .expect("a layer");
    assert_eq!(
        entries(&step.out("layer.tar.gz")),
        ["755 0:0 315532800 usr/local/bin/api \"program\""]
    );
}

#[test]
fn long_paths_and_links_survive() {
    let folder = "a-long-name-of-a-folder/".repeat(12);
    let far = format!("../{}", "x".repeat(150));
    let step = Step::new()
        .with(&format!("content/{folder}file"), "deep")
        .with_link(&format!("content/{folder}link"), &far);
    step.run("layer", &at("/", &json!({}))).expect("a layer");
    let found = entries(&step.out("layer.tar.gz"));
    assert!(
        found.contains(&format!("644 0:0 315532800 {folder}file \"deep\"")),
        "{found:?}"
    );
    assert!(
        found.contains(&format!("777 0:0 315532800 {folder}link -> {far} \"\"")),
        "{found:?}"
    );
}

#[test]
fn folders_to_write_to_belong_to_the_user() {
    let step = Step::new();
    let folders = json!({ "paths": ["/var/lib/shop", "/data"], "user": 65532, "group": 100 });
    step.run("folders", &folders).expect("a layer");
    assert_eq!(
        entries(&step.out("layer.tar.gz")),
        [
            "755 65532:100 315532800 var/lib/shop/ \"\"",
            "755 65532:100 315532800 data/ \"\""
        ]
    );
}

/// Settings that set nothing but these.
fn only(more: &Value) -> Value {
    let mut settings = json!({ "environment": {}, "ports": [], "volumes": [], "labels": {} });
    let all = settings.as_object_mut().expect("a table");
    all.extend(more.as_object().expect("a table").clone());
    settings
}

fn some() -> Value {
    json!({
        "user": "65532:65532",
        "directory": "/srv/app",
        "entrypoint": ["/srv/app/bin/run"],
        "environment": { "MODE": "production", "PATH": "/srv/app/bin:/bin" },
        "ports": [8000],
        "volumes": ["/data"],
        "labels": { "team": "shop" },
        "health": { "test": ["CMD", "true"], "interval": 10, "timeout": 3, "start": 10, "retries": 3 },
    })
}

/// An image of these layers, over a base or over nothing.
fn image(base: Option<&Path>, layers: &[&Step], settings: &Value) -> Step {
    let mut step = Step::new();
    let mut listed = Vec::new();
    for (number, layer) in layers.iter().enumerate() {
        let id = format!("layer.{number}");
        step = step.with_folder(&format!("layers/{id}"), &layer.out(""));
        listed.push(json!({ "id": id, "from": format!("app/part{number} at /srv/app") }));
    }
    if let Some(base) = base {
        step = step.with_folder("base", base);
    }
    let assembly = json!({
        "base": base.map(|_| json!({ "layout": "base", "name": "python", "digest": null })),
        "settings": only(settings),
        "images": [{ "platform": "linux/amd64", "layers": listed }],
    });
    step.run("image", &assembly).expect("an image");
    step
}

/// A blob, which must be what its descriptor says.
fn blob(layout: &Path, descriptor: &Value) -> Value {
    let hex = descriptor["digest"]
        .as_str()
        .and_then(|digest| digest.strip_prefix("sha256:"));
    let bytes = fs::read(layout.join("blobs/sha256").join(hex.expect("a digest"))).expect("a blob");
    assert_eq!(descriptor["digest"], sha256(&bytes));
    assert_eq!(descriptor["size"], bytes.len());
    serde_json::from_slice(&bytes).expect("JSON")
}

/// The manifest and the configuration of a layout's image.
fn parts(image: &Step) -> (Value, Value) {
    let layout = image.out("image");
    let manifest = blob(&layout, &image.json("image/index.json")["manifests"][0]);
    let config = blob(&layout, &manifest["config"]);
    (manifest, config)
}

/// For a snapshot: digests and sizes depend on the version of the compressor.
fn shown(mut config: Value) -> String {
    if let Some(ids) = config["rootfs"]["diff_ids"].as_array() {
        config["rootfs"]["diff_ids"] = format!("{} digests", ids.len()).into();
    }
    serde_json::to_string_pretty(&config).expect("JSON")
}

#[test]
fn an_image_from_nothing_holds_its_layers_and_settings() {
    let (first, second) = (layer("one"), layer("two"));
    let (manifest, config) = parts(&image(None, &[&first, &second], &some()));
    let facts = [&first, &second].map(|layer| layer.json("layer.json"));
    for (number, facts) in facts.iter().enumerate() {
        assert_eq!(manifest["layers"][number]["digest"], facts["digest"]);
        assert_eq!(config["rootfs"]["diff_ids"][number], facts["diff_id"]);
    }
    insta::assert_snapshot!(shown(config));
}

#[test]
fn the_metadata_tells_of_each_layer() {
    let (first, second) = (layer("one"), layer("two"));
    let image = image(None, &[&first, &second], &some());
    let facts = [&first, &second].map(|layer| layer.json("layer.json"));
    let told = |number: usize| {
        let (digest, bytes) = (&facts[number]["digest"], &facts[number]["size"]);
        json!({ "digest": digest, "bytes": bytes, "from": format!("app/part{number} at /srv/app") })
    };
    let bytes = facts.iter().filter_map(|facts| facts["size"].as_u64()).sum::<u64>();
    let digest = image.json("image/index.json")["manifests"][0]["digest"].clone();
    assert_eq!(
        image.json("image.json"),
        json!({ "digest": digest, "bytes": bytes, "platform": "linux/amd64", "layers": [told(0), told(1)] })
    );
}

#[test]
fn an_image_has_the_same_bytes_whenever_it_is_made() {
    let files = || {
        let step = image(None, &[&layer("one")], &some());
        let image = step.out("image");
        ["", "blobs/sha256"].map(|folder| {
            let entries = fs::read_dir(image.join(folder))
                .expect("a folder")
                .map(|entry| entry.expect("there").path());
            let files = entries.filter(|path| path.is_file());
            let read = |path: PathBuf| {
                (
                    path.file_name().map(ToOwned::to_owned),
                    fs::read(&path).expect("readable"),
                )
            };
            files.map(read).collect::<BTreeMap<_, _>>()
        })
    };
    let [top, blobs] = files();
    assert_eq!(
        (top.len(), blobs.len()),
        (2, 3),
        "the layout and its index; manifest, configuration and layer"
    );
    assert_eq!(files(), [top, blobs]);
}

#[test]
fn a_changed_artifact_changes_one_layer() {
    let layers_with = |page: &str| {
        let (manifest, _) = parts(&image(None, &[&layer("base"), &layer(page), &layer("top")], &json!({})));
        manifest["layers"].as_array().expect("a list").clone()
    };
    let (before, after) = (layers_with("old"), layers_with("new"));
    let changed: Vec<usize> = (0..3).filter(|&number| before[number] != after[number]).collect();
    assert_eq!(changed, [1]);
}

#[test]
fn an_image_keeps_what_its_base_says() {
    let settings = json!({
        "entrypoint": ["/bin/sh"], "command": ["-c", "true"], "user": "0", "ports": [80],
        "environment": { "PATH": "/bin", "LANG": "C.UTF-8" }, "labels": { "base": "yes" },
    });
    let base = image(None, &[&layer("base")], &settings);
    let (base_manifest, base_config) = parts(&base);
    let (manifest, config) = parts(&image(Some(&base.out("image")), &[&layer("own")], &some()));
    assert_eq!(manifest["layers"][0], base_manifest["layers"][0]);
    assert_eq!(config["rootfs"]["diff_ids"][0], base_config["rootfs"]["diff_ids"][0]);
    insta::assert_snapshot!(shown(config));
    let unchanged = image(Some(&base.out("image")), &[&layer("own")], &json!({}));
    assert_eq!(parts(&unchanged).1["config"], base_config["config"]);
}

#[test]
fn the_base_is_listed_by_its_digest_as_one_of_which_not_all_is_known() {
    let base = image(None, &[&layer("base")], &json!({}));
    assert_eq!(
        base.json("components.json"),
        json!({ "components": [] }),
        "nothing below it"
    );
    let digest = base.json("image.json")["digest"]
        .as_str()
        .expect("it has one")
        .to_owned();
    let over = image(Some(&base.out("image")), &[&layer("own")], &json!({}));
    let name = format!("oci:python@{digest}");
    let hash = json!({ "alg": "SHA-256", "content": &digest[7..] });
    let component = json!({
        "type": "container", "bom-ref": name, "name": "python", "version": digest, "hashes": [hash],
    });
    assert_eq!(
        over.json("components.json"),
        json!({ "components": [component], "incomplete": [name] })
    );
}

#[test]
fn a_base_of_a_registry_is_listed_by_the_digest_that_pins_it() {
    let base = image(None, &[&layer("base")], &json!({}));
    let step = Step::new().with_folder("base", &base.out("image"));
    let pinned = format!("sha256:{}", "ab".repeat(32));
    let assembly = json!({
        "base": { "layout": "base", "name": "registry.example/shop/python", "digest": pinned },
        "settings": only(&json!({})),
        "images": [{ "platform": "linux/amd64", "layers": [] }],
    });
    step.run("image", &assembly).expect("an image");
    let purl = format!("pkg:oci/python@{pinned}?repository_url=registry.example/shop/python");
    assert_eq!(step.json("components.json")["components"][0]["purl"], purl);
}

/// An image for two platforms, with a layer of each, and one that they share.
fn for_two(shared: &Step, amd: &Step, arm: &Step) -> Step {
    let mut step = Step::new();
    for (id, layer) in [("shared", shared), ("amd", amd), ("arm", arm)] {
        step = step.with_folder(&format!("layers/{id}"), &layer.out(""));
    }
    let of = |platform: &str, own: &str| {
        let layers = ["shared", own].map(|id| json!({ "id": id, "from": id }));
        json!({ "platform": platform, "layers": layers })
    };
    let images = [of("linux/amd64", "amd"), of("linux/arm64", "arm")];
    let assembly = json!({ "base": null, "settings": only(&json!({})), "images": images });
    step.run("image", &assembly).expect("an image");
    step
}

#[test]
fn each_platform_has_an_image_of_its_own() {
    let (shared, amd, arm) = (layer("shared"), layer("amd64"), layer("arm64"));
    let image = for_two(&shared, &amd, &arm);
    let layout = image.out("image");
    let index = blob(&layout, &image.json("image/index.json")["manifests"][0]);
    let manifests = [0, 1].map(|number| blob(&layout, &index["manifests"][number]));
    for (number, (architecture, own)) in [("amd64", &amd), ("arm64", &arm)].into_iter().enumerate() {
        let platform = json!({ "architecture": architecture, "os": "linux" });
        assert_eq!(index["manifests"][number]["platform"], platform);
        assert_eq!(
            manifests[number]["layers"][0]["digest"],
            shared.json("layer.json")["digest"]
        );
        assert_eq!(
            manifests[number]["layers"][1]["digest"],
            own.json("layer.json")["digest"]
        );
        assert_eq!(
            blob(&layout, &manifests[number]["config"])["architecture"],
            architecture
        );
    }
    let layers = image.json("image.json")["layers"].as_array().map(Vec::len);
    assert_eq!(layers, Some(3), "a shared layer counts once");
}

#[test]
fn a_base_for_several_platforms_gives_the_one_that_is_wanted() {
    let amd = layer("amd64");
    let base = for_two(&layer("shared"), &amd, &layer("arm64"));
    let (manifest, _) = parts(&image(Some(&base.out("image")), &[&layer("own")], &json!({})));
    assert_eq!(manifest["layers"][1]["digest"], amd.json("layer.json")["digest"]);
}

#[test]
fn a_base_is_checked_once_for_all_images_over_it() {
    let base = image(None, &[&layer("base")], &json!({}));
    let (manifest, _) = parts(&base);
    let digest = manifest["layers"][0]["digest"].as_str().expect("a digest").to_owned();
    let check = |base: &Path| {
        let step = Step::new().with_folder("base", base);
        let task = json!({ "layout": "base", "platforms": ["linux/amd64", "linux/amd64"] });
        step.run("base-check", &task).map(|()| step)
    };
    let checked = check(&base.out("image")).expect("it is sound");
    assert_eq!(checked.json("checked.json"), json!([digest]));
    let blob = base.out("image/blobs/sha256").join(&digest[7..]);
    fs::write(&blob, "other bytes").expect("written");
    let damaged = format!("the blob {digest} has other bytes than its name says");
    assert_eq!(
        check(&base.out("image")).map(|_| ()).expect_err("it is not").message,
        damaged
    );
    // Whoever was not told that it was checked looks by itself.
    let step = Step::new().with_folder("base", &base.out("image"));
    let assembly = json!({
        "base": { "layout": "base", "name": "python", "digest": null },
        "settings": only(&json!({})),
        "images": [{ "platform": "linux/amd64", "layers": [] }],
    });
    assert_eq!(step.run("image", &assembly).expect_err("it is not").message, damaged);
    fs::remove_file(&blob).expect("there");
    assert_eq!(
        check(&base.out("image")).map(|_| ()).expect_err("it is gone").message,
        format!("the image layout lacks the blob {digest}")
    );
}

/// What is said of a base that was changed so.
fn refused(change: impl FnOnce(&Path)) -> Problem {
    let base = image(None, &[&layer("base")], &json!({}));
    change(&base.out("image"));
    let step = Step::new().with_folder("base", &base.out("image"));
    let images = [json!({ "platform": "linux/amd64", "layers": [] })];
    let base = json!({ "layout": "base", "name": "python", "digest": null });
    let assembly = json!({ "base": base, "settings": only(&json!({})), "images": images });
    step.run("image", &assembly).expect_err("it is no base")
}

/// The same, of one whose index was changed so.
fn refused_index(change: impl FnOnce(&mut Value)) -> String {
    let problem = refused(|layout| {
        let path = layout.join("index.json");
        let mut index = serde_json::from_slice(&fs::read(&path).expect("there")).expect("JSON");
        change(&mut index);
        fs::write(path, index.to_string()).expect("written");
    });
    problem.message
}

#[test]
fn a_damaged_base_is_refused_with_what_is_wrong() {
    let none = refused(|layout| fs::write(layout.join("index.json"), "{}").expect("written"));
    assert!(none.message.starts_with("the base is no OCI layout"), "{none:?}");
    let damaged = refused(|layout| {
        let blobs = fs::read_dir(layout.join("blobs/sha256")).expect("a folder");
        for blob in blobs {
            fs::write(blob.expect("readable").path(), "other bytes").expect("written");
        }
    });
    assert!(
        damaged.message.contains("has other bytes than its name says"),
        "{damaged:?}"
    );
    let said = refused_index(|index| index["manifests"][0]["digest"] = json!("sha256:../../etc/passwd"));
    assert_eq!(said, "`sha256:../../etc/passwd` is not a SHA-256 digest");
    let missing = format!("sha256:{}", "0".repeat(64));
    let said = refused_index(|index| index["manifests"][0]["digest"] = json!(missing));
    assert_eq!(said, format!("the image layout lacks the blob {missing}"));
    for change in [
        |index: &mut Value| index["manifests"] = json!([]),
        |index: &mut Value| index["manifests"][0]["platform"]["architecture"] = json!("arm64"),
    ] {
        assert_eq!(refused_index(change), "the base has no image for linux/amd64");
    }
}
