//! TLS in front of a connection of a server.

use std::{
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::{
    Server,
    connection::{self, Open},
    phase::Phases,
};
use crate::{
    call::Peer,
    tls::{Acceptor, ServerTls, Side, TlsError, explain},
};

/// How long a client may take to read why it is refused.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// The TLS settings that new connections get.
pub(super) struct Current(RwLock<Acceptor>);

impl Current {
    pub(super) fn new(tls: &ServerTls) -> Result<Self, TlsError> {
        Ok(Self(RwLock::new(tls.acceptor()?)))
    }

    pub(super) fn acceptor(&self) -> Acceptor {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Server {
    /// Takes new TLS settings, such as a renewed certificate, for all connections from now on. Those that are open go
    /// on as they are.
    ///
    /// # Errors
    ///
    /// The settings cannot be used, or the server was built without TLS; it goes on as before.
    pub fn reload_tls(&self, tls: &ServerTls) -> Result<(), TlsError> {
        let Some(current) = &self.core.tls else {
            return Err(TlsError::new("the server was built without TLS; begin with ServerBuilder::tls"));
        };
        let acceptor = tls.acceptor()?;
        *current.0.write().unwrap_or_else(PoisonError::into_inner) = acceptor;
        Ok(())
    }
}

/// Opens a connection from its TLS handshake on.
pub(super) async fn open<IO>(io: IO, server: Server, acceptor: Acceptor, mut peer: Peer, phases: Phases) -> Option<Open>
where
    IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let handshake = tokio::time::timeout(acceptor.handshake_timeout, Box::pin(acceptor.accept(io)));
    let accepted = tokio::select! {
        accepted = handshake => accepted,
        () = phases.until_unopened_close() => return None,
    };
    let refused = match accepted {
        Ok(Ok((stream, tls))) => {
            peer.tls = Some(tls);
            return connection::open(stream, server, Arc::new(peer), phases).await;
        }
        Ok(Err((error, io))) => {
            linger(io).await;
            explain(&error, Side::Server)
        }
        Err(_) => format!("it took longer than {:?}", acceptor.handshake_timeout),
    };
    tracing::info!(peer = ?peer.remote_addr, "a TLS handshake failed: {refused}");
    None
}

/// Ends a connection that began HTTP/2 without having asked for it by ALPN, which is how such a client would also miss
/// that a proxy speaks HTTP/1.1. The last frame says why (RFC 9113, 6.8).
pub(super) async fn refuse_http2(mut io: impl AsyncRead + AsyncWrite + Unpin) {
    const WHY: &[u8] = b"HTTP/2 over TLS needs ALPN: the client did not offer h2";
    const SETTINGS: [u8; 9] = [0, 0, 0, 4, 0, 0, 0, 0, 0];
    const GOAWAY: [u8; 9] = [0, 0, 8 + WHY.len() as u8, 7, 0, 0, 0, 0, 0];
    const HTTP_1_1_REQUIRED: [u8; 4] = [0, 0, 0, 0xd];
    let frames = [&SETTINGS[..], &GOAWAY, &[0; 4], &HTTP_1_1_REQUIRED, WHY].concat();
    if io.write_all(&frames).await.is_ok() {
        linger(io).await;
    }
}

/// Ends a connection in such a way that the client can read the last that was sent: closing with unread bytes would
/// reset it.
async fn linger(mut io: impl AsyncRead + AsyncWrite + Unpin) {
    let unread = async {
        io.shutdown().await?;
        while io.read(&mut [0; 1024]).await? > 0 {}
        std::io::Result::Ok(())
    };
    let _ = tokio::time::timeout(LAST_WORDS, unread).await;
}
