//! Restoring and collecting: exactly the declared files, nothing outside, whatever is in the way.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use farm_engine::artifact::{
    CollectError, ComposeError, RestoreError, Restored, Taking, collect, compose, nothing_known, restore,
    restore_composed, restore_tree,
};
use farm_engine::cache::{Content, Entry, Node, Store, StoreLimits, Tree};
use farm_engine::fs::Folder;
use farm_engine::path::RelPath;
use farm_engine::plan::OutputShape;

use crate::disk::{self, Files, Random};

/// A workspace and a store beside it.
struct Space {
    base: disk::Temporary,
    store: Store,
}

impl Space {
    fn new() -> Self {
        let base = disk::folder();
        let store = Store::open(&base.path().join("cache"), StoreLimits::default()).expect("the store opens");
        fs::create_dir(base.path().join("work")).expect("created");
        Self { base, store }
    }

    fn work(&self) -> std::path::PathBuf {
        self.base.path().join("work")
    }

    fn out(&self) -> std::path::PathBuf {
        self.work().join("out")
    }

    fn handle(&self) -> Folder {
        Folder::open(&self.work()).expect("opened")
    }

    fn collect(&self, at: &str, shape: OutputShape) -> Result<Content, CollectError> {
        collect(&self.handle(), &path(at), shape, (&self.store, Taking::Copy))
    }

    /// The content of a folder with these files.
    fn content(&self, files: &Files) -> Content {
        let folder = self.work().join("made");
        disk::fill(&folder, files);
        let content = self.collect("made", OutputShape::Folder).expect("collected");
        fs::remove_dir_all(folder).expect("removed");
        content
    }

    fn tree(&self, files: &Files) -> Tree {
        match self.content(files) {
            Content::Folder(tree) => tree,
            other => panic!("a folder, not {other:?}"),
        }
    }

    fn restore(&self, content: &Content, place: &str) -> Result<Restored, RestoreError> {
        restore(&self.store, content, &self.handle(), &path(place), &nothing_known)
    }
}

fn path(text: &str) -> RelPath {
    RelPath::parse(text).expect("a path of the test")
}

fn counts(restored: &Restored) -> (u64, u64, u64) {
    (restored.written, restored.kept, restored.removed)
}

#[test]
fn exactly_the_trees_files_are_left() {
    let space = Space::new();
    let files = disk::files(&[("a.txt", "a"), ("b/c.txt", "c"), ("b/link", "-> c.txt")]);
    let tree = space.tree(&files);
    let restored = restore_tree(&space.store, &tree, &space.out()).expect("restored");
    assert_eq!(counts(&restored), (3, 0, 0));
    assert_eq!(disk::read(&space.out()), files);
    disk::write(&space.out().join("b/stale"), "stale");
    disk::write(&space.out().join("gone/stale"), "stale");
    disk::write(&space.out().join("a.txt"), "changed");
    let restored = restore_tree(&space.store, &tree, &space.out()).expect("restored");
    assert_eq!(counts(&restored), (1, 2, 2));
    assert_eq!(disk::read(&space.out()), files);
    assert!(!space.out().join("gone").exists(), "a stale folder goes too");
    assert_eq!(restored.stats.len(), 3);
}

#[test]
fn files_that_are_right_keep_their_inodes_and_their_times() {
    let space = Space::new();
    let tree = space.tree(&disk::files(&[("a", "a")]));
    restore_tree(&space.store, &tree, &space.out()).expect("restored");
    let facts = || {
        let metadata = fs::metadata(space.out().join("a")).expect("there");
        (metadata.ino(), metadata.mtime_nsec(), metadata.ctime_nsec())
    };
    let before = facts();
    restore_tree(&space.store, &tree, &space.out()).expect("restored");
    assert_eq!(facts(), before);
}

