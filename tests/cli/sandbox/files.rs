//! Files: what can be read, written and made (C01, C02, C03, C08).

use std::fs;
use std::os::unix::fs::PermissionsExt;

use farm_engine::path::RelPath;
use farm_engine::sandbox::{Bind, CacheFolder, Ending, Tier};

use super::cell::{ALL, Cell, SHUT, run_spec};

/// The answer to reading what is not shown.
fn hidden(tier: Tier) -> &'static str {
    if tier == Tier::L2 { "ENOENT" } else { "EACCES" }
}

#[test]
fn c01_secrets_of_the_host_cannot_be_read() {
    for tier in SHUT {
        let cell = Cell::new(tier);
        let secret = cell.outside("id_rsa");
        fs::write(&secret, "secret").expect("a secret");
        let script = format!("for path in ({secret:?}, '/etc/shadow'): attempt(lambda: open(path))");
        cell.python(&script).only(&[hidden(tier)]);
    }
}

#[test]
fn c01_a_secret_cannot_be_reached_through_a_link_in_the_tree() {
    for tier in SHUT {
        let cell = Cell::new(tier);
        let secret = cell.outside("id_rsa");
        fs::write(&secret, "secret").expect("a secret");
        std::os::unix::fs::symlink(&secret, cell.tree("link")).expect("a link");
        cell.python("attempt(lambda: open('link'))").only(&[hidden(tier)]);
    }
}

#[test]
fn c02_an_undeclared_neighbour_of_the_tree_is_absent() {
    let cell = Cell::new(Tier::L2);
    fs::write(cell.outside("neighbour"), "undeclared").expect("a neighbour");
    let lines = "import os; print(sorted(set(os.listdir('/')) - {'lib32', 'libx32'})); print(os.listdir('..') == \
                 os.listdir('/')); print(os.path.exists('../neighbour'))";
    let outcome = cell.python(lines);
    let root = "['bin', 'dev', 'etc', 'home', 'lib', 'lib64', 'proc', 'run', 'sbin', 'tmp', 'usr', 'var', 'workspace']";
    let root = if fs::exists("/lib64").expect("a root") {
        root.to_owned()
    } else {
        root.replace(" 'lib64',", "")
    };
    assert_eq!(outcome.lines(), [root.as_str(), "True", "False"]);
    let cell = Cell::new(Tier::L1);
    fs::write(cell.outside("neighbour"), "undeclared").expect("a neighbour");
    cell.python("attempt(lambda: open('../neighbour'))\nattempt(lambda: os.listdir('..'))")
        .only(&["EACCES"]);
}

#[test]
fn c03_nothing_can_be_written_outside_the_tree() {
    for tier in SHUT {
        let cell = Cell::new(tier);
        let outside = cell.outside("written");
        let script = format!(
            "for path in ({outside:?}, '/usr/written', '/etc/written', '/written', '/proc/sys/kernel/core_pattern', \
             '/proc/sysrq-trigger'): attempt(lambda: open(path, 'w'))"
        );
        cell.python(&script).only(&["EACCES", "EROFS", "ENOENT", "EPERM"]);
        assert!(!outside.exists(), "{tier}");
    }
}

#[test]
fn c03_the_temporary_folder_is_not_the_hosts() {
    for tier in ALL {
        let cell = Cell::new(tier);
        let name = format!("farm-test-{}-{tier}", std::process::id());
        let outcome = cell.shell(&format!(
            "echo x > \"$TMPDIR/{name}\" && cat \"$TMPDIR/{name}\" && touch \"$HOME/y\""
        ));
        assert_eq!(outcome.lines(), ["x"], "{tier}");
        assert!(!std::env::temp_dir().join(&name).exists(), "{tier}");
    }
}

#[test]
fn c03_binds_are_seen_and_cannot_be_written() {
    for tier in SHUT {
        let mut cell = Cell::new(tier);
        let modules = cell.outside("modules");
        fs::create_dir(&modules).expect("a folder");
        fs::write(modules.join("index.js"), "code").expect("a file");
        let at = RelPath::parse("web/deep/node_modules").expect("a path");
        cell.spec.binds.push(Bind {
            source: modules.clone(),
            at,
        });
        let outcome = cell.python(
            "print(open('web/deep/node_modules/index.js').read())\n\
             for path in ('index.js', 'new'): attempt(lambda: open('web/deep/node_modules/' + path, 'w'))\n\
             attempt(lambda: os.chmod('web/deep/node_modules/index.js', 0o777) or open('web/deep/node_modules/index.js', 'w'))",
        );
        let refused = if tier == Tier::L2 { "EROFS" } else { "EACCES" };
        assert_eq!(outcome.lines(), ["code", refused, refused, refused], "{tier}");
        assert_eq!(
            fs::read_to_string(modules.join("index.js")).expect("still there"),
            "code"
        );
    }
}

