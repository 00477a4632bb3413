//! Sockets: the accept loop and the end of a server's life.

use std::{future::Future, io, sync::Arc, time::Duration};

use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream, ToSocketAddrs},
    sync::watch,
    task::JoinSet,
};

use super::{Server, connection};
use crate::call::Peer;

/// How long the last frames of a connection may take once its calls were cut off.
const LAST_WORDS: Duration = Duration::from_millis(100);

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
        listener: TcpListener,
        shutdown: impl Future<Output = ()> + Send,
    ) -> io::Result<()> {
        let (phase, watcher) = watch::channel(Phase::Serving);
        let mut connections = JoinSet::new();
        {
            let mut shutdown = std::pin::pin!(shutdown);
            loop {
                tokio::select! {
                    () = &mut shutdown => break,
                    stream = accept(&listener) => {
                        connections.spawn(self.clone().connection(stream, watcher.clone()));
                    }
                    Some(_) = connections.join_next() => {}
                }
            }
        }
        drop(listener);
        phase.send_replace(Phase::Draining);
        drain(&mut connections, self.core.shutdown_grace).await;
        phase.send_replace(Phase::Aborting);
        drain(&mut connections, LAST_WORDS).await;
        phase.send_replace(Phase::Closed);
        connections.shutdown().await;
        Ok(())
    }

    /// Serves one connection that was made elsewhere, HTTP/1.1 or HTTP/2 by its first bytes, until it ends.
    pub async fn serve_connection<IO>(&self, io: IO)
    where
        IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (_phase, watcher) = watch::channel(Phase::Serving);
        connection::serve(io, self.clone(), Arc::default(), watcher).await;
    }

    async fn connection(self, stream: TcpStream, phase: watch::Receiver<Phase>) {
        // Small frames must not wait for the acknowledgement of others.
        let _ = stream.set_nodelay(true);
        let peer = Arc::new(Peer { remote_addr: stream.peer_addr().ok(), local_addr: stream.local_addr().ok() });
        connection::serve(stream, self, peer, phase).await;
    }
}

/// The next connection. Errors pass: those of one connection at once, a lack of files or memory after a rest.
async fn accept(listener: &TcpListener) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return stream,
            Err(error) => {
                let of_connection = matches!(
                    error.kind(),
                    io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::Interrupted
                );
                if !of_connection {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(EXHAUSTED).await;
                }
            }
        }
    }
}

async fn drain(connections: &mut JoinSet<()>, limit: Duration) {
    let all = async { while connections.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(limit, all).await;
}