#[test]
fn what_is_remembered_of_a_file_is_not_read_again() {
    let space = Space::new();
    let content = space.content(&disk::files(&[("a", "aa")]));
    space.restore(&content, "out").expect("restored");
    fs::write(space.out().join("a"), "bb").expect("written");
    let Content::Folder(tree) = &content else {
        panic!("a folder");
    };
    let Node::File { digest, .. } = tree.entries[0].node else {
        panic!("a file");
    };
    let known = |at: &RelPath, _: &_| (at.as_str() == "out/a").then_some(digest);
    let restored = restore(&space.store, &content, &space.handle(), &path("out"), &known).expect("restored");
    assert_eq!(counts(&restored), (0, 1, 0), "the memory was believed");
}

#[test]
fn files_and_folders_and_links_change_places() {
    let space = Space::new();
    let one = space.tree(&disk::files(&[("x/y", "deep"), ("z", "file"), ("l", "-> z")]));
    let two = space.tree(&disk::files(&[("x", "file"), ("z/y", "deep"), ("l/m", "was a link")]));
    for tree in [&one, &two, &one] {
        restore_tree(&space.store, tree, &space.out()).expect("restored");
        assert_eq!(disk::read(&space.out()).len(), 3);
    }
    disk::write(&space.base.path().join("file"), "in the way");
    restore_tree(&space.store, &one, &space.base.path().join("file")).expect("restored");
}

#[test]
fn empty_folders_are_kept_and_made() {
    let space = Space::new();
    fs::create_dir_all(space.work().join("made/empty/inner")).expect("created");
    let content = space.collect("made", OutputShape::Folder).expect("collected");
    space.restore(&content, "out").expect("restored");
    assert!(space.out().join("empty/inner").is_dir());
}

#[test]
fn a_miss_leaves_the_destination_as_it_was() {
    let space = Space::new();
    let old = disk::files(&[("a", "old"), ("stale", "old")]);
    disk::fill(&space.out(), &old);
    let tree = space.tree(&disk::files(&[("a", "new"), ("b", "newer")]));
    let blobs = space.base.path().join("cache/v1/blobs");
    for blob in disk::paths(&blobs) {
        if fs::read(blobs.join(&blob)).expect("read") == b"newer" {
            fs::remove_file(blobs.join(&blob)).expect("removed");
        }
    }
    let error = restore_tree(&space.store, &tree, &space.out()).expect_err("a miss");
    assert!(
        matches!(&error, RestoreError::Miss(at) if at.as_str() == "b"),
        "{error}"
    );
    assert_eq!(disk::read(&space.out()), old);
}

#[test]
fn e01_leftovers_of_a_killed_restoration_go_with_the_next() {
    let space = Space::new();
    let files = disk::files(&[("a", "a")]);
    let content = space.content(&files);
    disk::write(&space.out().join(".0123456789abcdef.farm-tmp/0"), "half");
    disk::write(&space.work().join(".0123456789abcdef.farm-tmp"), "half");
    space.restore(&content, "out").expect("restored");
    assert_eq!(disk::read(&space.out()), files);
    disk::write(&space.work().join("made"), "text");
    let file = space.collect("made", OutputShape::File).expect("collected");
    space.restore(&file, "made").expect("restored");
    assert_eq!(disk::paths(&space.work()), ["made", "out/a"]);
}

#[test]
fn what_is_prepared_beside_the_store_leaves_nothing_there() {
    let space = Space::new();
    let content = space.content(&disk::files(&[("a", "a"), ("b/c", "c"), ("l", "-> a")]));
    space.restore(&content, "out").expect("restored");
    let names = || disk::paths(&space.work());
    assert_eq!(names(), ["out/a", "out/b/c", "out/l"]);
    for blob in disk::paths(&space.base.path().join("cache/v1/blobs")) {
        fs::remove_file(space.base.path().join("cache/v1/blobs").join(blob)).expect("removed");
    }
    fs::remove_dir_all(space.out()).expect("removed");
    assert!(matches!(space.restore(&content, "out"), Err(RestoreError::Miss(_))));
    let temporary: Vec<_> = disk::paths(&space.base.path().join("cache/v1/tmp"));
    assert!(temporary.iter().all(|path| path.ends_with(".lock")), "{temporary:?}");
}

