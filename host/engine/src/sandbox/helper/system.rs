//! Which parts of the host every tool may see: the base system, and what of `/etc` tools cannot do without. Lists only;
//! does not know whether they are mounted or allowed by rule.

/// The base system: read and executed.
pub(super) const BASE: &[&str] = &["/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"];

/// Folders of `/etc` that are read. `/etc/ssl` and `/etc/pki` as wholes hold private keys.
pub(super) const ETC_FOLDERS: &[&str] = &[
    "/etc/alternatives",
    "/etc/ca-certificates",
    "/etc/ld.so.conf.d",
    "/etc/pki/ca-trust/extracted",
    "/etc/pki/tls/certs",
    "/etc/ssl/certs",
];

/// Files of `/etc` that are read.
pub(super) const ETC_FILES: &[&str] = &[
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/localtime",
    "/etc/mime.types",
    "/etc/os-release",
    "/etc/ssl/openssl.cnf",
];

/// Files of `/etc` that name people and machines: the host's at L1, made up at L2.
pub(super) const ETC_NAMES: &[&str] = &["/etc/passwd", "/etc/group", "/etc/hosts", "/etc/nsswitch.conf"];

/// Files of `/etc` that a tool with network needs as the host has them.
pub(super) const ETC_NETWORK: &[&str] = &["/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf"];

/// Devices that hold nothing.
pub(super) const DEVICES: &[&str] = &["/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"];

/// What stands in [`ETC_NAMES`] inside, at L2.
pub(super) const MADE_UP: &[(&str, &str)] = &[
    (
        "passwd",
        "build:x:1000:1000:build:/home/build:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n",
    ),
    ("group", "build:x:1000:\nnogroup:x:65534:\n"),
    ("hosts", "127.0.0.1 localhost farm\n::1 localhost farm\n"),
    ("nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n"),
];

/// The user and group inside, at L2: the same on every machine, and not root.
pub(super) const USER: u32 = 1000;
