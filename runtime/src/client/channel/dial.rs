//! How bytes get to a server.

use std::{fmt, path::PathBuf, time::Duration};

use http::{
    Request, Uri,
    uri::{Authority, Parts, Scheme},
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tonic::Status;

use crate::{call::Body, http2::unavailable};

/// Where a server is, and how it is spoken to.
#[derive(Debug)]
pub(super) struct Dial {
    pub(super) address: Address,
    pub(super) security: Security,
    pub(super) authority: Authority,
    pub(super) connect_timeout: Duration,
}

/// Where a server is reached.
#[derive(Debug)]
pub(super) enum Address {
    /// Host and port.
    Host(Authority),
    /// The path of a Unix socket.
    Unix(PathBuf),
}

/// How bytes travel to a server.
#[derive(Debug)]
pub(super) enum Security {
    Plain,
    #[cfg(feature = "tls")]
    Tls(crate::tls::Connector),
}

/// A connection's bytes.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send {}

impl<T: AsyncRead + AsyncWrite + Send> Stream for T {}

pub(super) type Io = std::pin::Pin<Box<dyn Stream>>;

impl Dial {
    /// Connects, and opens a protocol on the connection, within the time for both.
    ///
    /// # Errors
    ///
    /// UNAVAILABLE, with the cause in words.
    pub(super) async fn open<C, F>(&self, greet: impl FnOnce(Io) -> F) -> Result<C, Status>
    where
        F: Future<Output = Result<C, String>>,
    {
        let opening = async { greet(self.connect().await?).await };
        tokio::time::timeout(self.connect_timeout, opening)
            .await
            .unwrap_or_else(|_| Err(format!("no answer within {:?}", self.connect_timeout)))
            .map_err(|why| unavailable(format!("cannot connect to {}: {why}", self.address)))
    }

    /// The request with scheme and authority.
    pub(super) fn absolute(&self, mut request: Request<Body>) -> Request<Body> {
        let mut parts = Parts::default();
        parts.scheme = Some(self.security.scheme());
        parts.authority = Some(self.authority.clone());
        parts.path_and_query = request.uri().path_and_query().cloned();
        if let Ok(uri) = Uri::from_parts(parts) {
            *request.uri_mut() = uri;
        }
        request
    }

    async fn connect(&self) -> Result<Io, String> {
        match &self.address {
            Address::Host(authority) => {
                let port = authority.port_u16().unwrap_or(self.security.default_port());
                let stream = TcpStream::connect((host(authority), port)).await.map_err(|error| error.to_string())?;
                let _ = stream.set_nodelay(true);
                self.secure(stream).await
            }
            #[cfg(unix)]
            Address::Unix(path) => {
                let stream = tokio::net::UnixStream::connect(path).await.map_err(|error| error.to_string())?;
                Ok(Box::pin(stream))
            }
            #[cfg(not(unix))]
            Address::Unix(_) => Err("this system has no Unix sockets".to_owned()),
        }
    }

    async fn secure(&self, stream: TcpStream) -> Result<Io, String> {
        match &self.security {
            Security::Plain => Ok(Box::pin(stream)),
            #[cfg(feature = "tls")]
            Security::Tls(tls) => Ok(Box::pin(tls.connect(stream).await?)),
        }
    }
}

impl Security {
    fn scheme(&self) -> Scheme {
        match self {
            Self::Plain => Scheme::HTTP,
            #[cfg(feature = "tls")]
            Self::Tls(_) => Scheme::HTTPS,
        }
    }

    fn default_port(&self) -> u16 {
        match self {
            Self::Plain => 80,
            #[cfg(feature = "tls")]
            Self::Tls(_) => 443,
        }
    }
}

/// The host in an authority, without the brackets of an IPv6 address.
pub(super) fn host(authority: &Authority) -> &str {
    authority.host().trim_matches(['[', ']'])
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Host(authority) => authority.fmt(f),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}
