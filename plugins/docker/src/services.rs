//! Services that a product uses beside its own containers: what is known of each. Does not know how they are started.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::Container;
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
    /// What those that use it are told.
    pub(crate) address: Address,
}

/// What a container has to know of a service.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Address {
    pub(crate) env: BTreeMap<String, String>,
    /// Variables with a secret in their values, written `$(NAME)`.
    pub(crate) urls: BTreeMap<String, String>,
    pub(crate) secrets: Vec<String>,
}

/// Name of the user and the database where one has to be named.
const USER: &str = "app";

/// The services of the options.
pub(crate) fn read(options: &Options) -> Vec<Backing> {
    options
        .services
        .iter()
        .map(|(service, wanted)| one(*service, wanted))
        .collect()
}

/// By service, the containers that get its address, where the options name some.
pub(crate) fn used_by(options: &Options) -> BTreeMap<String, Vec<String>> {
    let named = options.services.iter().filter(|(_, wanted)| !wanted.used_by.is_empty());
    named
        .map(|(service, wanted)| (one(*service, wanted).name, wanted.used_by.clone()))
        .collect()
}

fn one(service: Service, wanted: &Wanted) -> Backing {
    let mut backing = match service {
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
    backing
}

impl Container {
    /// Tells it where a service is. What the user says of a variable of that name wins.
    pub(crate) fn uses(&mut self, service: &Backing) {
        let Address { env, urls, secrets } = &service.address;
        let own =
            |name: &String| self.env.contains_key(name) || self.urls.contains_key(name) || self.secrets.contains(name);
        let new = |table: &BTreeMap<String, String>| -> Vec<(String, String)> {
            let entries = table.iter().filter(|(name, _)| !own(name));
            entries.map(|(name, value)| (name.clone(), value.clone())).collect()
        };
        let (env, urls) = (new(env), new(urls));
        self.env.extend(env);
        self.urls.extend(urls);
        self.secrets.extend(secrets.iter().cloned());
        self.secrets.sort_unstable();
        self.secrets.dedup();
        if !self.needs.contains(&service.name) {
            self.needs.push(service.name.clone());
        }
    }
}

fn postgres(wanted: &Wanted) -> Backing {
    let password = secret(wanted, "POSTGRES_PASSWORD");
    let data = "/var/lib/postgresql/data";
    let env = [
        ("POSTGRES_DB", USER),
        ("POSTGRES_HOST", "postgres"),
        ("POSTGRES_PORT", "5432"),
        ("POSTGRES_USER", USER),
    ];
    let url = format!("postgresql://{USER}:$({password})@postgres:5432/{USER}");
    Backing {
        // A folder of its own, since a volume may hold `lost+found`.
        env: table([
            ("PGDATA", &format!("{data}/pgdata")),
            ("POSTGRES_DB", USER),
            ("POSTGRES_USER", USER),
        ]),
        secrets: table([("POSTGRES_PASSWORD", &password)]),
        // Over TCP: the server that the image starts for its first setup listens on a socket alone.
        health: words(&[
            "pg_isready",
            "--host",
            "127.0.0.1",
            "--username",
            USER,
            "--dbname",
            USER,
        ]),
        address: address(env, ("DATABASE_URL", url), Some(password)),
        ..backing("postgres", "postgres:17.2", 5432, data)
    }
}

fn mongodb(wanted: &Wanted) -> Backing {
    let password = secret(wanted, "MONGODB_PASSWORD");
    let env = [
        ("MONGODB_HOST", "mongodb"),
        ("MONGODB_PORT", "27017"),
        ("MONGODB_USER", USER),
    ];
    let url = format!("mongodb://{USER}:$({password})@mongodb:27017/?authSource=admin");
    Backing {
        env: table([("MONGO_INITDB_ROOT_USERNAME", USER)]),
        secrets: table([("MONGO_INITDB_ROOT_PASSWORD", &password)]),
        health: words(&["sh", "-c", MONGODB_ANSWERS]),
        address: address(env, ("MONGODB_URL", url), Some(password)),
        ..backing("mongodb", "mongo:7.0.16", 27017, "/data/db")
    }
}

/// By the container's own name: the server that the image starts for its first setup listens at 127.0.0.1 alone.
const MONGODB_ANSWERS: &str =
    "exec mongosh --quiet --host \"$HOSTNAME\" --eval \"quit(db.adminCommand('ping').ok ? 0 : 1)\"";

/// What starts Redis with the password that its client finds in the environment.
const REDIS_WITH_PASSWORD: &str = "exec docker-entrypoint.sh redis-server - <<END\nrequirepass $REDISCLI_AUTH\nEND\n";

/// Without a password where none is wanted: it is reached by the product's own containers alone.
fn redis(wanted: &Wanted) -> Backing {
    let env = [("REDIS_HOST", "redis"), ("REDIS_PORT", "6379")];
    let login = wanted
        .password
        .as_ref()
        .map_or(String::new(), |password| format!(":$({password})@"));
    let url = format!("redis://{login}redis:6379/0");
    let plain = Backing {
        // With `-e`, an answer such as LOADING is a failure.
        health: words(&["redis-cli", "-e", "ping"]),
        address: address(env, ("REDIS_URL", url), wanted.password.clone()),
        ..backing("redis", "redis:7.4.2", 6379, "/data")
    };
    let Some(password) = &wanted.password else {
        return plain;
    };
    Backing {
        // The client reads this variable; the server has to be told, by its standard input, which nobody else sees. The
        // entry point of the image starts it as the user `redis`.
        secrets: table([("REDISCLI_AUTH", password)]),
        command: words(&["sh", "-c", REDIS_WITH_PASSWORD]),
        ..plain
    }
}

fn ollama() -> Backing {
    Backing {
        health: words(&["ollama", "list"]),
        storage: "20Gi".to_owned(),
        address: address([], ("OLLAMA_HOST", "http://ollama:11434".to_owned()), None),
        ..backing("ollama", "ollama/ollama:0.5.7", 11434, "/root/.ollama")
    }
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
        address: Address::default(),
    }
}

fn secret(wanted: &Wanted, usual: &str) -> String {
    wanted.password.clone().unwrap_or_else(|| usual.to_owned())
}

/// A URL with a secret in it is put together where the secret is known; any other is a value like others.
fn address<const N: usize>(env: [(&str, &str); N], (name, url): (&str, String), password: Option<String>) -> Address {
    let mut address = Address {
        env: table(env),
        urls: BTreeMap::new(),
        secrets: password.into_iter().collect(),
    };
    let is_secret = !address.secrets.is_empty();
    let table = if is_secret { &mut address.urls } else { &mut address.env };
    table.insert(name.to_owned(), url);
    address
}

fn table<const N: usize>(entries: [(&str, &str); N]) -> BTreeMap<String, String> {
    entries.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}
