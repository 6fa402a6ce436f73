//! What looks like a secret and is written out: as a fixed value it would be in the image, in the repository, and in the
//! cluster's plain configuration. Does not know what an option means.

use farm_sdk::Problem;

use crate::options::Options;

/// Words of names under which nobody keeps anything but secrets, also where another stands before them (`PGPASSWORD`).
const WORDS: [&str; 12] = [
    "ACCESSKEY",
    "APIKEY",
    "CREDENTIAL",
    "CREDENTIALS",
    "PASSPHRASE",
    "PASSWD",
    "PASSWORD",
    "PASSWORDS",
    "PRIVATEKEY",
    "SECRET",
    "SECRETKEY",
    "SECRETS",
];
/// The same, where nothing follows: `TOKENS` are counted.
const LAST_WORDS: [&str; 2] = ["PWD", "TOKEN"];
/// Last words of names that are mostly secrets, and may be a way to sort.
const LIKELY: [&str; 2] = ["KEY", "PASS"];
/// Last words of names that tell something about a secret, and not the secret.
const ABOUT: [&str; 26] = [
    "AGE",
    "ALGORITHM",
    "COUNT",
    "DAYS",
    "DIR",
    "ENABLED",
    "EXPIRY",
    "FIELD",
    "FILE",
    "FOLDER",
    "HEADER",
    "HOURS",
    "LENGTH",
    "LIFETIME",
    "MINUTES",
    "NAME",
    "PATH",
    "POLICY",
    "PROVIDER",
    "REQUIRED",
    "SECONDS",
    "SIZE",
    "TIMEOUT",
    "TTL",
    "TYPE",
    "URL",
];
/// How tokens of services begin, and how long the rest of one is at least.
const TOKENS: [(&str, usize); 19] = [
    ("AIza", 35),
    ("dckr_pat_", 20),
    ("ghp_", 36),
    ("gho_", 36),
    ("ghr_", 36),
    ("ghs_", 36),
    ("ghu_", 36),
    ("github_pat_", 22),
    ("glpat-", 20),
    ("hf_", 30),
    ("npm_", 36),
    ("pypi-", 50),
    ("rk_live_", 16),
    ("sk-ant-", 20),
    ("sk-proj-", 20),
    ("sk_live_", 16),
    ("xoxb-", 20),
    ("xoxp-", 20),
    ("eyJhbGciOi", 30),
];
/// Ways to log in by the header `Authorization`.
const SCHEMES: [&str; 4] = ["apikey", "basic", "bearer", "token"];
/// Programs that put the value of a variable in the place of `$NAME`.
const SHELLS: [&str; 6] = ["ash", "bash", "dash", "ksh", "sh", "zsh"];

