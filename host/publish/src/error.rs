//! What can go wrong, as data. Does not know how it is shown.

use std::io;

/// A release was not published.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// The version was published with other content.
    #[error("`{place}` already has the version `{version}`, with other content")]
    Taken {
        /// The version.
        version: String,
        /// The destination.
        place: String,
    },
    /// A version that cannot be the name of a folder.
    #[error("`{0}` is no version: letters, digits, `-`, `_`, `+` and `.`, and no dot at its beginning")]
    Version(String),
    /// A file of the release cannot be read.
    #[error("`{path}` cannot be read")]
    Read {
        /// From the release's folder.
        path: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Something that has no place in a release.
    #[error("`{path}` cannot be published: it is {what}")]
    Strange {
        /// From the release's folder.
        path: String,
        /// What it is, with its article.
        what: &'static str,
    },
    /// A file changed between two looks at it.
    #[error("`{0}` changed while it was published")]
    Changed(String),
    /// The destination folder cannot be read or written.
    #[error("`{path}` cannot be written or read")]
    Folder {
        /// The path.
        path: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A destination that is no address of a bucket.
    #[error("`{place}` is no destination: {reason}")]
    Place {
        /// The destination.
        place: String,
        /// Why not.
        reason: String,
    },
    /// The bucket's server answers with an error.
    #[error("{server} refused `{name}` with {status}{}", said(.code, .message))]
    Refused {
        /// Host and port.
        server: String,
        /// What was asked for.
        name: String,
        /// HTTP status.
        status: u16,
        /// S3's word for it, empty where there is none.
        code: String,
        /// S3's sentence, empty where there is none.
        message: String,
    },
    /// The bucket's server cannot be reached, after some attempts.
    #[error("{server} cannot be reached: {reason}")]
    Unreachable {
        /// Host and port.
        server: String,
        /// Why.
        reason: String,
    },
}

fn said(code: &str, message: &str) -> String {
    match (code, message) {
        ("", _) => String::new(),
        (code, "") => format!(" ({code})"),
        (code, message) => format!(" ({code}: {message})"),
    }
}
