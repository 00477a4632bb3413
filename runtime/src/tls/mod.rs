//! TLS by rustls, versions 1.2 and 1.3: who we are, whom we trust, and the handshakes of both sides.

mod client;
mod error;
mod identity;
mod peer;
mod server;
mod trust;

pub use client::ClientTls;
pub(crate) use client::Connector;
pub use error::TlsError;
pub(crate) use error::{Side, explain};
pub use identity::Identity;
pub use peer::PeerTls;
pub(crate) use server::Acceptor;
pub use server::ServerTls;
pub use trust::TrustRoots;

use std::sync::Arc;

use tokio_rustls::rustls::crypto::{CryptoProvider, ring};

/// HTTP/2 by ALPN, as gRPC asks for it (RFC 9113, 3.2).
const H2: &[u8] = b"h2";
/// HTTP/1.1 by ALPN, for protocols that live without HTTP/2.
const HTTP_1_1: &[u8] = b"http/1.1";

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}
