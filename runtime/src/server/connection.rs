//! A connection of a server, from its first byte: which HTTP it speaks, and how long it may take to say so.

use std::{io, pin::Pin, sync::Arc};

use bytes::{Bytes, BytesMut};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite},
    time::Instant,
};

use super::{Server, http1, http2, phase::Phases};
use crate::{call::Peer, http2::Opened};

/// What every HTTP/2 connection begins with (RFC 9113, 3.4).
const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// A connection that is open: what runs it to its end.
pub(super) type Open = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Opens a connection. What that takes is no part of what it is then, which may be idle for long.
pub(super) async fn open<IO>(mut io: IO, server: Server, peer: Arc<Peer>, phases: Phases) -> Option<Open>
where
    IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let accepted = Instant::now();
    let limits = &server.core.connection_limits;
    let header_bytes = limits.header_bytes as usize;
    let opening = tokio::select! {
        opening = tokio::time::timeout(limits.opening, read_opening(&mut io, header_bytes)) => opening,
        () = phases.until_unopened_close() => return None,
    };
    let (http, opening) = opening.ok()?.ok()?;
    #[cfg(feature = "tls")]
    match (&http, peer.tls.as_ref().map(crate::tls::PeerTls::speaks_h2)) {
        (Http::Two, Some(false)) => {
            super::tls::refuse_http2(io).await;
            return None;
        }
        // An invalid preface, then; nothing can be said to such a peer.
        (Http::One | Http::Neither, Some(true)) => return None,
        _ => {}
    }
    match http {
        Http::Two => http2::open(Opened { io, opening, accepted }, server, peer, phases).await,
        Http::One => Some(Box::pin(http1::serve(Opened { io, opening, accepted }, server, peer, phases))),
        // The first bytes of a TLS handshake. By the answer of HTTP/1.1 the client sees that this is not TLS.
        Http::Neither if opening.starts_with(&[0x16, 3]) => {
            tracing::info!(peer = ?peer.remote_addr, "a client speaks TLS to a port that does not");
            Some(Box::pin(http1::serve(Opened { io, opening, accepted }, server, peer, phases)))
        }
        // Closing it is what RFC 9113, 3.4 asks for.
        Http::Neither => {
            tracing::debug!(peer = ?peer.remote_addr, "a client speaks something other than HTTP");
            None
        }
    }
}

/// What a connection speaks.
enum Http {
    One,
    Two,
    Neither,
}

/// Reads until it is certain what the connection speaks: at most the preface of HTTP/2, or the request line of HTTP/1.x.
async fn read_opening(io: &mut (impl AsyncRead + Unpin), header_bytes: usize) -> io::Result<(Http, Bytes)> {
    let mut opening = BytesMut::with_capacity(PREFACE.len());
    loop {
        if io.read_buf(&mut opening).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let common = opening.len().min(PREFACE.len());
        let http = if opening[..common] == PREFACE[..common] {
            (common == PREFACE.len()).then_some(Http::Two)
        } else {
            request_line(&opening, header_bytes)
        };
        if let Some(http) = http {
            return Ok((http, opening.freeze()));
        }
    }
}

/// Judges a request line by its two ends; `None` before its end has come. Empty lines before it do not count (RFC 9112,
/// 2.2). What lies between the ends is judged by who reads the request.
fn request_line(opening: &[u8], header_bytes: usize) -> Option<Http> {
    let text = opening.trim_ascii_start();
    let line = match text.iter().position(|byte| *byte == b'\n') {
        Some(end) => text[..end].trim_ascii_end(),
        // Who reads the request answers that it is too long.
        None if opening.len() > header_bytes && begins_with_method(text) => return Some(Http::One),
        None if opening.len() > header_bytes => return Some(Http::Neither),
        None if text.first().is_some_and(|byte| !byte.is_ascii_graphic()) => return Some(Http::Neither),
        None => return None,
    };
    let is_http1 = line.ends_with(b" HTTP/1.1") || line.ends_with(b" HTTP/1.0");
    Some(if is_http1 { Http::One } else { Http::Neither })
}

fn begins_with_method(line: &[u8]) -> bool {
    line.iter().position(|byte| *byte == b' ').is_some_and(|end| line[..end].iter().all(u8::is_ascii_alphabetic))
}
