//! Takes secrets out of a configuration: what is secret by its name, and what looks like one whatever its name. Does not
//! know what the configuration is for. In doubt something goes: what was taken out is told, by its place alone.

use serde_json::Value;

/// Endings of names under which nobody keeps anything but secrets. Names are compared in lower case, with `_` between
/// their words.
const ENDS: &[&str] = &[
    "access_key",
    "account_key",
    "api_key",
    "apikey",
    "auth",
    "auth_key",
    "authorization",
    "bearer",
    "client_secret",
    "connection_string",
    "cookie",
    "credential",
    "credentials",
    "encryption_key",
    "passphrase",
    "passwd",
    "password",
    "private_key",
    "pwd",
    "secret",
    "secret_key",
    "secrets",
    "session_key",
    "shared_key",
    "signature",
    "signing_key",
    "subscription_key",
    "token",
];

/// Names that are secret when they are just that.
const NAMES: &[&str] = &["key", "pass", "pat", "sig", "tokens"];

/// How keys of well-known services begin.
const BEGINNINGS: &[&str] = &[
    "-----BEGIN",
    "AIza",
    "AKIA",
    "ASIA",
    "Basic ",
    "Bearer ",
    "eyJ",
    "ghp_",
    "gho_",
    "ghs_",
    "github_pat_",
    "glpat-",
    "gsk_",
    "hf_",
    "nvapi-",
    "pplx-",
    "r8_",
    "sk-",
    "sk_",
    "xai-",
    "xoxb-",
    "xoxp-",
    "ya29.",
];

/// Names of digests, which look like keys and are none.
const DIGESTS: &[&str] = &["checksum", "commit", "digest", "revision", "sha256"];

/// Shortest word that may be a key by its looks.
const SHORTEST: usize = 24;

/// Removes every secret, and tells where they were.
pub(crate) fn remove(value: &mut Value) -> Vec<String> {
    let mut removed = Vec::new();
    clean(value, "", "", &mut removed);
    removed.sort_unstable();
    removed
}

/// Cleans what is inside a value; the value itself has already been looked at.
fn clean(value: &mut Value, place: &str, name: &str, removed: &mut Vec<String>) {
    match value {
        Value::Object(table) => table.retain(|name, value| {
            let place = if place.is_empty() {
                name.clone()
            } else {
                format!("{place}.{name}")
            };
            keep(value, &place, name, removed)
        }),
        Value::Array(list) => {
            let mut at = 0;
            list.retain_mut(|value| {
                let place = format!("{place}[{at}]");
                at += 1;
                keep(value, &place, name, removed)
            });
        }
        _ => {}
    }
}

/// Whether a value stays, with what it holds cleaned.
fn keep(value: &mut Value, place: &str, name: &str, removed: &mut Vec<String>) -> bool {
    if is_secret(value, name) {
        removed.push(place.to_owned());
        return false;
    }
    if let Value::String(text) = value
        && let Some(cleaned) = without_login(text)
    {
        removed.push(place.to_owned());
        *text = cleaned;
    }
    clean(value, place, name, removed);
    true
}

fn is_secret(value: &Value, name: &str) -> bool {
    match value {
        Value::Null | Value::Bool(_) => false,
        Value::String(text) if is_reference(text) || text.is_empty() => false,
        Value::String(text) => is_secret_name(name) || looks_secret(text, name),
        Value::Object(table) if is_secret_name(name) => !table.values().all(is_only_references),
        Value::Array(list) if is_secret_name(name) => !list.iter().all(is_only_references),
        Value::Object(_) | Value::Array(_) => false,
        Value::Number(_) => is_secret_name(name),
    }
}

fn is_only_references(value: &Value) -> bool {
    value.as_str().is_some_and(is_reference)
}

/// The name of a variable in place of its value: `${NAME}`, `$NAME`, `env:NAME`.
fn is_reference(text: &str) -> bool {
    let braced = text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}'));
    let name = braced
        .or_else(|| text.strip_prefix('$'))
        .or_else(|| text.strip_prefix("env:"));
    name.is_some_and(|name| {
        let plain = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
        name.starts_with(|c: char| c.is_ascii_uppercase() || c == '_') && name.chars().all(plain)
    })
}

fn is_secret_name(name: &str) -> bool {
    let name = words(name);
    let ends = |end: &&str| {
        let before = name.strip_suffix(*end);
        before.is_some_and(|before| before.is_empty() || before.ends_with('_'))
    };
    NAMES.contains(&name.as_str()) || ENDS.iter().any(ends)
}

/// `X-Api-Key` and `apiKey` as `x_api_key` and `api_key`.
fn words(name: &str) -> String {
    let mut words = String::new();
    let mut was_lower = false;
    for c in name.chars() {
        if c.is_ascii_alphanumeric() {
            if c.is_ascii_uppercase() && was_lower {
                words.push('_');
            }
            words.push(c.to_ascii_lowercase());
        } else {
            words.push('_');
        }
        was_lower = c.is_ascii_lowercase() || c.is_ascii_digit();
    }
    words
}

/// Whether a text is, or has in it, what only a secret looks like.
fn looks_secret(text: &str, name: &str) -> bool {
    let trimmed = text.trim_start();
    let begins = |beginning: &&str| trimmed.strip_prefix(*beginning).is_some_and(|rest| rest.len() >= 8);
    if BEGINNINGS.iter().any(begins) {
        return true;
    }
    let name = words(name);
    if DIGESTS.iter().any(|digest| name.ends_with(digest)) && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return false;
    }
    let is_word = |c: char| c.is_ascii_alphanumeric() || "_-+=".contains(c);
    text.split(|c: char| !is_word(c)).any(is_random)
}