/// Refuses options in which a secret is written out.
pub(crate) fn check(options: &Options) -> Result<(), Problem> {
    let known = &options.not_secret;
    let variables = [&options.env, &options.development.env];
    for (name, value) in variables.into_iter().flatten().chain(&options.labels) {
        if !known.contains(name) {
            check_value(name, value)?;
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
        .try_for_each(|words| check_command(words, known))
}

/// Refuses a variable or a label with a secret in its value. Nothing replaces a `$NAME` there: that is text, too.
fn check_value(name: &str, value: &str) -> Result<(), Problem> {
    if is_secret(name) && !is_harmless(name, value) {
        return Err(written_out(&format!(
            "gives `{name}` as text, and it is a secret by its name"
        )));
    }
    if let Some(what) = find(value, false) {
        return Err(written_out(&format!("gives `{name}` {what}")));
    }
    let assigned = pieces(value).filter_map(|piece| piece.split_once('='));
    let mut secret = assigned.filter(|(name, value)| is_surely_secret(name) && !is_harmless(name, value));
    match secret.next() {
        None => Ok(()),
        Some((inner, _)) => Err(written_out(&format!("gives `{name}` a value with `{inner}=` in it"))),
    }
}

/// Refuses a command with a secret in it, in a word of its own or in one that is a script.
fn check_command(words: &[String], known: &[String]) -> Result<(), Problem> {
    let all: Vec<&str> = words.iter().map(String::as_str).collect();
    for (at, word) in words.iter().enumerate() {
        let is_script = is_script(words, at);
        if let Some(what) = find(word, is_script) {
            return Err(written_out(&format!("runs a command with {what}")));
        }
        let inner: Vec<&str> = pieces(word).collect();
        if is_script || inner.len() > 1 {
            (0..inner.len()).try_for_each(|at| check_word((&inner, at), known, is_script))?;
        } else {
            check_word((&all, at), known, false)?;
        }
    }
    Ok(())
}

/// `--token=…`, `--token …` and `TOKEN=…`.
fn check_word((words, at): (&[&str], usize), known: &[String], is_script: bool) -> Result<(), Problem> {
    let word = words[at];
    let next = words
        .get(at + 1)
        .filter(|next| word.starts_with('-') && !next.starts_with('-'));
    let (flag, value) = match word.split_once('=') {
        Some(parts) => parts,
        None => (word, next.copied().unwrap_or_default()),
    };
    let (name, value) = (flag.trim_start_matches('-'), value.trim_matches(QUOTES));
    let is_known = known.iter().any(|known| known == name) || is_script && is_reference(value);
    if is_secret(name) && !is_harmless(name, value) && !is_known {
        return Err(written_out(&format!("runs a command with `{flag}` as text")));
    }
    Ok(())
}

/// Whether a word of a command is a script of a shell, which replaces `$NAME` when the container runs.
fn is_script(words: &[String], at: usize) -> bool {
    let is_shell = |word: &String| SHELLS.contains(&word.rsplit('/').next().unwrap_or(word));
    let is_flag = |word: &String| {
        let letters = word.strip_prefix('-').unwrap_or_default();
        letters.ends_with('c') && letters.bytes().all(|byte| byte.is_ascii_lowercase())
    };
    at > 0 && is_flag(&words[at - 1]) && words[..at].iter().any(is_shell)
}

fn written_out(what: &str) -> Problem {
    let problem = Problem::new(format!("an option {what}"));
    problem.hint(
        "name the variable in the option `secrets`: its value stays in the environment or in a Secret, and nothing \
         replaces a `$NAME` in a value; what is no secret may be named in `not-secret`",
    )
}

/// Quotes around values of a script.
const QUOTES: [char; 2] = ['"', '\''];

/// The words of a script, of a query or of a list of settings.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let is_between = |c: char| c.is_whitespace() || ";&|?(),".contains(c);
    let words = text.split(is_between).map(|word| word.trim_matches(QUOTES));
    words.filter(|word| !word.is_empty())
}

/// The words of a name, in capitals: parted by signs, or as in `dbPassword`.
fn words_of(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before = ' ';
    for c in name.chars() {
        let is_new = c.is_ascii_uppercase() && (before.is_ascii_lowercase() || before.is_ascii_digit());
        if is_new || !c.is_ascii_alphanumeric() {
            words.push(String::new());
        }
        if c.is_ascii_alphanumeric() {
            words
                .last_mut()
                .into_iter()
                .for_each(|word| word.push(c.to_ascii_uppercase()));
        }
        before = c;
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Whether a variable, a label or a flag is a secret by its name.
fn is_secret(name: &str) -> bool {
    let words = words_of(name);
    let is_likely = words.last().is_some_and(|last| LIKELY.contains(&last.as_str()));
    is_surely_secret(name) || is_likely && !is_public(&words)
}

/// The same, where nobody means anything else by it.
fn is_surely_secret(name: &str) -> bool {
    let words = words_of(name);
    let ends = |word: &str, ends: &[&str]| ends.iter().any(|end| word.ends_with(end));
    // `API_KEY` is `APIKEY`.
    let whole = words.concat();
    let is_last = ends(&whole, &LAST_WORDS) || ends(&whole, &WORDS);
    !is_public(&words) && (is_last || words.iter().any(|word| ends(word, &WORDS)))
}

/// Whether a name says that it is no secret, or that it tells something about one.
fn is_public(words: &[String]) -> bool {
    let is_about = words.last().is_some_and(|last| ABOUT.contains(&last.as_str()));
    is_about || words.iter().any(|word| word == "PUBLIC")
}

/// Whether a value is a switch; or a number or a path to where the secret is, unless the name is that of a password itself.
fn is_harmless(name: &str, value: &str) -> bool {
    let is_switch = ["", "true", "false", "yes", "no", "on", "off"].contains(&value);
    let is_place = value.starts_with('/') || value.parse::<f64>().is_ok();
    let last = words_of(name).pop().unwrap_or_default();
    let is_password = last == "PASS"
        || WORDS
            .iter()
            .any(|end| !end.starts_with("CREDENTIAL") && last.ends_with(end));
    is_switch || (!is_password && is_place)
}

/// Whether a shell finds the value elsewhere.
fn is_reference(value: &str) -> bool {
    value.starts_with(['$', '`'])
}

/// What is secret in a text, whatever it is called.
fn find(text: &str, is_script: bool) -> Option<&'static str> {
    let found = [
        (has_password(text, is_script), "an address with a password in it"),
        (has_key(text), "a private key in it"),
        (has_token(text), "a token of a service in it"),
        (has_login(text, is_script), "a header `Authorization` in it"),
    ];
    found.into_iter().find(|(is_there, _)| *is_there).map(|(_, what)| what)
}

/// Whether there is an address like `scheme://user:password@host` in it. A password may have any sign, `/` too; `<…>` and
/// `{…}` stand for one.
fn has_password(text: &str, is_script: bool) -> bool {
    let login = |rest: &str| -> Option<bool> {
        let address = rest.split(|c: char| c.is_whitespace() || QUOTES.contains(&c)).next()?;
        let (user, password) = address.rsplit_once('@')?.0.split_once(':')?;
        // A path may have both signs: `host/a:b@c`, `host:8080/a@b`.
        let port = password.split_once('/').map(|(port, _)| port);
        let is_path = user.contains('/') || port.is_some_and(|port| port.parse::<u16>().is_ok());
        let is_elsewhere = password.starts_with(['<', '{']) || is_script && is_reference(password);
        Some(!is_path && !password.is_empty() && !is_elsewhere)
    };
    text.split("://").skip(1).any(|rest| login(rest).unwrap_or_default())
}

fn has_key(text: &str) -> bool {
    text.contains("-----BEGIN ") && text.contains("PRIVATE KEY-----")
}

/// Whether a word of it begins as the tokens of a service do, and is as long.
fn has_token(text: &str) -> bool {
    let is_sign = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
    text.split(|c: char| !is_sign(c)).any(|word| {
        let rest = |start: &str, least: usize| word.strip_prefix(start).is_some_and(|rest| rest.len() >= least);
        word.bytes().any(|byte| byte.is_ascii_digit()) && TOKENS.iter().any(|(start, least)| rest(start, *least))
    })
}

fn has_login(text: &str, is_script: bool) -> bool {
    let lower = text.to_ascii_lowercase();
    lower.split("authorization:").skip(1).any(|rest| {
        let mut words = rest.split_whitespace();
        let is_scheme = words.next().is_some_and(|scheme| SCHEMES.contains(&scheme));
        is_scheme && words.next().is_some_and(|value| !(is_script && is_reference(value)))
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
            "PGPASSWORD",
            "MYSQL_PWD",
            "dbPassword",
            "apiKey",
            "accessToken",
            "GITHUBTOKEN",
            "clientSecret",
        ] {
            assert!(is_secret(name), "{name}");
        }
        for name in [
            "TOKEN_TTL",
            "PUBLIC_KEY",
            "publicKey",
            "KEYBOARD",
            "MONKEY",
            "COMPASS",
            "NOTES_STATIC",
            "PASSWORD_FILE",
            "passwordFile",
            "PASSWORD_MIN_LENGTH",
            "SECRET_NAME",
            "AWS_ACCESS_KEY_ID",
            "TOKENIZERS_PARALLELISM",
            "MAX_TOKENS",
        ] {
            assert!(!is_secret(name), "{name}");
        }
    }

    #[test]
    fn a_password_is_none_only_where_it_is_elsewhere() {
        let harmless = [
            ("SSL_KEY", "/etc/ssl/key.pem"),
            ("GOOGLE_APPLICATION_CREDENTIALS", "/run/secrets/key.json"),
            ("OLDPWD", "/srv"),
            ("USE_SECRETS", "true"),
        ];
        for (name, value) in harmless {
            assert!(is_harmless(name, value), "{name}={value}");
        }
        for (name, value) in [
            ("DB_PASSWORD", "1234"),
            ("db.pass", "/hunter2"),
            ("ADMIN_PASSWORD", "$2b$10$abc"),
            ("REDIS_PASSWORD", "$ecret123"),
            ("DB_PASSWORD", "$DB_PASSWORD"),
        ] {
            assert!(!is_harmless(name, value), "{name}={value}");
        }
    }

    #[test]
    fn a_value_may_hold_a_secret_under_any_name() {
        let key = "-----BEGIN PRIVATE KEY-----\nabc";
        let token = format!("ghp_{}", "0123456789".repeat(4));
        for value in [
            "host=db password=hunter2",
            "Server=db;User=app;Password=hunter2",
            "https://example.org/?api_key=abc",
            "postgres://app:pa/ss@db/x",
            "postgres://app:$(DB_PASSWORD)@db/app",
            "Authorization: Bearer abc",
            key,
            &token,
        ] {
            assert!(check_value("A", value).is_err(), "{value}");
        }
        for value in [
            "costs $5 & \"more\"",
            "sort=key; key=name",
            "https://example.org/?token_ttl=5&page=2",
            "the header Authorization: is needed",
            "ghp_short",
            "sk-learn",
            "-Dserver.port=8080 -Dssl.key=/etc/key.pem",
            "password_file=/run/secrets/db",
        ] {
            let checked = check_value("A", value);
            assert!(checked.is_ok(), "{value}: {checked:?}");
        }
    }

    #[test]
    fn a_command_has_secrets_in_one_word_or_in_two() {
        let check = |words: &[&str]| {
            let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
            check_command(&words, &["sort-key".to_owned()])
        };
        for words in [
            &["serve", "--token=abc"][..],
            &["serve", "--password", "hunter2"],
            &["serve", "--password", "$DB_PASSWORD"],
            &["x", "amqp://a:b@c"],
            &["sh", "-c", "A=1 PASSWORD=hunter2 exec x"],
            &["sh", "-ec", "login --password 'hunter2'"],
            &["echo", "-c", "x --password $DB_PASSWORD"],
            &["curl", "--header", "Authorization: Bearer abc"],
            &["java", "-Dspring.datasource.password=hunter2"],
        ] {
            assert!(check(words).is_err(), "{words:?}");
        }
        for words in [
            &["serve", "--token", "--fast"][..],
            &["serve", "--sort-key", "name"],
            &["password", "x"],
            &["/bin/sh", "-c", "PASSWORD=\"$DB_PASSWORD\" exec x --token ${TOKEN:?}"],
            &[
                "sh",
                "-c",
                "PASSWORD=$(cat /run/secrets/db) exec psql postgres://app:$PASSWORD@db/x",
            ],
            &["sh", "-c", "curl --header \"Authorization: Bearer $TOKEN\""],
        ] {
            let checked = check(words);
            assert!(checked.is_ok(), "{words:?}: {checked:?}");
        }
    }

    #[test]
    fn an_address_with_a_password_is_found() {
        for text in [
            "postgres://app:hunter2@db/app",
            "--url=redis://:hunter2@cache:6379",
            "postgres://app:pa/ss@db/x",
            "postgres://app:$ecret@db/x",
        ] {
            assert!(has_password(text, false), "{text}");
        }
        for text in [
            "http://notes:8000",
            "postgres://app@db/app",
            "postgres://app:<password>@db/app",
            "https://example.com/a:b@c",
            "https://registry.example:5000/shop/api@sha256:00",
        ] {
            assert!(!has_password(text, false), "{text}");
        }
        assert!(!has_password("postgres://app:$DB_PASSWORD@db/app", true));
    }
}
