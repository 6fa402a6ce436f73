//! The environment that a tool gets: complete, and the same on every machine but for what the key knows.
//!
//! Does not know where values come from beyond the map it is given.

use std::collections::BTreeMap;

use crate::plan::CheckedAction;

/// Seconds since 1970 that stand for «now» in everything built: 1980-01-01, the first day that a zip file can hold.
const SOURCE_DATE_EPOCH: &str = "315532800";

/// Network settings that any fetch action gets from the user's environment. They say how the network is reached, not
/// what is fetched (the lock file does), so they are not in the key.
const NETWORK: [&str; 12] = [
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "ALL_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "all_proxy",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
];

/// The same for one purpose.
const NETWORK_FOR: [(&str, &[&str]); 6] = [
    (
        "npm",
        &[
            "NODE_EXTRA_CA_CERTS",
            "npm_config_registry",
            "NPM_CONFIG_REGISTRY",
            "npm_config_cafile",
            "NPM_CONFIG_CAFILE",
            "YARN_NPM_REGISTRY_SERVER",
            "YARN_REGISTRY",
        ],
    ),
    (
        "pypi",
        &[
            "PIP_INDEX_URL",
            "PIP_EXTRA_INDEX_URL",
            "PIP_FIND_LINKS",
            "PIP_TRUSTED_HOST",
            "PIP_CERT",
            "PIP_CLIENT_CERT",
            "PIP_DEFAULT_TIMEOUT",
            "UV_INDEX",
            "UV_DEFAULT_INDEX",
            "UV_INDEX_URL",
            "UV_EXTRA_INDEX_URL",
            "UV_SYSTEM_CERTS",
            "UV_HTTP_TIMEOUT",
        ],
    ),
    (
        "crates",
        &[
            "CARGO_HTTP_CAINFO",
            "CARGO_HTTP_PROXY",
            "CARGO_HTTP_TIMEOUT",
            "CARGO_NET_RETRY",
            "CARGO_REGISTRIES_CRATES_IO_PROTOCOL",
        ],
    ),
    ("hugging-face", &["HF_ENDPOINT", "HF_TOKEN"]),
    ("oci", &["REGISTRY_AUTH_FILE"]),
    (
        "go",
        &[
            "GOPROXY",
            "GONOPROXY",
            "GOPRIVATE",
            "GONOSUMDB",
            "GOSUMDB",
            "GOINSECURE",
            "NETRC",
        ],
    ),
];

/// The variables of a tool action, sorted; HOME, TMPDIR and the tool caches' are added by the sandbox.
pub(super) fn of(
    action: &CheckedAction,
    path: String,
    passed: &BTreeMap<String, String>,
    user: &BTreeMap<String, String>,
) -> Vec<(String, String)> {
    let mut all: BTreeMap<String, String> = BTreeMap::new();
    if let Some(fetch) = action.fetch.as_ref().filter(|fetch| fetch.has_network()) {
        let own = NETWORK_FOR
            .iter()
            .filter(|(purpose, _)| fetch.from.iter().any(|from| from == purpose));
        let names = NETWORK.iter().chain(own.flat_map(|(_, names)| names.iter()));
        all.extend(names.filter_map(|name| Some(((*name).to_owned(), user.get(*name)?.clone()))));
    }
    let fixed = [
        ("LANG", "C.UTF-8"),
        ("LC_ALL", "C.UTF-8"),
        ("TZ", "UTC"),
        ("SOURCE_DATE_EPOCH", SOURCE_DATE_EPOCH),
    ];
    all.extend(fixed.map(|(name, value)| (name.to_owned(), value.to_owned())));
    all.extend(action.environment.iter().cloned());
    all.extend(passed.iter().map(|(name, value)| (name.clone(), value.clone())));
    all.extend(
        action
            .secrets
            .iter()
            .filter_map(|name| Some((name.clone(), user.get(name)?.clone()))),
    );
    all.insert("PATH".to_owned(), path);
    all.into_iter().collect()
}

/// Files outside the base system that the network settings name (certificates, logins), which must be visible.
pub(super) fn files_named(environment: &[(String, String)]) -> Vec<std::path::PathBuf> {
    let is_file_setting = |name: &str| {
        let name = name.to_ascii_uppercase();
        name.contains("CERT")
            || name.contains("CA_")
            || name.contains("CAFILE")
            || ["NETRC", "PIP_FIND_LINKS", "REGISTRY_AUTH_FILE"].contains(&name.as_str())
    };
    let paths = environment
        .iter()
        .filter(|(name, value)| is_file_setting(name) && value.starts_with('/'));
    paths.map(|(_, value)| value.into()).collect()
}
