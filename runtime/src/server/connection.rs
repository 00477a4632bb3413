//! A connection of a server, from its first byte: which HTTP it speaks, and how long it may take to say so.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use bytes::{Buf, Bytes};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf},
    sync::watch,
};

use super::{Server, http1, http2, listen::Phase};
use crate::call::Peer;

/// What every HTTP/2 connection begins with (RFC 9113, 3.4).
const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// How long a peer may take until its first bytes say which HTTP it speaks.
const OPENING: Duration = Duration::from_secs(10);

pub(super) async fn serve<IO>(mut io: IO, server: Server, peer: Arc<Peer>, phase: watch::Receiver<Phase>)
where
    IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut draining = phase.clone();
    let opening = tokio::select! {
        opening = tokio::time::timeout(OPENING, read_opening(&mut io)) => opening,
        () = Phase::reached(&mut draining, Phase::Draining) => return,
    };
    let Ok(Ok(opening)) = opening else {
        return;
    };
    let is_http2 = opening == PREFACE[..];
    #[cfg(feature = "tls")]
    if is_http2 && peer.tls.as_ref().is_some_and(|tls| !tls.speaks_h2()) {
        return super::tls::refuse_http2(io).await;
    }
    // The first bytes of a TLS handshake.
    if opening.starts_with(&[0x16, 3]) {
        tracing::info!(peer = ?peer.remote_addr, "a client speaks TLS to a port that does not");
    }
    let io = Rewind { opening, io };
    if is_http2 {
        http2::serve(io, server, peer, phase).await;
    } else {
        http1::serve(io, server, peer, phase).await;
    }
}

/// Reads until it is certain whether the connection opens with the preface of HTTP/2.
async fn read_opening(io: &mut (impl AsyncRead + Unpin)) -> io::Result<Bytes> {
    let mut buffer = [0; PREFACE.len()];
    let mut len = 0;
    while len < PREFACE.len() && buffer[..len] == PREFACE[..len] {
        match io.read(&mut buffer[len..]).await? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            read => len += read,
        }
    }
    Ok(Bytes::copy_from_slice(&buffer[..len]))
}

/// An IO whose first bytes were read already.
struct Rewind<IO> {
    opening: Bytes,
    io: IO,
}

impl<IO: AsyncRead + Unpin> AsyncRead for Rewind<IO> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.opening.is_empty() {
            return Pin::new(&mut self.io).poll_read(cx, buf);
        }
        let len = self.opening.len().min(buf.remaining());
        buf.put_slice(&self.opening[..len]);
        self.opening.advance(len);
        Poll::Ready(Ok(()))
    }
}

impl<IO: AsyncWrite + Unpin> AsyncWrite for Rewind<IO> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }
}
