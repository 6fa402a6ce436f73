//! Releases in a bucket of a store that speaks S3: which requests there are, and when one is sent again. Does not know how
//! a request is signed.

use std::collections::BTreeMap;
use std::io::{Read as _, Seek as _};
use std::thread;
use std::time::{Duration, SystemTime};

use cap_std::fs::File;
use ureq::http::{Response, Uri};
use ureq::{Agent, Body, SendBody};

use crate::release::{Sum, hex_of};
use crate::sigv4::{Call, Signer, encode_path};
use crate::{PublishError, Store};

/// How often a request is sent before it is given up.
const ATTEMPTS: u32 = 4;
/// How long is waited before the second attempt; before each further one, three times as long.
const FIRST_WAIT: Duration = Duration::from_millis(300);
/// Largest file that is read back, and largest answer to an error.
const MAX_READ: u64 = 64 << 20;
/// Largest file that S3 takes in one piece.
const MAX_OBJECT: u64 = 5_000_000_000;
/// Where an object's own digest is kept.
const META_SHA256: &str = "x-amz-meta-sha256";

/// Where a bucket is.
#[derive(Debug, Clone, Default)]
pub struct S3Settings {
    /// Where it is served, if not by AWS.
    pub endpoint: Option<String>,
    /// Its region.
    pub region: Option<String>,
}

/// Who asks. Its secret is in no message and no log.
#[derive(Clone)]
pub struct Credentials {
    key: String,
    secret: String,
    token: Option<String>,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Credentials")
    }
}

impl Credentials {
    /// From the variables that all tools of AWS read; none where they are not set.
    pub fn from_variables(variables: &BTreeMap<String, String>) -> Option<Self> {
        let get = |name: &str| variables.get(name).filter(|value| !value.is_empty()).cloned();
        Some(Self {
            key: get("AWS_ACCESS_KEY_ID")?,
            secret: get("AWS_SECRET_ACCESS_KEY")?,
            token: get("AWS_SESSION_TOKEN"),
        })
    }
}

/// A bucket that holds releases.
#[derive(Debug)]
pub struct S3Store {
    agent: Agent,
    /// Scheme, host and port.
    origin: String,
    host: String,
    /// Path of the bucket with the prefix, encoded, from `/` to `/`.
    base: String,
    region: String,
    credentials: Credentials,
    place: String,
    first_wait: Duration,
}

