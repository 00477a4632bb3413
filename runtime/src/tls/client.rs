//! The client's side.

use std::sync::Arc;

use rustls_platform_verifier::Verifier;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::{
    TlsConnector,
    client::TlsStream,
    rustls::{ClientConfig, pki_types::ServerName, sign::SingleCertAndKey},
};

use super::{
    H2, HTTP_1_1, Identity, TlsError, TrustRoots,
    error::{Side, explain},
    provider,
};

/// How a client speaks TLS. The default trusts the authorities that the platform trusts.
///
/// ```no_run
/// use rsgrpc::{Channel, ClientTls, TrustRoots};
///
/// # fn f() -> Result<(), Box<dyn std::error::Error>> {
/// let tls = ClientTls::new().roots(TrustRoots::from_file("ca.crt")?);
/// let channel = Channel::builder("https://greeter.example:50051").tls(tls).build()?;
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Default)]
pub struct ClientTls {
    roots: Option<TrustRoots>,
    identity: Option<Identity>,
    server_name: Option<String>,
}

impl ClientTls {
    /// TLS with the platform's authorities.
    pub fn new() -> Self {
        Self::default()
    }

    /// Trusts these authorities instead of the platform's.
    #[must_use]
    pub fn roots(mut self, roots: TrustRoots) -> Self {
        self.roots = Some(roots);
        self
    }

    /// Presents this certificate to servers that ask for one (mutual TLS).
    #[must_use]
    pub fn identity(mut self, identity: Identity) -> Self {
        self.identity = Some(identity);
        self
    }

    /// The name to ask the server for (SNI) and that its certificate must be valid for. Default: the host of the
    /// target.
    #[must_use]
    pub fn server_name(mut self, name: impl Into<String>) -> Self {
        self.server_name = Some(name.into());
        self
    }

    /// Ready for connections to a host.
    pub(crate) fn connector(&self, host: &str, http1: bool) -> Result<Connector, TlsError> {
        let name = self.server_name.as_deref().unwrap_or(host);
        let name = ServerName::try_from(name)
            .map_err(|_| TlsError::new(format!("{name:?} is neither a DNS name nor an IP address")))?
            .to_owned();
        let refuse = |error: &dyn std::fmt::Display| TlsError::new(format!("TLS cannot be set up: {error}"));
        let provider = provider();
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| refuse(&error))?;
        let builder = match &self.roots {
            Some(roots) => builder.with_root_certificates(Arc::clone(&roots.store)),
            None => {
                let verifier = Verifier::new(provider).map_err(|error| refuse(&error))?;
                builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier))
            }
        };
        let mut config = match &self.identity {
            None => builder.with_no_client_auth(),
            Some(identity) => {
                builder.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(Arc::clone(&identity.key))))
            }
        };
        config.alpn_protocols = vec![if http1 { HTTP_1_1 } else { H2 }.to_vec()];
        Ok(Connector { tls: Arc::new(config).into(), name, http1 })
    }
}

/// [`ClientTls`] for one server.
#[derive(Clone)]
pub(crate) struct Connector {
    tls: TlsConnector,
    name: ServerName<'static>,
    http1: bool,
}

impl Connector {
    /// The handshake. The error says what to mend.
    pub(crate) async fn connect<IO>(&self, io: IO) -> Result<TlsStream<IO>, String>
    where
        IO: AsyncRead + AsyncWrite + Unpin,
    {
        let stream = self.tls.connect(self.name.clone(), io).await.map_err(|error| explain(&error, Side::Client))?;
        // A server without ALPN would be free to answer in HTTP/1.1.
        if !self.http1 && stream.get_ref().1.alpn_protocol() != Some(H2) {
            return Err("the server did not agree to HTTP/2 (`h2` by ALPN), which gRPC needs".to_owned());
        }
        Ok(stream)
    }
}

impl std::fmt::Debug for Connector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connector").field("name", &self.name).finish_non_exhaustive()
    }
}