/// Letters in both cases, or hexadecimal digits, with digits all over: nobody names anything like that.
fn is_random(word: &str) -> bool {
    let has = |test: fn(&u8) -> bool| word.bytes().filter(test).count();
    let digits = has(u8::is_ascii_digit);
    let (upper, lower) = (has(u8::is_ascii_uppercase), has(u8::is_ascii_lowercase));
    let is_hex = word.bytes().all(|byte| byte.is_ascii_hexdigit());
    word.len() >= SHORTEST && digits >= 3 && (is_hex || (upper >= 3 && lower >= 3))
}

/// An address without user and password, and without parameters that are secret by their names; none where it has
/// neither.
fn without_login(text: &str) -> Option<String> {
    let (scheme, rest) = text.split_once("://")?;
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let path = without_parameters(path);
    let cleaned = format!("{scheme}://{host}{path}");
    (cleaned != text).then_some(cleaned)
}

fn without_parameters(path: &str) -> String {
    let Some((path, rest)) = path.split_once('?') else {
        return path.to_owned();
    };
    let (query, fragment) = rest
        .split_once('#')
        .map_or((rest, None), |(query, fragment)| (query, Some(fragment)));
    let is_kept = |pair: &&str| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        is_reference(value) || !(is_secret_name(name) || looks_secret(value, name))
    };
    let kept: Vec<&str> = query.split('&').filter(is_kept).collect();
    let query = if kept.is_empty() {
        String::new()
    } else {
        format!("?{}", kept.join("&"))
    };
    let fragment = fragment.map(|fragment| format!("#{fragment}")).unwrap_or_default();
    format!("{path}{query}{fragment}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// What is left, and where something was taken out.
    fn cleaned(mut value: Value) -> (Value, Vec<String>) {
        let removed = remove(&mut value);
        (value, removed)
    }

    #[track_caller]
    fn goes(name: &str, value: Value) {
        let (left, removed) = cleaned(json!({ "a": { name: value } }));
        assert_eq!((left, removed), (json!({ "a": {} }), vec![format!("a.{name}")]));
    }

    #[track_caller]
    fn stays(name: &str, value: Value) {
        let before = json!({ "a": { name: value } });
        assert_eq!(cleaned(before.clone()), (before, Vec::new()));
    }

    #[test]
    fn what_is_secret_by_its_name_goes() {
        for name in [
            "api_key",
            "apiKey",
            "X-Api-Key",
            "OPENAI_API_KEY",
            "password",
            "db-password",
            "token",
            "Authorization",
            "key",
        ] {
            goes(name, json!("short"));
        }
        goes("pin-token", json!(1234));
        goes("credentials", json!({ "user": "anna", "word": "short" }));
        goes("secrets", json!(["one", "two"]));
    }

    #[test]
    fn names_of_variables_stay() {
        stays("api_key", json!("${OPENAI_API_KEY}"));
        stays("token", json!("$TOKEN"));
        stays("password", json!("env:DB_PASSWORD"));
        stays("credentials", json!({ "user": "${USER_NAME}", "word": "${WORD}" }));
        goes("password", json!("$ecret"));
        goes("password", json!("${OPENAI_API_KEY}x"));
    }

    #[test]
    fn what_looks_like_a_secret_goes_whatever_its_name() {
        goes("note", json!("sk-abcdefgh12345678"));
        goes("header", json!("Bearer abcdefgh"));
        goes("note", json!("-----BEGIN PRIVATE KEY-----\nMII\n"));
        goes("note", json!("use 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b please"));
        goes("note", json!("aB3dE5gH7jK9mN1pQ3sT5vW7"));
        assert_eq!(
            cleaned(json!({ "args": ["--verbose", "ghp_abcdefgh12345678"] })),
            (json!({ "args": ["--verbose"] }), vec!["args[1]".to_owned()])
        );
    }

    #[test]
    fn what_is_none_stays() {
        stays("max_tokens", json!(4096));
        stays("token_limit", json!(4096));
        stays("tokenizer", json!("sentencepiece"));
        stays("public_key_file", json!("keys/public.pem"));
        stays("model", json!("meta-llama/Llama-3.2-1B-Instruct-Q4_K_M"));
        stays("revision", json!("9f86d081884c7d659a2feaa0c55ad015a3bf4f1b"));
        stays("description", json!("a skillful answer, within 30 seconds"));
        stays("authorized", json!(true));
        stays("url", json!("https://models.example:8443/v1?region=eu#top"));
    }

    #[test]
    fn addresses_stay_without_their_logins() {
        let url = |text: &str| without_login(text).unwrap_or_else(|| text.to_owned());
        assert_eq!(url("postgres://anna:word@db.example/x"), "postgres://db.example/x");
        assert_eq!(
            url("https://h.example/v1?api_key=abc&region=eu"),
            "https://h.example/v1?region=eu"
        );
        assert_eq!(url("https://h.example/v1?sig=abc#x"), "https://h.example/v1#x");
        assert_eq!(
            url("https://h.example/v1?key=${NAME}"),
            "https://h.example/v1?key=${NAME}"
        );
        let (left, removed) = cleaned(json!({ "url": "https://anna:word@h.example" }));
        assert_eq!(
            (left, removed),
            (json!({ "url": "https://h.example" }), vec!["url".to_owned()])
        );
    }
}
