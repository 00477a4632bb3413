//! The first bytes of a server, which tell whether it is the server that was meant.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    sync::oneshot,
};

/// An IO whose first bytes are looked at. A connection counts as made once they are the head of a SETTINGS frame, with
/// which every HTTP/2 server begins (RFC 9113, 3.4); otherwise the error says what else is there.
pub(super) struct Greeting<IO> {
    io: IO,
    head: [u8; HEAD],
    have: usize,
    /// `None` once it is given.
    verdict: Option<oneshot::Sender<Result<(), String>>>,
}

/// The bytes in the head of a frame, and the type that it must have.
const HEAD: usize = 9;
const SETTINGS: u8 = 4;

impl<IO> Greeting<IO> {
    pub(super) fn new(io: IO) -> (Self, oneshot::Receiver<Result<(), String>>) {
        let (sender, verdict) = oneshot::channel();
        (Self { io, head: [0; HEAD], have: 0, verdict: Some(sender) }, verdict)
    }

    /// Looks at what was read; nothing is the end.
    fn hear(&mut self, read: &[u8]) -> Result<(), String> {
        let taken = read.len().min(HEAD - self.have);
        self.head[self.have..self.have + taken].copy_from_slice(&read[..taken]);
        self.have += taken;
        match &self.head[..self.have] {
            [] => Err("the server closed the connection at once".to_owned()),
            // The records of a handshake and of an alert.
            [0x15 | 0x16, 3, ..] => Err("the server speaks TLS on this port; it is reached by https://".to_owned()),
            [b'H', b'T', b'T', b'P', b'/', ..] => Err("the server speaks HTTP/1, and gRPC needs HTTP/2".to_owned()),
            [_, _, _, SETTINGS, _, 0, 0, 0, 0] => Ok(()),
            head if head.len() < HEAD && taken > 0 => Ok(()),
            _ => Err("the server does not speak HTTP/2".to_owned()),
        }
    }

    fn judge(&mut self, result: io::Result<&[u8]>) -> io::Result<()> {
        let heard = match result {
            Ok(read) => self.hear(read),
            Err(error) => Err(explain(&error)),
        };
        if (heard.is_err() || self.have == HEAD)
            && let Some(verdict) = self.verdict.take()
        {
            // Whoever waited may have given up.
            let _ = verdict.send(heard.clone());
        }
        heard.map_err(io::Error::other)
    }
}

/// What an error of a connection means, in words.
#[cfg(feature = "tls")]
pub(super) fn explain(error: &io::Error) -> String {
    crate::tls::explain(error, crate::tls::Side::Client)
}

#[cfg(not(feature = "tls"))]
pub(super) fn explain(error: &io::Error) -> String {
    error.to_string()
}

impl<IO: AsyncRead + Unpin> AsyncRead for Greeting<IO> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let result = ready!(Pin::new(&mut self.io).poll_read(cx, buf));
        if self.verdict.is_none() {
            return Poll::Ready(result);
        }
        Poll::Ready(self.judge(result.map(|()| &buf.filled()[before..])))
    }
}

impl<IO: AsyncWrite + Unpin> AsyncWrite for Greeting<IO> {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(chunks: &[&[u8]]) -> Result<(), String> {
        let (mut greeting, mut verdict) = Greeting::new(());
        for chunk in chunks {
            let _ = greeting.judge(Ok(chunk));
        }
        verdict.try_recv().unwrap_or(Err("undecided".into()))
    }

    #[test]
    fn what_a_server_may_begin_with() {
        let settings: &[u8] = &[0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 3];
        assert_eq!(heard(&[settings]), Ok(()));
        assert_eq!(heard(&[&settings[..1], &settings[1..8], &settings[8..]]), Ok(()));
        for (chunks, why) in [
            (&[&b"HTTP/1.1 400 Bad Request\r\n"[..]][..], "HTTP/1"),
            (&[&[0x15, 3, 1, 0, 2, 2, 70]], "TLS"),
            (&[&b"220 mail.example ESMTP"[..]], "does not speak HTTP/2"),
            (&[&settings[..4], b""], "does not speak HTTP/2"),
            (&[b""], "closed"),
            (&[&settings[..8]], "undecided"),
        ] {
            let error = heard(chunks).unwrap_err();
            assert!(error.contains(why), "{error}");
        }
    }
}
