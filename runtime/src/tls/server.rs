//! The server's side.

use std::{io, sync::Arc, time::Duration};

use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        client::verify_server_name,
        pki_types::ServerName,
        server::{
            ClientHello, ParsedCertificate, ResolvesServerCert, WebPkiClientVerifier, danger::ClientCertVerifier,
        },
        sign::CertifiedKey,
    },
    server::TlsStream,
};

use super::{H2, HTTP_1_1, Identity, PeerTls, TlsError, TrustRoots, provider};

/// How a server speaks TLS: its certificates, and whether clients must present theirs.
///
/// ```no_run
/// use rsgrpc::{Identity, Server, ServerTls, TrustRoots};
///
/// # fn f() -> Result<(), Box<dyn std::error::Error>> {
/// let tls = ServerTls::new(Identity::from_files("server.crt", "server.key")?)
///     .require_client_certificate(TrustRoots::from_file("clients-ca.crt")?);
/// let server = Server::builder().tls(tls).build()?;
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct ServerTls {
    identities: Vec<Identity>,
    clients: Option<Clients>,
    handshake_timeout: Duration,
}

/// Whose certificates clients may present.
#[derive(Debug, Clone)]
struct Clients {
    roots: TrustRoots,
    required: bool,
}

impl ServerTls {
    /// TLS with this certificate. It is also what clients get that ask for a name which no certificate covers, or for
    /// none at all.
    pub fn new(identity: Identity) -> Self {
        Self { identities: vec![identity], clients: None, handshake_timeout: Duration::from_secs(10) }
    }

    /// Adds a certificate for clients that ask for one of its names (SNI). Where several cover a name, the first that
    /// the client's signature algorithms allow is taken.
    #[must_use]
    pub fn identity(mut self, identity: Identity) -> Self {
        self.identities.push(identity);
        self
    }

    /// Refuses clients that present no certificate of these authorities (mutual TLS). Handlers and interceptors read it
    /// from the [`Peer`](crate::Peer).
    #[must_use]
    pub fn require_client_certificate(mut self, roots: TrustRoots) -> Self {
        self.clients = Some(Clients { roots, required: true });
        self
    }

    /// Takes certificates of these authorities from clients that present one, and serves the others as well. A
    /// certificate of another authority is refused.
    #[must_use]
    pub fn request_client_certificate(mut self, roots: TrustRoots) -> Self {
        self.clients = Some(Clients { roots, required: false });
        self
    }

    /// How long the handshake of a connection may take. Default: 10 seconds.
    #[must_use]
    pub fn handshake_timeout(mut self, timeout: Duration) -> Self {
        self.handshake_timeout = timeout;
        self
    }

    pub(crate) fn acceptor(&self) -> Result<Acceptor, TlsError> {
        let refuse = |error: &dyn std::fmt::Display| TlsError::new(format!("TLS cannot be set up: {error}"));
        let builder = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(|error| refuse(&error))?;
        let builder = match &self.clients {
            None => builder.with_no_client_auth(),
            Some(clients) => builder.with_client_cert_verifier(clients.verifier().map_err(|error| refuse(&error))?),
        };
        let resolver = BySni(self.identities.iter().map(|identity| Arc::clone(&identity.key)).collect());
        let mut config = builder.with_cert_resolver(Arc::new(resolver));
        config.alpn_protocols = vec![H2.to_vec(), HTTP_1_1.to_vec()];
        Ok(Acceptor { tls: Arc::new(config).into(), handshake_timeout: self.handshake_timeout })
    }
}

impl Clients {
    fn verifier(&self) -> Result<Arc<dyn ClientCertVerifier>, impl std::fmt::Display + use<>> {
        let builder = WebPkiClientVerifier::builder_with_provider(Arc::clone(&self.roots.store), provider());
        if self.required { builder.build() } else { builder.allow_unauthenticated().build() }
    }
}

/// [`ServerTls`], ready for connections.
#[derive(Clone)]
pub(crate) struct Acceptor {
    tls: TlsAcceptor,
    pub(crate) handshake_timeout: Duration,
}

impl Acceptor {
    /// The handshake. An error comes with the IO, through which the client has still to learn it.
    pub(crate) async fn accept<IO>(&self, io: IO) -> Result<(TlsStream<IO>, PeerTls), (io::Error, IO)>
    where
        IO: AsyncRead + AsyncWrite + Unpin,
    {
        let stream = self.tls.accept(io).into_fallible().await?;
        let peer = PeerTls::of(stream.get_ref().1);
        Ok((stream, peer))
    }
}

/// Chooses a certificate by the name that the client asks for.
#[derive(Debug)]
struct BySni(Vec<Arc<CertifiedKey>>);

impl ResolvesServerCert for BySni {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let name = hello.server_name().and_then(|name| ServerName::try_from(name).ok());
        let usable = |key: &&Arc<CertifiedKey>| key.key.choose_scheme(hello.signature_schemes()).is_some();
        let named = name.and_then(|name| self.0.iter().filter(|key| covers(key, &name)).find(usable));
        named.or_else(|| self.0.iter().find(usable)).cloned()
    }
}

fn covers(key: &CertifiedKey, name: &ServerName<'_>) -> bool {
    let parsed = key.end_entity_cert().and_then(ParsedCertificate::try_from);
    parsed.is_ok_and(|certificate| verify_server_name(&certificate, name).is_ok())
}