#[test]
fn one_file_is_placed_without_touching_its_neighbours() {
    let space = Space::new();
    disk::write(&space.work().join("src/made"), "made");
    disk::write(&space.work().join("src/own"), "own");
    let content = space.collect("src/made", OutputShape::Any).expect("collected");
    assert_eq!(
        counts(&space.restore(&content, "src/made").expect("restored")),
        (0, 1, 0)
    );
    fs::remove_file(space.work().join("src/made")).expect("removed");
    fs::create_dir_all(space.work().join("src/made/folder")).expect("created");
    let restored = space.restore(&content, "src/made").expect("restored");
    assert_eq!(counts(&restored), (1, 0, 0));
    assert_eq!(
        restored.stats.keys().map(RelPath::as_str).collect::<Vec<_>>(),
        ["src/made"]
    );
    assert_eq!(disk::paths(&space.work()), ["src/made", "src/own"]);
}

#[test]
fn b08_links_of_a_tree_are_checked_again_before_anything_is_written() {
    let space = Space::new();
    let link = |at: &str, target: &str| Entry {
        path: path(at),
        node: Node::Link {
            target: target.to_owned(),
        },
    };
    for entries in [vec![link("a", "../..")], vec![link("a", "b/.."), link("b", "c/../..")]] {
        let error = restore_tree(&space.store, &Tree { entries }, &space.out()).expect_err("refused");
        assert!(matches!(error, RestoreError::Tree(_)), "{error}");
    }
    assert!(disk::paths(&space.out()).is_empty());
}

#[test]
fn b11_pipes_and_sockets_are_not_collected() {
    let space = Space::new();
    let folder = space.work().join("made");
    fs::create_dir(&folder).expect("created");
    let socket = UnixListener::bind(folder.join("socket")).expect("bound");
    let error = space.collect("made", OutputShape::Folder).expect_err("refused");
    assert!(
        error.to_string().contains("`socket` is a pipe, a socket or a device"),
        "{error}"
    );
    let error = space.collect("made/socket", OutputShape::Any).expect_err("refused");
    assert!(matches!(error, CollectError::WrongShape { .. }), "{error}");
    drop(socket);
}

#[test]
fn b11_a_hardlink_to_a_file_outside_is_a_copy_afterwards() {
    let space = Space::new();
    let outside = space.base.path().join("outside");
    disk::write(&outside, "before");
    fs::create_dir_all(space.work().join("made")).expect("created");
    fs::hard_link(&outside, space.work().join("made/file")).expect("linked");
    let folder = space.collect("made", OutputShape::Folder).expect("collected");
    let unpacked = space.collect("made", OutputShape::Unpacked).expect("collected");
    fs::write(&outside, "after!").expect("written");
    for content in [folder, unpacked] {
        space.restore(&content, "out").expect("restored");
        assert_eq!(fs::read(space.out().join("file")).expect("read"), b"before");
    }
    assert_eq!(
        fs::metadata(&outside).expect("there").permissions().mode() & 0o777,
        0o644,
        "its mode is its own"
    );
}

#[test]
fn b11_a_hardlink_in_the_destination_is_replaced_and_not_written_through() {
    let space = Space::new();
    let outside = space.base.path().join("outside");
    disk::write(&outside, "same");
    fs::create_dir_all(space.out()).expect("created");
    fs::hard_link(&outside, space.out().join("file")).expect("linked");
    let tree = space.tree(&disk::files(&[("file", "same")]));
    let restored = restore_tree(&space.store, &tree, &space.out()).expect("restored");
    assert_eq!(counts(&restored), (1, 0, 0));
    assert_eq!(fs::metadata(&outside).expect("there").nlink(), 1);
}