/// A request's own headers, beside those of the signature.
type Headers = Vec<(&'static str, String)>;

fn bad_place(place: &str, reason: String) -> PublishError {
    PublishError::Place {
        place: place.to_owned(),
        reason,
    }
}

impl S3Store {
    /// The bucket and the prefix of `s3://bucket/prefix`.
    ///
    /// # Errors
    /// The place is another kind of address, or names no bucket.
    pub fn bucket(place: &str) -> Result<(&str, &str), PublishError> {
        let path = place
            .strip_prefix("s3://")
            .ok_or_else(|| bad_place(place, "it does not start with `s3://`".to_owned()))?;
        let (bucket, prefix) = path.split_once('/').unwrap_or((path, ""));
        if bucket.is_empty() {
            return Err(bad_place(place, "it names no bucket".to_owned()));
        }
        Ok((bucket, prefix))
    }

    /// A store at `s3://bucket/prefix`. Nothing is sent yet.
    ///
    /// # Errors
    /// The place or the endpoint is no address.
    pub fn open(place: &str, settings: &S3Settings, credentials: Credentials) -> Result<Self, PublishError> {
        let (bucket, prefix) = Self::bucket(place)?;
        let bad = |reason: String| bad_place(place, reason);
        let region = settings.region.clone().unwrap_or_else(|| "us-east-1".to_owned());
        let (endpoint, bucket) = match &settings.endpoint {
            Some(endpoint) => (endpoint.clone(), format!("/{bucket}")),
            None => (format!("https://{bucket}.s3.{region}.amazonaws.com"), String::new()),
        };
        let no_address = || bad(format!("the endpoint `{endpoint}` is no address: write `https://HOST`"));
        let uri: Uri = endpoint.parse().map_err(|_| no_address())?;
        let (Some(scheme), Some(host)) = (uri.scheme_str(), uri.authority()) else {
            return Err(no_address());
        };
        let folder = [uri.path().trim_matches('/'), prefix.trim_matches('/')];
        let above = if folder[0].is_empty() {
            String::new()
        } else {
            format!("/{}", folder[0])
        };
        let below = if folder[1].is_empty() {
            String::new()
        } else {
            format!("/{}", folder[1])
        };
        Ok(Self {
            agent: agent(),
            origin: format!("{scheme}://{host}"),
            host: host.to_string(),
            base: encode_path(&format!("{above}{bucket}{below}/")),
            region,
            credentials,
            place: place.trim_end_matches('/').to_owned(),
            first_wait: FIRST_WAIT,
        })
    }

    /// Sends a request until it is answered with anything but a passing fault of the server's, a few times.
    fn send(&self, request: &Request<'_>) -> Result<Response<Body>, PublishError> {
        let mut wait = self.first_wait;
        let mut attempt = 1;
        loop {
            match self.attempt(request) {
                Ok(answer) if !is_passing(answer.status().as_u16()) => return Ok(answer),
                Ok(answer) if attempt == ATTEMPTS => return Err(self.refused(request.name, answer)),
                Err(error) if attempt == ATTEMPTS => return Err(self.unreachable(&error)),
                Ok(_) | Err(_) => thread::sleep(wait),
            }
            wait *= 3;
            attempt += 1;
        }
    }

    /// Signs a request as of now, and sends it.
    fn attempt(&self, request: &Request<'_>) -> Result<Response<Body>, ureq::Error> {
        let path = format!("{}{}", self.base, encode_path(request.name));
        let signer = Signer {
            key: &self.credentials.key,
            secret: &self.credentials.secret,
            token: self.credentials.token.as_deref(),
            region: &self.region,
        };
        let call = Call {
            method: request.method,
            host: &self.host,
            path: &path,
            payload: &request.payload.hex(),
            headers: &request.headers,
        };
        let signed = signer.sign(&call, SystemTime::now());
        let mut builder = ureq::http::Request::builder()
            .method(request.method)
            .uri(format!("{}{path}", self.origin));
        for (name, value) in request
            .headers
            .iter()
            .map(|(name, value)| (*name, value))
            .chain(signed.iter().map(|(name, value)| (*name, value)))
        {
            builder = builder.header(name, value);
        }
        match &request.payload {
            Payload::None => self.agent.run(builder.body(())?),
            Payload::Bytes(bytes) => self.agent.run(builder.body(*bytes)?),
            Payload::File(file, sum) => {
                let mut file = file.try_clone()?;
                file.rewind()?;
                let mut body = file.take(sum.size);
                let builder = builder.header("content-length", sum.size);
                self.agent.run(builder.body(SendBody::from_reader(&mut body))?)
            }
        }
    }

    fn unreachable(&self, error: &ureq::Error) -> PublishError {
        PublishError::Unreachable {
            server: self.host.clone(),
            reason: error.to_string(),
        }
    }

    fn refused(&self, name: &str, mut answer: Response<Body>) -> PublishError {
        let body = answer.body_mut().with_config().limit(MAX_READ);
        let text = body.read_to_string().unwrap_or_default();
        PublishError::Refused {
            server: self.host.clone(),
            name: format!("{}/{name}", self.place),
            status: answer.status().as_u16(),
            code: element(&text, "Code"),
            message: element(&text, "Message"),
        }
    }

    /// Sends bytes; the answer, whatever it is.
    fn put_bytes(&self, name: &str, bytes: &[u8], mut headers: Headers) -> Result<Response<Body>, PublishError> {
        headers.push(("content-type", content_type(name).to_owned()));
        self.send(&Request {
            method: "PUT",
            name,
            headers,
            payload: Payload::Bytes(bytes),
        })
    }

    /// Asks for a file, or what is known of it.
    fn ask(&self, method: &'static str, name: &str) -> Result<Response<Body>, PublishError> {
        self.send(&Request {
            method,
            name,
            headers: Vec::new(),
            payload: Payload::None,
        })
    }
}

/// A request, before it is signed.
struct Request<'a> {
    method: &'static str,
    name: &'a str,
    headers: Headers,
    payload: Payload<'a>,
}

