//! What the handshake told about the peer.

use std::sync::Arc;

use tokio_rustls::rustls::{
    ProtocolVersion, ServerConnection,
    pki_types::{CertificateDer, ServerName},
};
use webpki::EndEntityCert;

use super::H2;

/// The TLS side of a [`Peer`](crate::Peer); cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerTls(Arc<Told>);

#[derive(Debug, PartialEq, Eq)]
struct Told {
    version: Option<ProtocolVersion>,
    server_name: Option<String>,
    speaks_h2: bool,
    certificates: Vec<CertificateDer<'static>>,
}

impl PeerTls {
    pub(super) fn of(connection: &ServerConnection) -> Self {
        Self(Arc::new(Told {
            version: connection.protocol_version(),
            server_name: connection.server_name().map(str::to_owned),
            speaks_h2: connection.alpn_protocol() == Some(H2),
            certificates: connection
                .peer_certificates()
                .map(|chain| chain.iter().map(|certificate| certificate.clone().into_owned()).collect())
                .unwrap_or_default(),
        }))
    }

    /// The TLS version, such as `TLSv1_3`.
    pub fn version(&self) -> &'static str {
        self.0.version.and_then(|version| version.as_str()).unwrap_or("unknown")
    }

    /// The host name that the client asked for (SNI); `None` where it asked for none.
    pub fn server_name(&self) -> Option<&str> {
        self.0.server_name.as_deref()
    }

    /// The peer's certificate chain as DER, as it was presented: its own certificate first, which is verified, then what
    /// came with it, which need not have been of use. Empty where it presented none.
    pub fn certificates(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        self.0.certificates.iter().map(|certificate| certificate.as_ref())
    }

    /// The DNS names in the subject alternative names of the peer's certificate.
    pub fn dns_names(&self) -> Vec<&str> {
        self.certificate().map(|certificate| certificate.valid_dns_names().collect()).unwrap_or_default()
    }

    /// The URIs in the subject alternative names of the peer's certificate.
    pub fn uris(&self) -> Vec<&str> {
        self.certificate().map(|certificate| certificate.valid_uri_names().collect()).unwrap_or_default()
    }

    /// The SPIFFE ID of the peer: the one URI of its certificate, where its scheme is `spiffe`. A certificate with more
    /// than one URI is no SPIFFE SVID and has none (SPIFFE X.509-SVID, 2).
    pub fn spiffe_id(&self) -> Option<&str> {
        match self.uris()[..] {
            [uri] if uri.starts_with("spiffe://") => Some(uri),
            _ => None,
        }
    }

    /// Whether the peer's certificate is valid for this DNS name or IP address.
    pub fn is_valid_for(&self, name: &str) -> bool {
        match (self.certificate(), ServerName::try_from(name)) {
            (Some(certificate), Ok(name)) => certificate.verify_is_valid_for_subject_name(&name).is_ok(),
            _ => false,
        }
    }

    /// Whether HTTP/2 was agreed on by ALPN.
    pub(crate) fn speaks_h2(&self) -> bool {
        self.0.speaks_h2
    }

    fn certificate(&self) -> Option<EndEntityCert<'_>> {
        EndEntityCert::try_from(self.0.certificates.first()?).ok()
    }
}
