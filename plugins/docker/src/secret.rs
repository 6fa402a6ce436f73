//! What looks like a secret and is written out: as a fixed value it would be in the image, in the repository, and in the
//! cluster's plain configuration. Does not know what an option means.

use farm_sdk::Problem;

use crate::options::Options;

/// Words of names under which nobody keeps anything but secrets.
const WORDS: [&str; 8] = [
    "APIKEY",
    "CREDENTIAL",
    "CREDENTIALS",
    "PASSPHRASE",
    "PASSWD",
    "PASSWORD",
    "SECRET",
    "SECRETS",
];
/// The same, where nothing follows: `TOKEN_TTL` is none.
const LAST_WORDS: [&str; 3] = ["KEY", "PASS", "TOKEN"];

/// Refuses options in which a secret is written out.
pub(crate) fn check(options: &Options) -> Result<(), Problem> {
    let variables = [&options.env, &options.development.env];
    for (name, value) in variables.into_iter().flatten().chain(&options.labels) {
        if is_secret(name) && !is_harmless(name, value) {
            return Err(written_out(&format!(
                "gives `{name}` as text, and it is a secret by its name"
            )));
        }
        if has_password(value) {
            return Err(written_out(&format!("gives `{name}` an address with a password in it")));
        }
    }
    let development = options.development.command.as_ref();
    let health = options.health.as_ref().and_then(|health| health.command.as_ref());
    let commands = [
        options.entrypoint.as_ref(),
        options.command.as_ref(),
        development,
        health,
    ];
    commands
        .into_iter()
        .flatten()
        .try_for_each(|words| check_command(words))
}

/// Refuses a command with a secret in it: `--token=…`, `--token …`, or an address with a password.
fn check_command(words: &[String]) -> Result<(), Problem> {
    for (at, word) in words.iter().enumerate() {
        let next = words
            .get(at + 1)
            .filter(|next| word.starts_with('-') && !next.starts_with('-'));
        let (flag, value) = match word.split_once('=') {
            Some(parts) => parts,
            None => (word.as_str(), next.map_or("", String::as_str)),
        };
        let name = flag.trim_start_matches('-');
        if is_secret(name) && !is_harmless(name, value) {
            return Err(written_out(&format!("runs a command with `{flag}` as text")));
        }
        if has_password(word) {
            return Err(written_out("runs a command with an address that has a password in it"));
        }
    }
    Ok(())
}

fn written_out(what: &str) -> Problem {
    let problem = Problem::new(format!("an option {what}"));
    problem.hint("name it in the option `secrets`; its value stays in the environment or in a Secret")
}

/// Whether a variable, a label or a flag is a secret by its name. What is public says so.
fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    let words: Vec<&str> = name.split(|c: char| !c.is_ascii_alphanumeric()).collect();
    let is_last = words.last().is_some_and(|last| LAST_WORDS.contains(last));
    !words.contains(&"PUBLIC") && (is_last || words.iter().any(|word| WORDS.contains(word)))
}

/// Whether a value is a switch or a reference to the secret; or a number or a path to where it is, unless the name is that
/// of a password itself.
fn is_harmless(name: &str, value: &str) -> bool {
    let is_switch = ["", "true", "false", "yes", "no", "on", "off"].contains(&value);
    let is_reference = value
        .strip_prefix('$')
        .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_alphabetic() || "_{(".contains(c)));
    let name = name.to_ascii_uppercase();
    let last = name.rsplit(|c: char| !c.is_ascii_alphanumeric()).next();
    let is_password = last.is_some_and(|last| last == "PASS" || WORDS.contains(&last));
    is_switch || is_reference || (!is_password && (value.parse::<f64>().is_ok() || value.starts_with('/')))
}

/// Whether there is an address like `scheme://user:password@host` in it, whose password is no reference.
fn has_password(text: &str) -> bool {
    text.split("://").skip(1).any(|rest| {
        let host = rest
            .split(|c: char| c == '/' || c.is_whitespace())
            .next()
            .unwrap_or_default();
        let user = host.rsplit_once('@').and_then(|(user, _)| user.split_once(':'));
        user.is_some_and(|(_, password)| !password.is_empty() && !password.starts_with(['$', '<', '{']))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_secrets() {
        for name in [
            "DB_PASSWORD",
            "SECRET_KEY",
            "AWS_SECRET_ACCESS_KEY",
            "PASSPHRASE",
            "github-token",
            "STRIPE_API_KEY",
            "db.pass",
        ] {
            assert!(is_secret(name), "{name}");
        }
        for name in [
            "TOKEN_TTL",
            "PUBLIC_KEY",
            "KEYBOARD",
            "MONKEY",
            "COMPASS",
            "NOTES_STATIC",
        ] {
            assert!(!is_secret(name), "{name}");
        }
    }

    #[test]
    fn a_password_is_none_only_where_it_is_elsewhere() {
        let harmless = [
            ("DB_PASSWORD", "$DB_PASSWORD"),
            ("DB_PASSWORD_FILE", "/run/secrets/db"),
            ("PASSWORD_MIN_LENGTH", "12"),
            ("SSL_KEY", "/etc/ssl/key.pem"),
            ("USE_SECRETS", "true"),
        ];
        for (name, value) in harmless {
            assert!(is_harmless(name, value), "{name}={value}");
        }
        for (name, value) in [
            ("DB_PASSWORD", "1234"),
            ("db.pass", "/hunter2"),
            ("ADMIN_PASSWORD", "$2b$10$abc"),
        ] {
            assert!(!is_harmless(name, value), "{name}={value}");
        }
    }

    #[test]
    fn a_command_has_secrets_in_one_word_or_in_two() {
        let check = |words: &[&str]| check_command(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>());
        for words in [
            &["serve", "--token=abc"][..],
            &["serve", "--password", "hunter2"],
            &["x", "amqp://a:b@c"],
        ] {
            assert!(check(words).is_err(), "{words:?}");
        }
        for words in [
            &["serve", "--token", "--fast"][..],
            &["serve", "--password", "$DB_PASSWORD"],
            &["password", "x"],
        ] {
            assert!(check(words).is_ok(), "{words:?}");
        }
    }

    #[test]
    fn an_address_with_a_password_is_found() {
        for text in ["postgres://app:hunter2@db/app", "--url=redis://:hunter2@cache:6379"] {
            assert!(has_password(text), "{text}");
        }
        for text in [
            "http://notes:8000",
            "postgres://app@db/app",
            "postgres://app:$(DB_PASSWORD)@db/app",
            "https://example.com/a:b@c",
        ] {
            assert!(!has_password(text), "{text}");
        }
    }
}