/// What a request carries.
enum Payload<'a> {
    None,
    Bytes(&'a [u8]),
    File(&'a File, &'a Sum),
}

impl Payload<'_> {
    /// SHA-256 of it, which the server compares with what it got.
    fn hex(&self) -> String {
        match self {
            Self::None => hex_of(b""),
            Self::Bytes(bytes) => hex_of(bytes),
            Self::File(_, sum) => sum.hex(),
        }
    }
}

impl Store for S3Store {
    fn get(&self, name: &str) -> Result<Option<Vec<u8>>, PublishError> {
        let mut answer = self.ask("GET", name)?;
        match answer.status().as_u16() {
            200 => {
                let read = answer.body_mut().with_config().limit(MAX_READ).read_to_vec();
                read.map(Some).map_err(|error| self.unreachable(&error))
            }
            404 => match self.refused(name, answer) {
                PublishError::Refused { code, .. } if code != "NoSuchBucket" => Ok(None),
                refused => Err(refused),
            },
            _ => Err(self.refused(name, answer)),
        }
    }

    fn has(&self, name: &str, sum: &Sum) -> Result<bool, PublishError> {
        let answer = self.ask("HEAD", name)?;
        match answer.status().as_u16() {
            200 => {
                let header = |name| answer.headers().get(name).and_then(|value| value.to_str().ok());
                let is_size = header("content-length") == Some(sum.size.to_string().as_str());
                Ok(is_size && header(META_SHA256) == Some(sum.hex().as_str()))
            }
            404 => Ok(false),
            _ => Err(self.refused(name, answer)),
        }
    }

    fn put(&self, name: &str, sum: &Sum, file: File) -> Result<(), PublishError> {
        if sum.size > MAX_OBJECT {
            return Err(PublishError::Strange {
                path: sum.path.clone(),
                what: "larger than 5 GB, which S3 does not take in one piece",
            });
        }
        let type_of = ("content-type", content_type(name).to_owned());
        let answer = self.send(&Request {
            method: "PUT",
            name,
            headers: vec![type_of, (META_SHA256, sum.hex())],
            payload: Payload::File(&file, sum),
        })?;
        match answer.status().as_u16() {
            200 => Ok(()),
            _ => Err(self.refused(name, answer)),
        }
    }

    fn put_new(&self, name: &str, bytes: &[u8]) -> Result<bool, PublishError> {
        let answer = self.put_bytes(name, bytes, vec![("if-none-match", "*".to_owned())])?;
        match answer.status().as_u16() {
            200 => Ok(true),
            409 | 412 => Ok(false),
            // A store without conditional requests: look first, and trust that nobody comes between.
            501 if self.get(name)?.is_some() => Ok(false),
            501 => match self.put_bytes(name, bytes, Vec::new())? {
                answer if answer.status().as_u16() == 200 => Ok(true),
                answer => Err(self.refused(name, answer)),
            },
            _ => Err(self.refused(name, answer)),
        }
    }

    fn place(&self) -> &str {
        &self.place
    }
}

fn agent() -> Agent {
    let config = Agent::config_builder()
        .http_status_as_error(false)
        .timeout_connect(Some(Duration::from_secs(20)))
        .timeout_recv_response(Some(Duration::from_secs(120)))
        .user_agent(concat!("farm/", env!("CARGO_PKG_VERSION")));
    config.build().into()
}

/// Whether asking again may help.
fn is_passing(status: u16) -> bool {
    matches!(status, 429 | 500 | 502 | 503 | 504)
}

/// The text of an element of S3's answers, which are flat.
fn element(xml: &str, name: &str) -> String {
    let inner = xml.split_once(&format!("<{name}>")).map_or("", |(_, rest)| rest);
    inner.split('<').next().unwrap_or_default().trim().to_owned()
}

/// What browsers are told of a file, by its name.
fn content_type(name: &str) -> &'static str {
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    match extension.to_ascii_lowercase().as_str() {
        "html" | "htm" => "text/html; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "json" | "map" | "webmanifest" => "application/json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "webp" => "image/webp",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "wasm" => "application/wasm",
        "xml" => "application/xml",
        "txt" | "md" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}
