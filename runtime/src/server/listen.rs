//! Sockets: the accept loop and the end of a server's life.

use std::{future::Future, io, net::SocketAddr, sync::Arc, time::Duration};

use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream, ToSocketAddrs},
    sync::{mpsc, watch},
    task::JoinSet,
};

use super::{Server, connection, life::LAST_WORDS};
use crate::call::Peer;

/// How long the accept loop rests after an error that says the process is out of something.
const EXHAUSTED: Duration = Duration::from_millis(50);

/// The life of a server, in the order of its phases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    Serving,
    /// No new calls; those that run go on.
    Draining,
    /// The grace is over: calls end with a status.
    Aborting,
    /// Connections are dropped.
    Closed,
}

impl Phase {
    /// Waits for this phase, or a later one.
    pub(super) async fn reached(current: &mut watch::Receiver<Self>, wanted: Self) {
        // A sender that is gone means the server is, too.
        let _ = current.wait_for(|&phase| phase >= wanted).await;
    }
}

impl Server {
    /// Serves on this address until the process ends.
    ///
    /// # Errors
    ///
    /// The address cannot be bound. Errors of single connections do not end it.
    pub async fn serve(&self, addr: impl ToSocketAddrs) -> io::Result<()> {
        let listener = TcpListener::bind(addr).await?;
        self.serve_with_shutdown(listener, std::future::pending()).await
    }

    /// Serves on this listener until `shutdown` is ready; then takes no more calls, tells clients so (GOAWAY), lets
    /// the calls that run finish within the [grace](super::ServerBuilder::shutdown_grace), ends what is left with
    /// `UNAVAILABLE`, and returns.
    ///
    /// # Errors
    ///
    /// None at present; errors of single connections do not end it.
    pub async fn serve_with_shutdown(
        &self,
        listener: impl Into<Listener>,
        shutdown: impl Future<Output = ()> + Send,
    ) -> io::Result<()> {
        self.serve_all([listener.into()], shutdown).await
    }

    /// Serves on several listeners at once; else as [`serve_with_shutdown`](Self::serve_with_shutdown).
    ///
    /// # Errors
    ///
    /// None at present; errors of single connections do not end it.
    pub async fn serve_all(
        &self,
        listeners: impl IntoIterator<Item = Listener>,
        shutdown: impl Future<Output = ()> + Send,
    ) -> io::Result<()> {
        let (accepted, mut incoming) = mpsc::channel(1);
        let mut accepting = JoinSet::new();
        for listener in listeners {
            accepting.spawn(listener.accept_into(accepted.clone()));
        }
        let (phase, watcher) = watch::channel(Phase::Serving);
        let mut connections = JoinSet::new();
        {
            let mut shutdown = std::pin::pin!(shutdown);
            loop {
                tokio::select! {
                    () = &mut shutdown => break,
                    Some(stream) = incoming.recv() => {
                        // Dropping it closes it.
                        if let Some(counted) = self.core.census.admit(stream.peer_addr(), &self.core.connection_limits) {
                            let connection = self.clone().connection(stream, watcher.clone());
                            connections.spawn(async move {
                                let _counted = counted;
                                connection.await;
                            });
                        }
                    }
                    Some(_) = connections.join_next() => {}
                }
            }
        }
        accepting.shutdown().await;
        if let Some(health) = &self.core.health {
            health.shut_down();
        }
        phase.send_replace(Phase::Draining);
        drain(&mut connections, self.core.shutdown_grace).await;
        phase.send_replace(Phase::Aborting);
        drain(&mut connections, LAST_WORDS).await;
        phase.send_replace(Phase::Closed);
        connections.shutdown().await;
        Ok(())
    }

    /// Serves one connection that was made elsewhere, HTTP/1.1 or HTTP/2 by its first bytes, until it ends. It is taken
    /// as it is: a server's TLS settings hold for its own sockets.
    pub async fn serve_connection<IO>(&self, io: IO)
    where
        IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (_phase, watcher) = watch::channel(Phase::Serving);
        connection::serve(io, self.clone(), Arc::default(), watcher).await;
    }

    async fn connection(self, stream: Accepted, phase: watch::Receiver<Phase>) {
        match stream {
            Accepted::Tcp(stream) => {
                // Small frames must not wait for the acknowledgement of others.
                let _ = stream.set_nodelay(true);
                let (remote_addr, local_addr) = (stream.peer_addr().ok(), stream.local_addr().ok());
                let peer = Peer { remote_addr, local_addr, ..Peer::default() };
                #[cfg(feature = "tls")]
                if let Some(tls) = &self.core.tls {
                    let acceptor = tls.acceptor();
                    return super::tls::serve(stream, self, acceptor, peer, phase).await;
                }
                connection::serve(stream, self, Arc::new(peer), phase).await;
            }
            #[cfg(unix)]
            Accepted::Unix(stream) => connection::serve(stream, self, Arc::default(), phase).await,
        }
    }
}

/// A socket that a server listens on: a tokio `TcpListener` or `UnixListener`.
///
/// The file of a Unix socket is its owner's: remove a stale one before binding.
#[derive(Debug)]
pub struct Listener(Socket);

#[derive(Debug)]
enum Socket {
    Tcp(TcpListener),
    #[cfg(unix)]
    Unix(tokio::net::UnixListener),
}

enum Accepted {
    Tcp(TcpStream),
    #[cfg(unix)]
    Unix(tokio::net::UnixStream),
}

impl Accepted {
    fn peer_addr(&self) -> Option<SocketAddr> {
        match self {
            Self::Tcp(stream) => stream.peer_addr().ok(),
            #[cfg(unix)]
            Self::Unix(_) => None,
        }
    }
}

impl From<TcpListener> for Listener {
    fn from(listener: TcpListener) -> Self {
        Self(Socket::Tcp(listener))
    }
}

#[cfg(unix)]
impl From<tokio::net::UnixListener> for Listener {
    fn from(listener: tokio::net::UnixListener) -> Self {
        Self(Socket::Unix(listener))
    }
}

impl Listener {
    /// Accepts for ever. Errors pass: those of one connection at once, a lack of files or memory after a rest.
    async fn accept_into(self, connections: mpsc::Sender<Accepted>) {
        loop {
            match self.accept().await {
                Ok(stream) => {
                    if connections.send(stream).await.is_err() {
                        return;
                    }
                }
                Err(error) if is_of_one_connection(&error) => {}
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(EXHAUSTED).await;
                }
            }
        }
    }

    async fn accept(&self) -> io::Result<Accepted> {
        match &self.0 {
            Socket::Tcp(listener) => Ok(Accepted::Tcp(listener.accept().await?.0)),
            #[cfg(unix)]
            Socket::Unix(listener) => Ok(Accepted::Unix(listener.accept().await?.0)),
        }
    }
}

fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionReset | Interrupted)
}

async fn drain(connections: &mut JoinSet<()>, limit: Duration) {
    let all = async { while connections.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(limit, all).await;
}
