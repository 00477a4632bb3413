//! The facts of a call that its handler may ask for.

use std::{net::SocketAddr, sync::Arc, time::Instant};

use crate::method::{Method, ServiceDescriptor};

/// What a server puts into the extensions of a request; [`RequestExt`](crate::RequestExt) reads it.
#[derive(Debug, Clone)]
pub(crate) struct CallContext {
    pub(crate) service: &'static ServiceDescriptor,
    pub(crate) method: &'static Method,
    pub(crate) deadline: Option<Instant>,
    pub(crate) peer: Arc<Peer>,
    /// The one message of the request arrived compressed.
    pub(crate) compressed: bool,
}

/// Who is at the other end of a connection.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Peer {
    /// The peer's address; `None` in process and over Unix sockets.
    pub remote_addr: Option<SocketAddr>,
    /// The address the peer connected to; `None` in process and over Unix sockets.
    pub local_addr: Option<SocketAddr>,
    /// What the TLS handshake told, such as the peer's certificate; `None` without TLS.
    #[cfg(feature = "tls")]
    pub tls: Option<crate::tls::PeerTls>,
}
