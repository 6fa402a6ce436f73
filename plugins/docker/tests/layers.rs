//! What a layer may hold, and where it goes over a base with links, without farm and without WebAssembly.

mod step;

use std::fs::File;
use std::io::Write as _;
use std::path::Path;

use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use step::{Step, at};

/// What the step `base-check` tells of a base.
fn links() -> String {
    let of = |links: Value| json!({ "links": links, "folders": { "tmp": { "mode": 0o1777, "user": 0, "group": 9 } } });
    json!({
        "linux/amd64": of(json!({ "bin": "usr/bin", "usr/local": "var/usrlocal", "lib64": "usr/lib64" })),
        "linux/arm64": of(json!({ "bin": "usr/bin", "usr/local": "var/usrlocal" })),
    })
    .to_string()
}

/// What is in an archive: the path of each entry, and where a link leads.
fn entries(archive: &Path) -> Vec<String> {
    let mut tar = tar::Archive::new(GzDecoder::new(File::open(archive).expect("there")));
    let entries = tar.entries().expect("an archive").map(|entry| {
        let entry = entry.expect("an entry");
        let path = entry.path().expect("a path").display().to_string();
        let link = entry.link_name().expect("readable");
        link.map_or(path.clone(), |link| format!("{path} -> {}", link.display()))
    });
    entries.collect()
}

/// The entries of a layer, or what is said of it.
fn layer(step: &Step, parameters: &Value) -> Result<Vec<String>, String> {
    let done = step.run("layer", parameters);
    done.map_err(|problem| problem.message)?;
    Ok(entries(&step.out("layer.tar.gz")))
}

#[test]
fn what_is_below_a_link_of_the_base_goes_to_where_it_leads() {
    let program = || {
        Step::new()
            .with_program("content", "program")
            .with("links.json", links())
    };
    let placed = |path: &str| layer(&program(), &at(path, &json!({}))).expect("a layer");
    assert_eq!(placed("/bin/prog"), ["usr/bin/prog"]);
    assert_eq!(placed("/usr/local/bin/prog"), ["var/usrlocal/bin/prog"]);
    assert_eq!(placed("/opt/prog"), ["opt/prog"]);
    let tree = Step::new()
        .with("content/bin/prog", "program")
        .with("content/usr/local/share/page", "page")
        .with_link("content/sbin", "usr/bin")
        .with("links.json", links());
    let expected = [
        "usr/bin/",
        "usr/bin/prog",
        "sbin -> usr/bin",
        "usr/",
        "var/usrlocal/",
        "var/usrlocal/share/",
        "var/usrlocal/share/page",
    ];
    assert_eq!(layer(&tree, &at("/", &json!({}))).expect("a layer"), expected);
    let folders = Step::new().with("links.json", links());
    let parameters = json!({ "paths": ["/bin", "/usr/local/data"], "user": 1, "group": 1 });
    folders.run("folders", &parameters).expect("a layer");
    assert_eq!(
        entries(&folders.out("layer.tar.gz")),
        ["usr/bin/", "var/usrlocal/data/"]
    );
}

#[test]
fn a_folder_of_the_base_keeps_its_mode_and_its_owner() {
    let step = Step::new()
        .with("content/tmp/x", "x")
        .with("content/etc/x", "x")
        .with("links.json", links());
    layer(&step, &at("/", &json!({}))).expect("a layer");
    let file = File::open(step.out("layer.tar.gz")).expect("there");
    let mut archive = tar::Archive::new(GzDecoder::new(file));
    let entries = archive.entries().expect("an archive").map(|entry| {
        let entry = entry.expect("an entry");
        let header = entry.header();
        let path = entry.path().expect("a path").display().to_string();
        (path, header.mode().expect("a mode"), header.gid().expect("a group"))
    });
    let folders: Vec<_> = entries.filter(|(path, _, _)| path.ends_with('/')).collect();
    assert_eq!(folders, [("etc/".to_owned(), 0o755, 0), ("tmp/".to_owned(), 0o1777, 9)]);
}

