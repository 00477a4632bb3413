//! Makes connections to a server.

use std::{
    io,
    panic::AssertUnwindSafe,
    sync::{Arc, atomic::AtomicU32},
    time::Duration,
};

use futures_util::{
    future::{BoxFuture, FutureExt},
    stream::{FuturesUnordered, StreamExt},
};
use http::{
    HeaderValue, Request, Uri, header,
    uri::{Authority, Parts, Scheme},
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tonic::Status;

use super::{Address, Endpoint, proxy::Proxy};
use crate::{
    call::Body,
    http2::{Keepalive, unavailable},
    windows::Windows,
};

/// How servers are spoken to: what all connections of a channel have in common.
#[derive(Debug)]
pub(super) struct Connector {
    pub(super) security: Security,
    pub(super) authority: Authority,
    pub(super) proxy: Option<Proxy>,
    pub(super) dial: Option<Dial>,
    pub(super) connect_timeout: Duration,
    pub(super) keepalive: Option<Keepalive>,
    /// How often servers said that they got too many pings: each time doubles the interval of keepalive (gRFC A8).
    pub(super) calls_for_calm: Arc<AtomicU32>,
    /// The bytes that head and trailers of an answer may have, each.
    pub(super) max_header_bytes: u32,
    pub(super) windows: Windows,
    pub(super) user_agent: Option<HeaderValue>,
}

/// How bytes travel to a server.
#[derive(Debug)]
pub(super) enum Security {
    Plain,
    #[cfg(feature = "tls")]
    Tls(crate::tls::Connector),
}

/// What makes connections in place of sockets.
#[derive(Clone)]
pub(super) struct Dial(Arc<dyn Fn(Address) -> BoxFuture<'static, io::Result<Io>> + Send + Sync>);

impl Dial {
    pub(super) fn new<F, S>(dial: impl Fn(Address) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = io::Result<S>> + Send + 'static,
        S: AsyncRead + AsyncWrite + Send + 'static,
    {
        Self(Arc::new(move |address| {
            let dialling = dial(address);
            Box::pin(async move { dialling.await.map(|stream| Box::pin(stream) as Io) })
        }))
    }

    /// A panic is a failed attempt.
    async fn connect(&self, address: Address) -> Result<Io, String> {
        let dialling = AssertUnwindSafe(async { (self.0)(address).await }).catch_unwind().await;
        match dialling {
            Ok(result) => result.map_err(|error| error.to_string()),
            Err(_) => Err("the function of `connect_with` panicked".to_owned()),
        }
    }
}

impl std::fmt::Debug for Dial {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Dial")
    }
}

/// A connection's bytes.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send {}

impl<T: AsyncRead + AsyncWrite + Send> Stream for T {}

pub(super) type Io = std::pin::Pin<Box<dyn Stream>>;

/// How long the next address waits for the one before it (RFC 8305, "Connection Attempt Delay").
const STAGGER: Duration = Duration::from_millis(250);

impl Connector {
    /// Connects to the first address of a server that answers, and opens a protocol on the connection.
    ///
    /// # Errors
    ///
    /// UNAVAILABLE, with the cause in words.
    pub(super) async fn open<C, F>(
        &self,
        endpoint: &Endpoint,
        greet: impl Fn(Io, Address) -> F,
    ) -> Result<(C, Address), Status>
    where
        F: Future<Output = Result<C, String>>,
    {
        let mut waiting = interleaved(&endpoint.addresses).into_iter();
        let mut running = FuturesUnordered::new();
        let mut why = "the server has no address".to_owned();
        loop {
            match waiting.next() {
                Some(address) => running.push(self.attempt(address, &greet)),
                None if running.is_empty() => return Err(unavailable(format!("cannot connect to {endpoint}: {why}"))),
                None => {}
            }
            let stagger = async {
                match waiting.len() {
                    0 => std::future::pending().await,
                    _ => tokio::time::sleep(STAGGER).await,
                }
            };
            tokio::select! {
                biased;
                Some(result) = running.next() => match result {
                    Ok(connected) => return Ok(connected),
                    Err(error) => why = error,
                },
                () = stagger => {}
            }
        }
    }

    async fn attempt<C, F>(&self, address: &Address, greet: &impl Fn(Io, Address) -> F) -> Result<(C, Address), String>
    where
        F: Future<Output = Result<C, String>>,
    {
        let opening = async { greet(self.connect(address).await?, address.clone()).await };
        let opened = tokio::time::timeout(self.connect_timeout, opening).await;
        let result = opened.unwrap_or_else(|_| Err(format!("no answer within {:?}", self.connect_timeout)));
        result.map(|connection| (connection, address.clone()))
    }

    async fn connect(&self, address: &Address) -> Result<Io, String> {
        if let Some(dial) = &self.dial {
            return self.secure(dial.connect(address.clone()).await?).await;
        }
        if let (Some(proxy), Address::Host(..) | Address::Ip(_)) = (&self.proxy, address) {
            let stream = tcp(proxy.address()).await.map_err(|error| format!("the proxy {proxy}: {error}"))?;
            return self.secure(proxy.tunnel(stream, address).await?).await;
        }
        match address {
            Address::Ip(address) => self.secure(tcp(address).await?).await,
            Address::Host(host, port) => self.secure(tcp((host.as_str(), *port)).await?).await,
            #[cfg(unix)]
            Address::Unix(path) => {
                let stream = tokio::net::UnixStream::connect(path).await.map_err(|error| error.to_string())?;
                Ok(Box::pin(stream))
            }
            #[cfg(not(unix))]
            Address::Unix(_) => Err("this system has no Unix sockets".to_owned()),
        }
    }

    async fn secure(&self, stream: impl Stream + Unpin + 'static) -> Result<Io, String> {
        match &self.security {
            Security::Plain => Ok(Box::pin(stream)),
            #[cfg(feature = "tls")]
            Security::Tls(tls) => Ok(Box::pin(tls.connect(stream).await?)),
        }
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
        self.sign(&mut request);
        request
    }

    /// Says who calls.
    pub(super) fn sign(&self, request: &mut Request<Body>) {
        if let Some(agent) = &self.user_agent {
            request.headers_mut().insert(header::USER_AGENT, agent.clone());
        }
    }
}

async fn tcp(address: impl tokio::net::ToSocketAddrs) -> Result<TcpStream, String> {
    let stream = TcpStream::connect(address).await.map_err(|error| error.to_string())?;
    // It only costs latency where it cannot be set.
    let _ = stream.set_nodelay(true);
    Ok(stream)
}

/// The addresses with the versions of IP in turn, that of the first one first (RFC 8305, 4).
fn interleaved(addresses: &[Address]) -> Vec<&Address> {
    let is_v6 = |address: &&Address| matches!(address, Address::Ip(address) if address.is_ipv6());
    let first_is_v6 = addresses.first().is_some_and(|first| is_v6(&first));
    let (mut first, mut second) =
        (addresses.iter().filter(|a| is_v6(a) == first_is_v6), addresses.iter().filter(|a| is_v6(a) != first_is_v6));
    let mut all = Vec::with_capacity(addresses.len());
    while all.len() < addresses.len() {
        all.extend(first.next());
        all.extend(second.next());
    }
    all
}

impl Security {
    fn scheme(&self) -> Scheme {
        match self {
            Self::Plain => Scheme::HTTP,
            #[cfg(feature = "tls")]
            Self::Tls(_) => Scheme::HTTPS,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_ip_take_turns() {
        let addresses = |list: &[&str]| list.iter().map(|a| Address::Ip(a.parse().unwrap())).collect::<Vec<_>>();
        let given = addresses(&["[::1]:1", "[::2]:1", "[::3]:1", "10.0.0.1:1", "10.0.0.2:1"]);
        let expected = addresses(&["[::1]:1", "10.0.0.1:1", "[::2]:1", "10.0.0.2:1", "[::3]:1"]);
        assert_eq!(interleaved(&given), expected.iter().collect::<Vec<_>>());
        let v4 = addresses(&["10.0.0.1:1", "10.0.0.2:1"]);
        assert_eq!(interleaved(&v4), v4.iter().collect::<Vec<_>>());
    }
}
