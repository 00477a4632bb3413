//! A look at the bytes of a connection on their way: whether the peer lives, and whether it plays fair.

mod police;
mod scan;
mod uploads;
mod vitals;

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

pub(crate) use police::{Laws, Police};
pub(crate) use vitals::{Pressing, Vitals};

/// What a connection is looked at for, besides its life.
pub(crate) enum Watched {
    /// The heads of requests over HTTP/1.1.
    Http1,
    /// The frames of HTTP/2.
    Http2(Police),
}

/// An IO that is looked at.
pub(crate) struct Guard<IO> {
    io: IO,
    vitals: Arc<Vitals>,
    watched: Option<Watched>,
}

impl<IO> Guard<IO> {
    pub(crate) fn new(io: IO, watched: Option<Watched>) -> (Self, Arc<Vitals>) {
        let vitals = Arc::new(Vitals::new());
        (Self { io, vitals: Arc::clone(&vitals), watched }, vitals)
    }

    fn received(&mut self, bytes: &[u8]) {
        match &mut self.watched {
            None => {
                self.vitals.read();
            }
            Some(Watched::Http1) => self.vitals.received_head(),
            Some(Watched::Http2(police)) => {
                let now = self.vitals.read();
                let look = police.received(bytes);
                self.vitals.owes(look.owes, look.anew, now);
                if !look.tolerable {
                    self.vitals.abuse();
                }
            }
        }
    }

    fn sent<'a>(&mut self, slices: impl IntoIterator<Item = &'a [u8]>, result: &Poll<io::Result<usize>>) {
        self.vitals.wrote(result.is_pending());
        let (Some(Watched::Http2(police)), Poll::Ready(Ok(written))) = (&mut self.watched, result) else {
            return;
        };
        let mut left = *written;
        for slice in slices {
            let part = &slice[..left.min(slice.len())];
            left -= part.len();
            if !police.sent(part) {
                self.vitals.abuse();
            }
        }
    }
}

impl<IO: AsyncRead + Unpin> AsyncRead for Guard<IO> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let result = ready!(Pin::new(&mut self.io).poll_read(cx, buf));
        let read = &buf.filled()[before..];
        if !read.is_empty() {
            self.received(read);
        }
        Poll::Ready(result)
    }
}

impl<IO: AsyncWrite + Unpin> AsyncWrite for Guard<IO> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.io).poll_write(cx, buf);
        self.sent([buf], &result);
        result
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
        let result = Pin::new(&mut self.io).poll_write_vectored(cx, bufs);
        self.sent(bufs.iter().map(|slice| &**slice), &result);
        result
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }
}