#[test]
fn a_link_of_one_platform_alone_is_no_place_for_all() {
    let program = || {
        Step::new()
            .with_program("content", "program")
            .with("links.json", links())
    };
    let only = |platform: &str| layer(&program(), &at("/lib64/prog", &json!({ "platform": platform })));
    assert_eq!(only("linux/amd64"), Ok(vec!["usr/lib64/prog".to_owned()]));
    assert_eq!(only("linux/arm64"), Ok(vec!["lib64/prog".to_owned()]));
    let said = layer(&program(), &at("/lib64/prog", &json!({}))).expect_err("two places");
    assert_eq!(said, "`/lib64` leads to another folder in the base of each platform");
}

#[test]
fn a_file_takes_the_place_of_no_folder() {
    let step = Step::new().with("content", "x").with("links.json", links());
    assert_eq!(
        layer(&step, &at("/bin", &json!({}))).expect_err("a link to a folder"),
        "`/bin` is a file, and in the base a link to the folder `/usr/bin`, which it would replace"
    );
    assert_eq!(
        layer(&step, &at("/", &json!({}))).expect_err("the root"),
        "a single file cannot be at `/`, which is the folder of all"
    );
}

#[test]
fn a_name_that_deletes_is_refused() {
    for name in [".wh.passwd", ".wh..wh..opq", ".wh.dir/file"] {
        let step = Step::new().with(&format!("content/{name}"), "x");
        let said = layer(&step, &at("/etc", &json!({}))).expect_err("a mistake");
        let place = name.split('/').next().unwrap_or(name);
        let expected = format!("`/etc/{place}` cannot be in an image: a name that begins with `.wh.`");
        assert!(said.starts_with(&expected), "{said}");
    }
    let packages = Step::new().with_link("content", "x").with("more", "");
    assert!(layer(&packages, &at("/.wh.x", &json!({ "published": true }))).is_err());
}

#[test]
fn a_secret_is_in_no_layer_unless_it_is_said_to_be_none() {
    let key = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIAAAAAAAAAAA\n-----END PRIVATE KEY-----\n";
    let certificate = "-----BEGIN CERTIFICATE-----\nMIIBszCCAVmgAwIBAgIUAAAAAAAAAAAA\n-----END CERTIFICATE-----\n";
    let step = || {
        Step::new()
            .with("content/certifi/cacert.pem", certificate)
            .with("content/tests/server.pem", key)
    };
    let said = layer(&step(), &at("/app", &json!({}))).expect_err("a key");
    assert_eq!(
        said,
        "`/app/tests/server.pem` holds a private key, and everybody who has the image could read it"
    );
    for more in [
        json!({ "not_secret": ["/app/tests/server.pem"] }),
        json!({ "not_secret": ["/app/tests"] }),
        json!({ "published": true }),
    ] {
        assert!(layer(&step(), &at("/app", &more)).is_ok(), "{more}");
    }
    assert!(layer(&step(), &at("/app", &json!({ "not_secret": ["/app/test"] }))).is_err());
    let environment = Step::new().with("content", "PASSWORD=hunter2");
    assert!(layer(&environment, &at("/app/.env", &json!({}))).is_err());
    assert!(layer(&environment, &at("/app/.env.example", &json!({}))).is_ok());
}

fn digest(bytes: &[u8]) -> String {
    let hex: Vec<String> = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    hex.concat()
}