#[test]
fn b12_no_mode_but_two_comes_out() {
    let space = Space::new();
    disk::fill(
        &space.work().join("made"),
        &disk::files(&[("plain", "p"), ("tool", "t")]),
    );
    let set = |name: &str, mode| {
        fs::set_permissions(space.work().join("made").join(name), fs::Permissions::from_mode(mode)).expect("set");
    };
    set("plain", 0o1600);
    set("tool", 0o711);
    let content = space.collect("made", OutputShape::Folder).expect("collected");
    space.restore(&content, "out").expect("restored");
    assert_eq!(disk::mode(&space.out().join("plain")), 0o644);
    assert_eq!(disk::mode(&space.out().join("tool")), 0o755);
    fs::set_permissions(space.out().join("tool"), fs::Permissions::from_mode(0o6777)).expect("set");
    assert_eq!(counts(&space.restore(&content, "out").expect("restored")), (1, 1, 0));
    assert_eq!(disk::mode(&space.out().join("tool")), 0o755);
    set("tool", 0o4755);
    let error = space.collect("made", OutputShape::Folder).expect_err("refused");
    assert!(
        error.to_string().contains("`tool` has the setuid or the setgid bit"),
        "{error}"
    );
    assert!(space.collect("made/tool", OutputShape::File).is_err());
}

#[test]
fn b14_links_in_the_way_are_replaced_and_never_followed() {
    let space = Space::new();
    let outside = space.base.path().join("outside");
    let secret = disk::files(&[("file", "secret"), ("sub/file", "secret")]);
    disk::fill(&outside, &secret);
    let files = disk::files(&[("file", "mine"), ("sub/file", "mine")]);
    let content = space.content(&files);
    let plants: [&dyn Fn(); 3] = [
        &|| symlink(&outside, space.out()).expect("linked"),
        &|| {
            fs::create_dir(space.out()).expect("created");
            symlink(outside.join("sub"), space.out().join("sub")).expect("linked");
        },
        &|| {
            fs::create_dir(space.out()).expect("created");
            symlink(outside.join("file"), space.out().join("file")).expect("linked");
        },
    ];
    for plant in plants {
        drop(fs::remove_dir_all(space.out()));
        plant();
        space.restore(&content, "out").expect("restored");
        assert_eq!(disk::read(&space.out()), files);
        assert!(!space.out().is_symlink());
        assert_eq!(disk::read(&outside), secret);
    }
    symlink(&outside, space.work().join("dist")).expect("linked");
    space.restore(&content, "dist/app").expect("restored");
    assert_eq!(disk::read(&outside), secret, "nor is a link above the place");
}

#[test]
fn b14_a_link_planted_again_and_again_meanwhile_leads_nowhere() {
    let space = Space::new();
    let outside = space.base.path().join("outside");
    let secret = disk::files(&[("file", "secret")]);
    disk::fill(&outside, &secret);
    let files = disk::files(&[("sub/file", "mine"), ("sub/other", "mine too")]);
    let content = space.content(&files);
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            let sub = space.out().join("sub");
            while !stop.load(Ordering::Relaxed) {
                drop(fs::remove_dir_all(&sub));
                drop(symlink(&outside, &sub));
                drop(fs::remove_file(&sub));
                drop(fs::create_dir(&sub));
                drop(fs::remove_file(sub.join("file")));
                drop(symlink(outside.join("file"), sub.join("file")));
            }
        });
        for _ in 0..300 {
            // It may fail: somebody is working against it. It may not follow.
            drop(space.restore(&content, "out"));
        }
        stop.store(true, Ordering::Relaxed);
    });
    assert_eq!(disk::read(&outside), secret);
    space.restore(&content, "out").expect("restored");
    assert_eq!(disk::read(&space.out()), files);
}

