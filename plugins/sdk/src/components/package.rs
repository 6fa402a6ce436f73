//! One package, as CycloneDX 1.6 writes a component. Does not know where it was found.

use serde::Serialize;

use super::base64;

/// A package that is part of an artifact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Component {
    /// CycloneDX's type: `library`, or `application`, `framework`, `operating-system`, …
    pub r#type: String,
    /// What others name it by; the same as the purl, where it has one.
    pub bom_ref: String,
    /// Its name, as its ecosystem writes it.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Whether it is part of what runs; none: it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<Scope>,
    /// Hashes of its files, as the lock file gives them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hashes: Vec<Hash>,
    /// Its licence.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub licenses: Vec<License>,
    /// Its package URL; empty for what no registry knows.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub purl: String,
}

/// Whether a package is part of what runs. A later one says more than an earlier one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// For development alone.
    Excluded,
    /// Perhaps not installed: for other platforms, or for who asks for it.
    Optional,
    /// It is.
    Required,
}

/// The hash of a file of a package.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Hash {
    /// `SHA-256`, `SHA-512`, …
    pub alg: String,
    /// In lower-case hexadecimal digits.
    pub content: String,
}

/// A licence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum License {
    /// An SPDX expression: `MIT OR Apache-2.0`.
    Expression(String),
    /// Any other text.
    License {
        /// The text.
        name: String,
    },
}

impl Component {
    /// A library of an ecosystem: `npm`, `pypi`, `cargo`, `golang`, `maven/org.group`, `deb/debian`. The purl is made of
    /// these three.
    #[must_use]
    pub fn package(ecosystem: &str, name: &str, version: &str) -> Self {
        let segments: Vec<String> = name.split('/').map(encode).collect();
        let purl = format!("pkg:{ecosystem}/{}@{}", segments.join("/"), encode(version));
        Self {
            r#type: "library".to_owned(),
            bom_ref: purl.clone(),
            name: name.to_owned(),
            version: version.to_owned(),
            scope: None,
            hashes: Vec::new(),
            licenses: Vec::new(),
            purl,
        }
    }

    /// An image that another one is built on, by its digest (`sha256:…`). `name` is `HOST/PATH` where it comes from a
    /// registry, and only then it has a purl; else whatever it is called here.
    #[must_use]
    pub fn image(name: &str, digest: &str) -> Self {
        let registry = name.rsplit_once('/').map(|(_, last)| last);
        let purl = registry.map(|last| {
            let repository = name.split('/').map(encode).collect::<Vec<_>>().join("/");
            format!(
                "pkg:oci/{}@{}?repository_url={repository}",
                encode(last),
                encode(digest)
            )
        });
        let image = Self {
            r#type: "container".to_owned(),
            bom_ref: purl.clone().unwrap_or_else(|| format!("oci:{name}@{digest}")),
            name: name.to_owned(),
            version: digest.to_owned(),
            scope: None,
            hashes: Vec::new(),
            licenses: Vec::new(),
            purl: purl.unwrap_or_default(),
        };
        match digest.strip_prefix("sha256:") {
            Some(hex) => image.hash("SHA-256", hex),
            None => image,
        }
    }

    /// Adds the hash of one of its files, in hexadecimal digits.
    #[must_use]
    pub fn hash(mut self, algorithm: &str, hex: impl Into<String>) -> Self {
        self.hashes.push(Hash {
            alg: algorithm.to_owned(),
            content: hex.into().to_ascii_lowercase(),
        });
        self.hashes.sort();
        self
    }

    /// Adds the hash of one of its files, in base 64; nothing is added where it is none.
    #[must_use]
    pub fn hash_base64(self, algorithm: &str, digits: &str) -> Self {
        match base64::to_hex(digits) {
            Some(hex) => self.hash(algorithm, hex),
            None => self,
        }
    }

    /// Adds the hashes of an `integrity`, as npm, pnpm and Yarn write it: `sha512-…`, and several with spaces between them.
    #[must_use]
    pub fn integrity(self, text: &str) -> Self {
        let hashes = text.split_whitespace().filter_map(hash);
        hashes.fold(self, |component, (algorithm, hex)| component.hash(algorithm, hex))
    }

    /// Says its licence: an SPDX expression, or whatever else stands there.
    #[must_use]
    pub fn license(mut self, text: &str) -> Self {
        let text = text.trim().to_owned();
        self.licenses = vec![if is_expression(&text) {
            License::Expression(text)
        } else {
            License::License { name: text }
        }];
        self
    }