/// A layout with one image of one layer, which is this archive.
fn layout(step: Step, layer: &[u8], media_type: &str) -> Step {
    let blobs = |step: Step, bytes: &[u8]| step.with(&format!("base/blobs/sha256/{}", digest(bytes)), bytes);
    let named = |media_type: &str, bytes: &[u8]| {
        json!({
            "mediaType": media_type, "digest": format!("sha256:{}", digest(bytes)), "size": bytes.len(),
        })
    };
    let config = json!({ "architecture": "amd64", "os": "linux", "rootfs": { "diff_ids": ["sha256:0"] } }).to_string();
    let manifest = json!({
        "schemaVersion": 2,
        "config": named("application/vnd.oci.image.config.v1+json", config.as_bytes()),
        "layers": [named(media_type, layer)],
    });
    let manifest = manifest.to_string();
    let index = named("application/vnd.oci.image.manifest.v1+json", manifest.as_bytes());
    let step = blobs(blobs(blobs(step, layer), config.as_bytes()), manifest.as_bytes());
    step.with(
        "base/index.json",
        json!({ "schemaVersion": 2, "manifests": [index] }).to_string(),
    )
}

/// An archive with a folder and a link to it.
fn archive() -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(0);
    header.set_entry_type(tar::EntryType::Directory);
    header.set_mode(0o755);
    header.set_uid(0);
    header.set_gid(0);
    archive
        .append_data(&mut header, "usr/bin/", std::io::empty())
        .expect("added");
    header.set_entry_type(tar::EntryType::Symlink);
    archive.append_link(&mut header, "bin", "usr/bin").expect("added");
    archive.into_inner().expect("whole")
}

#[test]
fn the_links_of_a_base_are_found_however_its_layers_are_compressed() {
    let plain = archive();
    let mut gzip = GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(&plain).expect("in memory");
    let gzip = gzip.finish().expect("whole");
    let zstd = ruzstd::encoding::compress_to_vec(&plain[..], ruzstd::encoding::CompressionLevel::Fastest);
    // A base by an old tool may call its layers what they are not.
    for (layer, kind) in [(plain, "tar+gzip"), (gzip, "tar+gzip"), (zstd, "tar+zstd")] {
        let step = layout(
            Step::new(),
            &layer,
            &format!("application/vnd.oci.image.layer.v1.{kind}"),
        );
        let task = json!({ "layout": "base", "platforms": ["linux/amd64"] });
        step.run("base-check", &task).expect("it is sound");
        let known = json!({ "links": { "bin": "usr/bin" }, "folders": {} });
        assert_eq!(step.json("links.json"), json!({ "linux/amd64": known }));
    }
    let step = layout(
        Step::new(),
        &[0x1f, 0x8b, 0],
        "application/vnd.oci.image.layer.v1.tar+gzip",
    );
    let task = json!({ "layout": "base", "platforms": ["linux/amd64"] });
    let said = step.run("base-check", &task).expect_err("no archive").message;
    assert!(said.contains("of the base cannot be read"), "{said}");
}

#[test]
fn nothing_is_below_a_single_file() {
    let layer = |path: &str, content: &str| {
        let step = Step::new().with(content, "x");
        step.run("layer", &at(path, &json!({}))).expect("a layer");
        step
    };
    let assembled = |other: &Step| {
        let file = layer("/app/prog", "content");
        let step = Step::new()
            .with_folder("layers/a", &file.out(""))
            .with_folder("layers/b", &other.out(""));
        let layers = [("a", "s/prog at /app/prog"), ("b", "s/inner at /app/prog/inner")];
        let layers = layers.map(|(id, from)| json!({ "id": id, "from": from }));
        let settings = json!({ "environment": {}, "ports": [], "volumes": [], "labels": {} });
        let images = [json!({ "platform": "linux/amd64", "layers": layers })];
        step.run(
            "image",
            &json!({ "base": null, "settings": settings, "images": images }),
        )
    };
    let said = assembled(&layer("/app/prog/inner", "content/x"))
        .expect_err("below a file")
        .message;
    assert_eq!(
        said,
        "`s/prog at /app/prog` is a single file, and `s/inner at /app/prog/inner` would be below it"
    );
    assembled(&layer("/app/program", "content")).expect("beside it");
}
