//! Files that hold a secret, by their names or by what is in them: in a layer, everybody who has the image could read it.
//! Does not know whose files they are.

use std::fs;
use std::path::Path;

use farm_sdk::Problem;

/// What ssh calls private keys.
const KEYS: [&str; 4] = ["id_dsa", "id_ecdsa", "id_ed25519", "id_rsa"];
/// Programs keep passwords in files of these names, and nothing else.
const NAMES: [&str; 8] = [
    ".dockercfg",
    ".git-credentials",
    ".htpasswd",
    ".netrc",
    ".pgpass",
    ".pypirc",
    ".vault-token",
    "_netrc",
];
/// The same, with the folder that they are in.
const PLACES: [&str; 4] = [
    ".aws/credentials",
    ".config/gcloud/application_default_credentials.json",
    ".docker/config.json",
    ".kube/config",
];
/// Stores of private keys.
const ENDINGS: [&str; 3] = [".kdbx", ".p12", ".pfx"];
/// What a file of variables ends in that only shows which there are.
const EXAMPLES: [&str; 5] = [".default", ".defaults", ".example", ".sample", ".template"];
/// No key is in a file that is bigger.
const MAX_SIZE: u64 = 256 << 10;

/// What is secret in a file at this place of an image, if anything is.
pub(super) fn find(place: &str, file: &Path) -> Result<Option<&'static str>, Problem> {
    let name = place.rsplit('/').next().unwrap_or(place);
    let is_at = |end: &str| {
        place
            .strip_suffix(end)
            .is_some_and(|rest| rest.is_empty() || rest.ends_with('/'))
    };
    if NAMES.contains(&name) || PLACES.into_iter().any(is_at) {
        return Ok(Some("credentials"));
    }
    if KEYS.contains(&name) || ENDINGS.iter().any(|ending| name.ends_with(ending)) {
        return Ok(Some("a private key"));
    }
    let is_example = EXAMPLES.iter().any(|ending| name.ends_with(ending));
    if (name == ".env" || name.starts_with(".env.")) && !is_example {
        return Ok(Some("variables that nobody else is to see"));
    }
    if fs::metadata(file)?.len() > MAX_SIZE {
        return Ok(None);
    }
    let content = fs::read(file)?;
    let text = String::from_utf8_lossy(&content);
    if has_private_key(&text) {
        return Ok(Some("a private key"));
    }
    Ok((name == ".npmrc" && has_npm_token(&text)).then_some("the token of a registry"))
}

/// Whether a line begins a private key, and base64 follows; a program that writes or looks for such a line holds none.
fn has_private_key(text: &str) -> bool {
    let mut lines = text.lines().map(str::trim);
    let is_begun = |line: &str| line.starts_with("-----BEGIN ") && line.ends_with("PRIVATE KEY-----");
    while lines.any(is_begun) {
        let is_base64 = |line: &str| {
            let is_sign = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte);
            line.len() >= 16 && line.bytes().all(is_sign)
        };
        if lines.clone().take(4).any(is_base64) {
            return true;
        }
    }
    false
}

/// Whether a token is written out, and not taken from a variable.
fn has_npm_token(text: &str) -> bool {
    let values = text.lines().filter_map(|line| line.split_once('='));
    let is_secret = |name: &str| {
        ["_auth", "_authToken", "_password"]
            .iter()
            .any(|end| name.trim().ends_with(end))
    };
    values
        .filter(|(name, _)| is_secret(name))
        .any(|(_, value)| !value.trim().is_empty() && !value.contains("${"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIAAAAAAAAAAA\n-----END PRIVATE KEY-----\n";

    fn found(place: &str, content: &str) -> Option<&'static str> {
        let file = tempfile::NamedTempFile::new().expect("a file");
        fs::write(file.path(), content).expect("written");
        find(place, file.path()).expect("readable")
    }

    #[test]
    fn secrets_are_found_by_name_and_by_content() {
        for place in [
            "app/.env",
            "app/.env.production",
            ".netrc",
            "root/.ssh/id_rsa",
            "root/.aws/credentials",
            "app/store.p12",
        ] {
            assert!(found(place, "x").is_some(), "{place}");
        }
        assert_eq!(found("app/server.pem", KEY), Some("a private key"));
        let both = format!("-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n{KEY}");
        assert_eq!(found("app/both.pem", &both), Some("a private key"));
        assert!(found(".npmrc", "//registry.example/:_authToken=abc\n").is_some());
    }

    #[test]
    fn what_is_public_is_let_through() {
        let certificate = "-----BEGIN CERTIFICATE-----\nMIIBszCCAVmgAwIBAgIUAAAAAAAAAAAA\n-----END CERTIFICATE-----\n";
        for (place, content) in [
            ("certifi/cacert.pem", certificate),
            ("app/id_rsa.pub", "ssh-rsa AAAA"),
            ("app/.env.example", "PASSWORD="),
            ("app/pem.py", "BEGIN = '-----BEGIN PRIVATE KEY-----'\n"),
            ("app/pem.txt", "-----BEGIN PRIVATE KEY-----\nis how it begins.\n"),
            (".npmrc", "//registry.example/:_authToken=${NPM_TOKEN}\n"),
            ("app/my.kube/config", ""),
            ("app/environment", ""),
        ] {
            assert_eq!(found(place, content), None, "{place}");
        }
    }
}