#[test]
fn b16_nothing_beside_the_declared_place_is_touched() {
    let space = Space::new();
    let sources = disk::files(&[
        ("farm.toml", "x"),
        (".git/hooks/pre-commit", "x"),
        ("app/package.json", "{}"),
    ]);
    disk::fill(&space.work(), &sources);
    let content = space.content(&disk::files(&[("farm.toml", "evil"), ("app/package.json", "evil")]));
    space.restore(&content, "app/dist").expect("restored");
    fs::remove_dir_all(space.work().join("app/dist")).expect("removed");
    assert_eq!(disk::read(&space.work()), sources);
    let file = Content::File {
        digest: space.store.insert_bytes(b"evil").expect("inserted"),
        size: 4,
        executable: false,
    };
    assert!(
        space.restore(&file, "").is_err(),
        "a file cannot take the workspace's place"
    );
    assert_eq!(disk::read(&space.work()), sources);
}

#[test]
fn outputs_that_leave_are_not_collected() {
    let space = Space::new();
    disk::write(&space.base.path().join("outside/file"), "secret");
    fs::create_dir_all(space.work().join("made")).expect("created");
    symlink(space.base.path().join("outside"), space.work().join("link")).expect("linked");
    for shape in [
        OutputShape::File,
        OutputShape::Folder,
        OutputShape::Any,
        OutputShape::Unpacked,
    ] {
        let error = space.collect("link", shape).expect_err("a link is no output");
        assert!(
            matches!(error, CollectError::WrongShape { found: "a link", .. }),
            "{error}"
        );
        let error = space.collect("link/file", shape).expect_err("nor is what it leads to");
        assert!(matches!(error, CollectError::NotBelow(_)), "{error}");
    }
    for target in ["/etc/passwd", "../../outside/file", "a/../../x"] {
        let link = space.work().join("made/link");
        drop(fs::remove_file(&link));
        symlink(target, &link).expect("linked");
        let error = space.collect("made", OutputShape::Folder).expect_err("refused");
        assert!(error.to_string().contains("`link` is a link to"), "{error}");
        assert!(space.collect("made", OutputShape::Unpacked).is_err());
        drop(fs::create_dir(space.work().join("made")));
    }
    assert!(matches!(
        space.collect("absent", OutputShape::Any),
        Err(CollectError::Missing(_))
    ));
    assert!(matches!(
        space.collect("absent/too", OutputShape::Any),
        Err(CollectError::Missing(_))
    ));
}

#[test]
fn contents_are_composed_each_at_its_place() {
    let space = Space::new();
    let site = space.content(&disk::files(&[("index.html", "<html>")]));
    let schema = Content::File {
        digest: space.store.insert_bytes(b"{}").expect("inserted"),
        size: 2,
        executable: false,
    };
    disk::fill(
        &space.work().join("made"),
        &disk::files(&[("pad.js", "pad()"), ("bin", "-> pad.js")]),
    );
    let modules = space.collect("made", OutputShape::Unpacked).expect("collected");
    let parts = [
        (RelPath::root(), &site),
        (path("api/openapi.json"), &schema),
        (path("node_modules"), &modules),
    ];
    let composed = compose(&space.store, &parts).expect("composed");
    restore_composed(&space.store, &composed, &space.handle(), &path("out"), &nothing_known).expect("restored");
    let expected = disk::files(&[
        ("index.html", "<html>"),
        ("api/openapi.json", "{}"),
        ("node_modules/pad.js", "pad()"),
        ("node_modules/bin", "-> pad.js"),
    ]);
    assert_eq!(disk::read(&space.out()), expected);
    assert_eq!(
        disk::mode(&space.out().join("node_modules/pad.js")),
        0o644,
        "a copy, not the store's file"
    );
}