#[test]
fn c03_a_bind_cannot_be_led_out_of_the_tree_by_a_link() {
    for tier in ALL {
        let mut cell = Cell::new(tier);
        let (source, victim) = (cell.outside("modules"), cell.outside("victim"));
        fs::create_dir(&source).expect("a folder");
        fs::create_dir(&victim).expect("a folder");
        std::os::unix::fs::symlink(&victim, cell.tree("web")).expect("a link");
        let at = RelPath::parse("web/node_modules").expect("a path");
        cell.spec.binds.push(Bind { source, at });
        assert!(run_spec(&cell.spec).is_err(), "{tier}");
        assert_eq!(fs::read_dir(&victim).expect("a folder").count(), 0, "{tier}");
    }
}

#[test]
fn caches_are_written_through_their_variable() {
    for tier in ALL {
        let mut cell = Cell::new(tier);
        let source = cell.outside("cache");
        fs::create_dir(&source).expect("a folder");
        let variable = "GOCACHE".to_owned();
        cell.spec.caches.push(CacheFolder {
            name: "go".into(),
            source: source.clone(),
            variable,
        });
        let outcome = cell.shell("echo kept > \"$GOCACHE/entry\"; echo $GOCACHE");
        let inside = if tier == Tier::L2 {
            "/cache/go"
        } else {
            source.to_str().expect("a text")
        };
        assert_eq!(outcome.lines(), [inside], "{tier}");
        assert_eq!(
            fs::read_to_string(source.join("entry")).expect("an entry"),
            "kept\n",
            "{tier}"
        );
    }
}

#[test]
fn toolchains_are_executed_at_their_own_paths_and_cannot_be_written() {
    for tier in SHUT {
        let mut cell = Cell::new(tier);
        let chain = cell.outside("chain");
        fs::create_dir_all(chain.join("bin")).expect("a folder");
        let tool = chain.join("bin/tool");
        fs::write(
            &tool,
            "#!/bin/sh\necho made\necho x 2>/dev/null >\"$0\" || echo refused\n",
        )
        .expect("a tool");
        fs::set_permissions(&tool, fs::Permissions::from_mode(0o755)).expect("executable");
        cell.spec.toolchains = vec![chain.clone(), chain.join("bin"), "/usr/bin".into()];
        cell.spec.program = tool;
        assert_eq!(
            run_spec(&cell.spec).expect("it runs").lines(),
            ["made", "refused"],
            "{tier}"
        );
    }
}

#[test]
fn c08_outputs_carry_no_ids_devices_or_attributes() {
    for tier in SHUT {
        let outcome = Cell::new(tier).python(
            "open('file', 'w')\n\
             attempt(lambda: os.chmod('file', 0o4755))\n\
             attempt(lambda: os.chmod('file', 0o2755))\n\
             attempt(lambda: os.open('new', os.O_CREAT | os.O_WRONLY, 0o4755))\n\
             attempt(lambda: os.mknod('device', 0o060644, os.makedev(7, 0)))\n\
             attempt(lambda: os.mknod('null', 0o020666, os.makedev(1, 3)))\n\
             attempt(lambda: os.setxattr('file', 'user.x', b'x'))\n\
             attempt(lambda: call(452, -100, b'file', 0o4755, 0))",
        );
        outcome.only(&["EPERM", "EACCES", "EOPNOTSUPP", "ENOTSUP"]);
        assert_eq!(outcome.lines().len(), 7, "{tier}");
    }
}

#[test]
fn ordinary_file_work_is_not_in_the_way() {
    for tier in ALL {
        let outcome = Cell::new(tier).python(
            "import shutil, tempfile\n\
             os.makedirs('a/b'); open('a/b/c', 'w').write('x'); os.chmod('a/b/c', 0o755)\n\
             os.rename('a/b/c', 'd'); os.symlink('d', 'e'); os.link('d', 'f'); shutil.copy2('d', 'g')\n\
             os.mkfifo(os.path.join(tempfile.gettempdir(), 'fifo'))\n\
             subprocess.run(['cp', '-a', 'a', 'h'], check=True)\n\
             a, b = socket.socketpair(); a.send(b'x'); b.recv(1)\n\
             print(oct(os.stat('d').st_mode), oct(os.stat('a').st_mode), os.path.basename(os.getcwd()))",
        );
        let name = if tier == Tier::L2 { "workspace" } else { "tree" };
        assert_eq!(outcome.lines(), [format!("0o100755 0o40755 {name}")], "{tier}");
    }
}

#[test]
fn c23_a_file_cannot_grow_past_its_limit() {
    for tier in ALL {
        let mut cell = Cell::new(tier);
        cell.spec.limits.file_size = 1 << 20;
        let outcome = cell.shell("exec head -c 2000000 /dev/zero > big");
        assert_eq!(outcome.finished.ending, Ending::Signaled(25), "{tier}");
        assert_eq!(fs::metadata(cell.tree("big")).expect("a file").len(), 1 << 20, "{tier}");
    }
}

#[test]
fn f01_a_full_temporary_folder_is_the_tools_own_trouble() {
    let mut cell = Cell::new(Tier::L2);
    cell.spec.limits.temporary = 4 << 20;
    cell.python("attempt(lambda: open('/tmp/big', 'wb').write(bytes(8 << 20)))")
        .only(&["ENOSPC"]);
}