    /// Says whether it is part of what runs. [`Scope::Required`] is what is meant without.
    #[must_use]
    pub fn scope(mut self, scope: Scope) -> Self {
        self.scope = Some(scope).filter(|scope| *scope != Scope::Required);
        self
    }

    /// Takes over what another finding of the same package says.
    pub(super) fn merge(&mut self, other: Self) {
        let required = |scope: Option<Scope>| scope.unwrap_or(Scope::Required);
        let scope = required(self.scope).max(required(other.scope));
        self.scope = Some(scope).filter(|scope| *scope != Scope::Required);
        self.hashes.extend(other.hashes);
        self.hashes.sort();
        self.hashes.dedup();
        if self.licenses.is_empty() {
            self.licenses = other.licenses;
        }
    }
}

/// Algorithm and hexadecimal digits of one hash of an `integrity`: `sha512-…`, in base 64.
fn hash(integrity: &str) -> Option<(&'static str, String)> {
    let (algorithm, digits) = integrity.split_once('-')?;
    let algorithm = match algorithm {
        "sha1" => "SHA-1",
        "sha256" => "SHA-256",
        "sha384" => "SHA-384",
        "sha512" => "SHA-512",
        _ => return None,
    };
    Some((algorithm, base64::to_hex(digits.split('?').next()?)?))
}

/// A part of a purl, with what has a meaning there written as `%40`.
fn encode(text: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-_~:".contains(&byte);
    let encode = |byte: u8| match byte {
        plain if is_plain(plain) => char::from(plain).to_string(),
        other => format!("%{other:02X}"),
    };
    text.bytes().map(encode).collect()
}

/// Whether a text has the form of an SPDX expression: identifiers with `AND`, `OR` or `WITH` between them.
fn is_expression(text: &str) -> bool {
    let is_operator = |word: &str| matches!(word, "AND" | "OR" | "WITH");
    let is_identifier = |word: &str| {
        word != "UNLICENSED"
            && !is_operator(word)
            && word.bytes().all(|b| b.is_ascii_alphanumeric() || b".-+:".contains(&b))
    };
    let text = text.replace(['(', ')'], " ");
    let words: Vec<&str> = text.split_whitespace().collect();
    words.len() % 2 == 1
        && words.iter().enumerate().all(|(at, word)| match at % 2 {
            0 => is_identifier(word),
            _ => is_operator(word),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_purl_is_written_as_its_specification_says() {
        let purl = |ecosystem, name, version| Component::package(ecosystem, name, version).purl;
        assert_eq!(purl("npm", "@babel/core", "7.0.0"), "pkg:npm/%40babel/core@7.0.0");
        assert_eq!(purl("pypi", "torch", "2.1.0+cpu"), "pkg:pypi/torch@2.1.0%2Bcpu");
        assert_eq!(
            purl("golang", "github.com/gorilla/mux", "v1.8.1"),
            "pkg:golang/github.com/gorilla/mux@v1.8.1"
        );
        assert_eq!(purl("deb/debian", "libc6", "1:2.36-9"), "pkg:deb/debian/libc6@1:2.36-9");
    }

    #[test]
    fn an_image_is_known_by_its_digest_and_by_its_registry_where_it_has_one() {
        let fetched = Component::image("registry.example:5000/shop/python", "sha256:ab");
        assert_eq!(
            fetched.purl,
            "pkg:oci/python@sha256:ab?repository_url=registry.example:5000/shop/python"
        );
        assert_eq!(fetched.bom_ref, fetched.purl);
        let here = Component::image("python", "sha256:ab");
        assert_eq!(
            (here.bom_ref.as_str(), here.purl.as_str()),
            ("oci:python@sha256:ab", "")
        );
        assert_eq!(here.hashes[0].content, "ab");
    }

    #[test]
    fn only_what_has_the_form_of_an_expression_is_one() {
        for text in [
            "MIT",
            "(MIT OR Apache-2.0)",
            "Apache-2.0 WITH LLVM-exception",
            "GPL-2.0+",
        ] {
            assert!(is_expression(text), "{text}");
        }
        for text in [
            "",
            "UNLICENSED",
            "SEE LICENSE IN LICENSE.md",
            "BSD 3-Clause",
            "MIT OR",
            "MIT, Apache",
        ] {
            assert!(!is_expression(text), "{text}");
        }
    }
}
