//! Where servers are.

use std::{fmt, net::SocketAddr, path::PathBuf, sync::Arc};

use tonic::Extensions;

/// Where a server listens.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Address {
    /// An IP address and port.
    Ip(SocketAddr),
    /// The path of a Unix socket.
    Unix(PathBuf),
    /// A host and port. The name is looked up by whoever connects: this process, or the proxy on the way.
    Host(String, u16),
}

impl From<SocketAddr> for Address {
    fn from(address: SocketAddr) -> Self {
        Self::Ip(address)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(address) => address.fmt(f),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
            Self::Host(host, port) if host.contains(':') => write!(f, "[{host}]:{port}"),
            Self::Host(host, port) => write!(f, "{host}:{port}"),
        }
    }
}

/// One server, as a [`Resolver`](super::Resolver) tells of it: the addresses by which it is reached, any of which will do,
/// and what is known about it.
#[derive(Debug, Clone)]
pub struct Endpoint {
    pub(super) addresses: Vec<Address>,
    pub(super) name: Option<Arc<str>>,
    pub(super) weight: u32,
    pub(super) locality: Option<Arc<str>>,
    pub(super) attributes: Extensions,
}

impl Endpoint {
    /// A server with one address.
    pub fn new(address: impl Into<Address>) -> Self {
        Self::at([address.into()])
    }

    /// A server with several addresses, such as one for each version of IP. They are tried in this order, the families in
    /// turn, each a quarter of a second after the one before it (RFC 8305).
    pub fn at(addresses: impl IntoIterator<Item = Address>) -> Self {
        Self {
            addresses: addresses.into_iter().collect(),
            name: None,
            weight: 1,
            locality: None,
            attributes: Extensions::new(),
        }
    }

    /// What errors call the server. Default: its address.
    #[must_use]
    pub fn name(mut self, name: impl Into<Arc<str>>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Its share of the calls beside that of others, for policies that look at it. Default: 1; 0 counts as 1.
    #[must_use]
    pub fn weight(mut self, weight: u32) -> Self {
        self.weight = weight.max(1);
        self
    }

    /// The place where it runs, such as a zone.
    #[must_use]
    pub fn locality(mut self, locality: impl Into<Arc<str>>) -> Self {
        self.locality = Some(locality.into());
        self
    }

    /// Anything else that a [`LoadBalancer`](super::LoadBalancer) of yours wants to know.
    #[must_use]
    pub fn attribute<T: Clone + Send + Sync + 'static>(mut self, attribute: T) -> Self {
        self.attributes.insert(attribute);
        self
    }

    /// The addresses by which it is reached.
    pub fn addresses(&self) -> &[Address] {
        &self.addresses
    }

    /// Its share of the calls beside that of others.
    pub fn weight_of(&self) -> u32 {
        self.weight
    }

    /// The place where it runs.
    pub fn locality_of(&self) -> Option<&str> {
        self.locality.as_deref()
    }

    /// The attributes that were added.
    pub fn attributes(&self) -> &Extensions {
        &self.attributes
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.name, &self.addresses[..]) {
            (Some(name), _) => name.fmt(f),
            (None, []) => f.write_str("nowhere"),
            (None, [first, rest @ ..]) => {
                first.fmt(f)?;
                rest.iter().try_for_each(|address| write!(f, ", {address}"))
            }
        }
    }
}