#[test]
fn contents_that_collide_are_named() {
    let space = Space::new();
    let one = space.content(&disk::files(&[("a/b", "1")]));
    let two = space.content(&disk::files(&[("b", "2")]));
    let error = compose(&space.store, &[(RelPath::root(), &one), (path("a"), &two)]).expect_err("refused");
    let ComposeError::Collision { path: at, parts, .. } = error else {
        panic!("a collision, not {error}");
    };
    assert_eq!((at.as_str(), parts), ("a/b", (0, 1)));
    let three = space.content(&disk::files(&[("a", "a file")]));
    let error = compose(&space.store, &[(RelPath::root(), &three), (path("a"), &two)]).expect_err("refused");
    assert!(matches!(error, ComposeError::Collision { path, .. } if path.as_str() == "a"));
}

/// A folder of a few files, links and folders, with names that sort badly.
fn random_files(random: &mut Random) -> Files {
    const NAMES: [&str; 7] = ["a", "a-b", "b", "b.c", "ü", "node_modules", "z"];
    let mut files = Files::new();
    for _ in 0..random.below(30) {
        let depth = 1 + random.below(4);
        let parts: Vec<&str> = (0..depth).map(|_| NAMES[random.below(NAMES.len())]).collect();
        let path = parts.join("/");
        let collides = files.keys().any(|other: &String| {
            other.starts_with(&format!("{path}/")) || path.starts_with(&format!("{other}/")) || *other == path
        });
        if collides {
            continue;
        }
        let content = match random.below(5) {
            0 => Err(format!("{}nowhere", "../".repeat(random.below(depth)))),
            _ => Ok(vec![b'x'; random.below(3) * 70_000 + random.below(5)]),
        };
        files.insert(path, content);
    }
    files
}

#[test]
fn from_any_folder_to_any_other() {
    let space = Space::new();
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    for round in 0..150 {
        let files = random_files(&mut random);
        let tree = space.tree(&files);
        assert_eq!(Tree::decode(&tree.encode()).as_ref(), Some(&tree), "round {round}");
        let litter = random_files(&mut random);
        for (path, content) in &litter {
            let place = space.out().join(path);
            if place.ancestors().any(Path::is_symlink) || fs::create_dir_all(place.parent().expect("above")).is_err() {
                continue;
            }
            match content {
                Ok(bytes) => drop(fs::write(&place, bytes)),
                Err(target) => drop(symlink(target, &place)),
            }
        }
        let restored = restore_tree(&space.store, &tree, &space.out()).expect("restored");
        assert_eq!(disk::read(&space.out()), files, "round {round}");
        assert_eq!(restored.written + restored.kept, files.len() as u64, "round {round}");
        let again = restore_tree(&space.store, &tree, &space.out()).expect("restored");
        assert_eq!(counts(&again), (0, files.len() as u64, 0), "round {round}");
    }
    assert_eq!(space.store.fault_count(), 0);
}

#[test]
fn g01_two_restorations_of_the_same_place_at_once_end_well() {
    let space = Space::new();
    let names: Vec<String> = (0..100)
        .map(|number| format!("folder{}/file{number}", number % 7))
        .collect();
    let files: Files = names
        .iter()
        .map(|name| (name.clone(), Ok(name.clone().into_bytes())))
        .collect();
    let content = space.content(&files);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..10 {
                    space.restore(&content, "out").expect("restored");
                }
            });
        }
    });
    assert_eq!(disk::read(&space.out()), files);
}

#[test]
fn g01_whoever_clears_up_after_the_dead_does_not_hit_the_living() {
    let base = disk::folder();
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let folder = Folder::open(base.path()).expect("opened");
                while !stop.load(Ordering::Relaxed) {
                    for listed in folder.list().expect("listed") {
                        folder.remove_dead_temp(&listed).expect("removed, alive or gone");
                    }
                }
            });
        }
        let folder = Folder::open(base.path()).expect("opened");
        for _ in 0..3000 {
            let (temp, name) = folder.create_temp_folder().expect("created");
            let still_there = temp.create_file("0");
            drop(folder.remove(name));
            if still_there.is_err() {
                stop.store(true, Ordering::Relaxed);
            }
            still_there.expect("the folder is there for as long as its owner lives");
        }
        stop.store(true, Ordering::Relaxed);
    });
}
