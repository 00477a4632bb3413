//! Sockets: the accept loop and the end of a server's life.

use std::{
    future::Future,
    io,
    pin::{Pin, pin},
    sync::Arc,
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::ToSocketAddrs,
    sync::mpsc,
    task::JoinSet,
};

use super::{
    Server,
    connection::{self, Open},
    life::LAST_WORDS,
    listener::{Accepted, Listener},
    phase::{Lead, Phase, Phases},
};
use crate::call::Peer;

/// How long the accept loop rests after an error that says the process is out of something.
const EXHAUSTED: Duration = Duration::from_millis(50);

impl Server {
    /// Serves on this address until the process ends.
    ///
    /// # Errors
    ///
    /// The address cannot be bound. Errors of single connections do not end it.
    pub async fn serve(&self, addr: impl ToSocketAddrs) -> io::Result<()> {
        let listener = Listener::bind(addr).await?;
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
        self.boxed_life(listeners.into_iter().collect(), pin!(shutdown)).await;
        Ok(())
    }

    /// In a box that is made here: a future that callers hold by its type is compiled again with each of them, and all
    /// that it awaits.
    #[inline(never)]
    fn boxed_life<'a>(
        &'a self,
        listeners: Vec<Listener>,
        shutdown: Pin<&'a mut (dyn Future<Output = ()> + Send + 'a)>,
    ) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>> {
        Box::pin(self.life(listeners, shutdown))
    }

    async fn life(&self, listeners: Vec<Listener>, mut shutdown: Pin<&mut (dyn Future<Output = ()> + Send + '_)>) {
        let (accepted, mut incoming) = mpsc::channel(1);
        let lead = Lead::new();
        let phases = lead.phases();
        let mut accepting = JoinSet::new();
        for listener in listeners {
            accepting.spawn(listener.accept_into(accepted.clone(), phases.clone()));
        }
        drop(accepted);
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                () = &mut shutdown => break,
                Some(stream) = incoming.recv() => self.admit(stream, &phases, &mut connections),
                Some(_) = connections.join_next() => {}
            }
        }
        if let Some(health) = &self.core.health {
            health.shut_down();
        }
        lead.reach(Phase::Closing);
        while let Some(stream) = incoming.recv().await {
            self.admit(stream, &phases, &mut connections);
        }
        lead.reach(Phase::Draining);
        drain(&mut connections, self.core.shutdown_grace).await;
        lead.reach(Phase::Aborting);
        drain(&mut connections, LAST_WORDS).await;
        lead.reach(Phase::Closed);
        connections.shutdown().await;
    }

    /// Serves a connection if there is room for one more; else it is closed.
    fn admit(&self, stream: Accepted, phases: &Phases, connections: &mut JoinSet<()>) {
        if let Some(counted) = self.core.census.admit(stream.peer_addr(), &self.core.connection_limits) {
            let serving = serve(Box::pin(self.clone().open(stream, phases.clone())));
            connections.spawn(async move {
                let _counted = &counted;
                serving.await;
            });
        }
    }

    /// Serves one connection that was made elsewhere, HTTP/1.1 or HTTP/2 by its first bytes, until it ends. It is taken
    /// as it is: a server's TLS settings hold for its own sockets.
    pub async fn serve_connection<IO>(&self, io: IO)
    where
        IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        self.serve_connection_with_shutdown(io, std::future::pending()).await;
    }

    /// Serves one connection that was made elsewhere until it ends, or until `shutdown` is ready; then as
    /// [`serve_with_shutdown`](Self::serve_with_shutdown) does with each of its own.
    pub async fn serve_connection_with_shutdown<IO>(&self, io: IO, shutdown: impl Future<Output = ()> + Send)
    where
        IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let lead = Lead::new();
        let opening = Box::pin(connection::open(io, self.clone(), Arc::default(), lead.phases()));
        let mut serving = Box::pin(serve(opening));
        tokio::select! {
            () = &mut serving => return,
            () = shutdown => {}
        }
        for (next, limit) in [(Phase::Draining, self.core.shutdown_grace), (Phase::Aborting, LAST_WORDS)] {
            lead.reach(next);
            if tokio::time::timeout(limit, &mut serving).await.is_ok() {
                return;
            }
        }
    }

    async fn open(self, stream: Accepted, phases: Phases) -> Option<Open> {
        match stream {
            Accepted::Tcp(stream) => {
                // Small frames must not wait for the acknowledgement of others.
                let _ = stream.set_nodelay(true);
                let (remote_addr, local_addr) = (stream.peer_addr().ok(), stream.local_addr().ok());
                let peer = Peer { remote_addr, local_addr, ..Peer::default() };
                #[cfg(feature = "tls")]
                if let Some(tls) = &self.core.tls {
                    let acceptor = tls.acceptor();
                    return Box::pin(super::tls::open(stream, self, acceptor, peer, phases)).await;
                }
                connection::open(stream, self, Arc::new(peer), phases).await
            }
            #[cfg(unix)]
            Accepted::Unix(stream) => connection::open(stream, self, Arc::default(), phases).await,
        }
    }
}

impl Listener {
    /// Accepts until the server takes no more, then what waits in the queue: those peers believe that they are connected.
    /// Errors pass: those of one connection at once, a lack of files or memory after a rest.
    async fn accept_into(self, connections: mpsc::Sender<Accepted>, phases: Phases) {
        loop {
            let accepted = tokio::select! {
                biased;
                () = phases.until(Phase::Closing) => break,
                accepted = self.accept() => accepted,
            };
            match accepted {
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
        for stream in self.close() {
            if connections.send(stream).await.is_err() {
                return;
            }
        }
    }
}

/// Serves a connection once it is open.
async fn serve(opening: impl Future<Output = Option<Open>> + Unpin) {
    if let Some(open) = opening.await {
        open.await;
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
