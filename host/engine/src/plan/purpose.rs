//! What an action reaches the network for: hosts, or sockets of this machine. Does not know who may, nor where they are.

/// The socket of the user's container engine.
const CONTAINER_ENGINE: &str = "docker";

/// A purpose, as plans name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose<'a> {
    /// A registry (`npm`, `pypi`, `go`) or `host:port`: the network.
    Host,
    /// `docker`: the socket of the user's container engine, wherever it is.
    ContainerEngine,
    /// `unix:/path`: the socket at this path.
    Socket(&'a str),
}

impl<'a> Purpose<'a> {
    /// What a name stands for.
    pub fn of(name: &'a str) -> Self {
        match name.strip_prefix("unix:") {
            Some(path) => Self::Socket(path),
            None if name == CONTAINER_ENGINE => Self::ContainerEngine,
            None => Self::Host,
        }
    }

    /// Whether it is a socket of this machine.
    pub const fn is_socket(self) -> bool {
        matches!(self, Self::ContainerEngine | Self::Socket(_))
    }
}
