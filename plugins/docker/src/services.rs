//! Services that a product uses beside its own containers: what is known of each. Does not know how they are started.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::options::{Options, Service, Wanted};

/// A service, as templates see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Backing {
    pub(crate) name: String,
    pub(crate) image: String,
    pub(crate) port: u16,
    pub(crate) command: Vec<String>,
    pub(crate) env: BTreeMap<String, String>,
    /// Its own variables whose values are secret, each with the name of the secret.
    pub(crate) secrets: BTreeMap<String, String>,
    /// A command that ends with 0 when it is ready.
    pub(crate) health: Vec<String>,
    /// The folder of its data.
    pub(crate) data: String,
    pub(crate) storage: String,
}

/// What a container has to know of a service.
#[derive(Debug, Default)]
pub(crate) struct Address {
    pub(crate) env: BTreeMap<String, String>,
    pub(crate) secrets: Vec<String>,
}

/// Name of the user and the database where one has to be named.
const USER: &str = "app";

/// The services of the options, and what a container has to know of them.
pub(crate) fn read(options: &Options) -> (Vec<Backing>, Address) {
    let (mut all, mut addresses) = (Vec::new(), Address::default());
    for (service, wanted) in &options.services {
        let (mut backing, address) = match service {
            Service::Mongodb => mongodb(wanted),
            Service::Ollama => ollama(),
            Service::Postgres => postgres(wanted),
            Service::Redis => redis(wanted),
        };
        if let Some(image) = &wanted.image {
            backing.image.clone_from(image);
        }
        if let Some(storage) = &wanted.storage {
            backing.storage.clone_from(storage);
        }
        all.push(backing);
        addresses.env.extend(address.env);
        addresses.secrets.extend(address.secrets);
    }
    (all, addresses)
}

fn postgres(wanted: &Wanted) -> (Backing, Address) {
    let password = secret(wanted, "POSTGRES_PASSWORD");
    let data = "/var/lib/postgresql/data";
    let backing = Backing {
        // A folder of its own, since a volume may hold `lost+found`.
        env: table([
            ("PGDATA", &format!("{data}/pgdata")),
            ("POSTGRES_DB", USER),
            ("POSTGRES_USER", USER),
        ]),
        secrets: table([("POSTGRES_PASSWORD", &password)]),
        health: words(&["pg_isready", "--username", USER, "--dbname", USER]),
        ..backing("postgres", "postgres:17.2", 5432, data)
    };
    let env = [
        ("POSTGRES_DB", USER),
        ("POSTGRES_HOST", "postgres"),
        ("POSTGRES_PORT", "5432"),
        ("POSTGRES_USER", USER),
    ];
    (backing, address(env, Some(password)))
}

fn mongodb(wanted: &Wanted) -> (Backing, Address) {
    let password = secret(wanted, "MONGODB_PASSWORD");
    let backing = Backing {
        env: table([("MONGO_INITDB_ROOT_USERNAME", USER)]),
        secrets: table([("MONGO_INITDB_ROOT_PASSWORD", &password)]),
        health: words(&[
            "mongosh",
            "--quiet",
            "--eval",
            "quit(db.adminCommand('ping').ok ? 0 : 1)",
        ]),
        ..backing("mongodb", "mongo:7.0.16", 27017, "/data/db")
    };
    let env = [
        ("MONGODB_HOST", "mongodb"),
        ("MONGODB_PORT", "27017"),
        ("MONGODB_USER", USER),
    ];
    (backing, address(env, Some(password)))
}

/// Without a password where none is wanted: it is reached by the product's own containers alone.
fn redis(wanted: &Wanted) -> (Backing, Address) {
    let plain = Backing {
        health: words(&["redis-cli", "ping"]),
        ..backing("redis", "redis:7.4.2", 6379, "/data")
    };
    let address = address(
        [("REDIS_HOST", "redis"), ("REDIS_PORT", "6379")],
        wanted.password.clone(),
    );
    let Some(password) = &wanted.password else {
        return (plain, address);
    };
    let backing = Backing {
        // The client reads this variable; the server has to be told.
        secrets: table([("REDISCLI_AUTH", password)]),
        command: words(&["sh", "-c", "exec redis-server --requirepass \"$REDISCLI_AUTH\""]),
        ..plain
    };
    (backing, address)
}

fn ollama() -> (Backing, Address) {
    let backing = Backing {
        health: words(&["ollama", "list"]),
        storage: "20Gi".to_owned(),
        ..backing("ollama", "ollama/ollama:0.5.7", 11434, "/root/.ollama")
    };
    (backing, address([("OLLAMA_HOST", "http://ollama:11434")], None))
}

fn backing(name: &str, image: &str, port: u16, data: &str) -> Backing {
    Backing {
        name: name.to_owned(),
        image: image.to_owned(),
        port,
        command: Vec::new(),
        env: BTreeMap::new(),
        secrets: BTreeMap::new(),
        health: Vec::new(),
        data: data.to_owned(),
        storage: "1Gi".to_owned(),
    }
}

fn secret(wanted: &Wanted, usual: &str) -> String {
    wanted.password.clone().unwrap_or_else(|| usual.to_owned())
}

fn address<const N: usize>(env: [(&str, &str); N], password: Option<String>) -> Address {
    Address {
        env: table(env),
        secrets: password.into_iter().collect(),
    }
}

fn table<const N: usize>(entries: [(&str, &str); N]) -> BTreeMap<String, String> {
    entries.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}
