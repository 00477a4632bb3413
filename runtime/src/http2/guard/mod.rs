//! A look at the bytes of a connection on their way: whether the peer lives, and whether it plays fair.

mod gather;
mod police;
mod scan;
mod uploads;
mod vitals;

use std::{
    io,
    mem::MaybeUninit,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::Instant,
};

use gather::Gather;
pub(crate) use police::{Laws, Police};
pub(crate) use vitals::{Pressing, Vitals};

/// The most that is read of an HTTP/1.1 connection before it is asked for, in bytes.
const AHEAD: usize = 1024;

/// A connection that was accepted, and whose peer has owed its opening ever since.
pub(crate) struct Opened<IO> {
    pub(crate) io: IO,
    /// What was read of it to see what it speaks.
    pub(crate) opening: Bytes,
    pub(crate) accepted: Instant,
}

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
    /// What was read before it was asked for.
    ahead: Bytes,
    /// Whether whoever reads waits for bytes since the last flush, and whether they got some.
    awaits: bool,
    came: bool,
    vitals: Arc<Vitals>,
    watched: Option<Watched>,
    gather: Gather,
}

impl<IO> Guard<IO> {
    pub(crate) fn new(io: IO) -> (Self, Arc<Vitals>) {
        Self::with(io, Bytes::new(), None, Vitals::new(Instant::now()))
    }

    /// That of a server's connection.
    pub(crate) fn of_accepted(opened: Opened<IO>, watched: Watched) -> (Self, Arc<Vitals>) {
        let Opened { io, opening, accepted } = opened;
        let vitals = Vitals::new(accepted);
        vitals.owes(true, false, 0);
        Self::with(io, opening, Some(watched), vitals)
    }

    fn with(io: IO, ahead: Bytes, watched: Option<Watched>, vitals: Vitals) -> (Self, Arc<Vitals>) {
        let vitals = Arc::new(vitals);
        let guarded = Arc::clone(&vitals);
        (Self { io, ahead, awaits: false, came: false, vitals: guarded, watched, gather: Gather::default() }, vitals)
    }

    fn received(&mut self, bytes: &mut [u8]) {
        match &mut self.watched {
            None => {
                self.vitals.read();
            }
            Some(Watched::Http1) => self.vitals.received_head(),
            Some(Watched::Http2(police)) => {
                let now = self.vitals.read();
                let look = police.received(bytes);
                police.silence(bytes);
                self.vitals.owes(look.owes, look.anew, now);
                self.vitals.opened(look.opened);
                self.vitals.arrives(look.arriving);
                self.vitals.wears(look.worn);
                if !look.tolerable {
                    self.vitals.abuse();
                }
            }
        }
    }

    fn sent(&mut self, slices: &[io::IoSlice<'_>], written: usize) {
        let Some(Watched::Http2(police)) = &mut self.watched else {
            return;
        };
        let mut left = written;
        for slice in slices {
            let part = &slice[..left.min(slice.len())];
            left -= part.len();
            if !police.sent(part) {
                self.vitals.abuse();
            }
        }
    }
}

fn poll_write<IO: AsyncWrite>(
    io: Pin<&mut IO>,
    cx: &mut Context<'_>,
    slices: &[io::IoSlice<'_>],
) -> Poll<io::Result<usize>> {
    match slices {
        // The system call for one buffer costs less than that for several.
        [slice] => io.poll_write(cx, slice),
        slices => io.poll_write_vectored(cx, slices),
    }
}

impl<IO: AsyncRead + AsyncWrite + Unpin> Guard<IO> {
    /// hyper does not read while it only waits for an answer, since it would allocate anew for that at each request. So
    /// this sees that the peer goes away meanwhile, and keeps what comes instead: its next request.
    fn look_ahead(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        if !matches!(self.watched, Some(Watched::Http1)) || !self.vitals.is_busy() || !self.ahead.is_empty() {
            return Ok(());
        }
        let (awaits, came) = (std::mem::take(&mut self.awaits), std::mem::take(&mut self.came));
        if awaits {
            return Ok(());
        }
        if came && self.vitals.has_unread() {
            // hyper reads on as soon as this part of the body was taken, if there is more. That is seen at the next turn.
            cx.waker().wake_by_ref();
            return Ok(());
        }
        let mut room = [MaybeUninit::uninit(); AHEAD];
        let mut read = ReadBuf::uninit(&mut room);
        if let Poll::Ready(result) = Pin::new(&mut self.io).poll_read(cx, &mut read) {
            result?;
            if read.filled().is_empty() {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            self.ahead = Bytes::copy_from_slice(read.filled());
        }
        Ok(())
    }

    fn poll_send(&mut self, cx: &mut Context<'_>, slices: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let len = slices.iter().map(|slice| slice.len()).sum();
        let written = if !self.gather.wants(slices, len) || matches!(self.watched, Some(Watched::Http1)) {
            let written = poll_write(Pin::new(&mut self.io), cx, slices);
            self.vitals.wrote(written.is_pending());
            if written.is_pending() {
                self.look_ahead(cx)?;
            }
            ready!(written)?
        } else {
            if !self.gather.has_room(slices, len) {
                ready!(self.poll_drain(cx))?;
            }
            self.gather.add(slices, self.vitals.lent());
            self.vitals.holds(true);
            len
        };
        self.sent(slices, written);
        Poll::Ready(Ok(written))
    }

    /// Writes what was gathered.
    fn poll_drain(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.gather.is_empty() {
            let (parts, count) = self.gather.rest();
            let written = poll_write(Pin::new(&mut self.io), cx, &parts[..count]);
            self.vitals.wrote(written.is_pending());
            match ready!(written)? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                written => self.gather.took(written),
            }
        }
        let flushed = Pin::new(&mut self.io).poll_flush(cx);
        self.vitals.wrote(flushed.is_pending());
        ready!(flushed)?;
        self.gather.flushed();
        self.vitals.holds(false);
        Poll::Ready(Ok(()))
    }
}

impl<IO: AsyncRead + AsyncWrite + Unpin> AsyncRead for Guard<IO> {
    /// Writes what was gathered before it reads. Whoever polls the connection polls it again while something
    /// [is held](Vitals::is_held), so that h2 comes here.
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if !self.gather.is_done()
            && let Poll::Ready(Err(error)) = self.poll_drain(cx)
        {
            return Poll::Ready(Err(error));
        }
        let before = buf.filled().len();
        if self.ahead.is_empty() {
            let result = Pin::new(&mut self.io).poll_read(cx, buf);
            self.awaits = result.is_pending();
            ready!(result)?;
        } else {
            let len = self.ahead.len().min(buf.remaining());
            buf.put_slice(&self.ahead.split_to(len));
        }
        let read = &mut buf.filled_mut()[before..];
        self.came = !read.is_empty();
        if self.came {
            self.received(read);
        }
        Poll::Ready(Ok(()))
    }
}

impl<IO: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Guard<IO> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_send(cx, &[io::IoSlice::new(buf)])
    }

    /// h2 flushes after every large frame; what is gathered is written with the next.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.look_ahead(cx)?;
        if self.gather.is_empty() { Pin::new(&mut self.io).poll_flush(cx) } else { Poll::Ready(Ok(())) }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.gather.is_done() {
            ready!(self.poll_drain(cx))?;
        }
        Pin::new(&mut self.io).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.poll_send(cx, bufs)
    }

    /// hyper, told that it is not, writes an answer as one slice, which costs it and the kernel less than two.
    fn is_write_vectored(&self) -> bool {
        !matches!(self.watched, Some(Watched::Http1)) && self.io.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use super::*;

    /// Notes each write, and gives nothing to read.
    #[derive(Default)]
    struct Writes {
        written: Vec<Vec<u8>>,
        blocked: bool,
    }

    impl AsyncRead for Writes {
        fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, _: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
            Poll::Pending
        }
    }

    impl AsyncWrite for Writes {
        fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
            self.poll_write_vectored(cx, &[io::IoSlice::new(buf)])
        }

        fn poll_write_vectored(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            bufs: &[io::IoSlice<'_>],
        ) -> Poll<io::Result<usize>> {
            if self.blocked {
                return Poll::Pending;
            }
            let written: Vec<u8> = bufs.iter().flat_map(|part| part.iter().copied()).collect();
            let len = written.len();
            self.written.push(written);
            Poll::Ready(Ok(len))
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    fn write(guard: &mut Guard<Writes>, bytes: &[u8]) -> bool {
        let mut cx = Context::from_waker(Waker::noop());
        let written = Pin::new(&mut *guard).poll_write(&mut cx, bytes);
        assert!(Pin::new(guard).poll_flush(&mut cx).is_ready());
        matches!(written, Poll::Ready(Ok(len)) if len == bytes.len())
    }

    fn read(guard: &mut Guard<Writes>) {
        let (mut cx, mut bytes) = (Context::from_waker(Waker::noop()), [0; 10]);
        assert!(Pin::new(guard).poll_read(&mut cx, &mut ReadBuf::new(&mut bytes)).is_pending());
    }

    /// Gives these bytes to read, as much as there is room for, and then the end.
    struct Reads(&'static [u8]);

    impl AsyncRead for Reads {
        fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
            let (read, rest) = self.0.split_at(self.0.len().min(buf.remaining()));
            buf.put_slice(read);
            self.0 = rest;
            Poll::Ready(Ok(()))
        }
    }

    impl AsyncWrite for Reads {
        fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
            Poll::Ready(Ok(buf.len()))
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    /// Over HTTP/1.1, while a call runs, and whether it has read its request or not.
    #[test]
    fn what_comes_ahead_is_kept_and_the_end_is_seen() {
        let opened = Opened { io: Reads(b"next"), opening: Bytes::from_static(b"first"), accepted: Instant::now() };
        let (mut guard, vitals) = Guard::of_accepted(opened, Watched::Http1);
        let mut cx = Context::from_waker(Waker::noop());
        let mut read = |guard: &mut Guard<Reads>, len: usize| {
            let mut bytes = vec![0; len];
            let mut buf = ReadBuf::new(&mut bytes);
            assert!(Pin::new(guard).poll_read(&mut cx, &mut buf).is_ready());
            String::from_utf8(buf.filled().to_vec()).unwrap()
        };
        assert_eq!([read(&mut guard, 3), read(&mut guard, 100)], ["fir", "st"]);
        let mut cx = Context::from_waker(Waker::noop());
        let mut flush = |guard: &mut Guard<Reads>| Pin::new(guard).poll_flush(&mut cx);
        assert!(matches!(flush(&mut guard), Poll::Ready(Ok(()))), "without a call nothing is looked for");
        vitals.headed();
        vitals.unread(true);
        assert!(matches!(flush(&mut guard), Poll::Ready(Ok(()))) && guard.ahead.is_empty(), "hyper may read on");
        for _ in 0..2 {
            assert!(matches!(flush(&mut guard), Poll::Ready(Ok(()))), "the end is behind what is kept");
        }
        assert_eq!([read(&mut guard, 3), read(&mut guard, 100)], ["nex", "t"]);
        assert!(matches!(flush(&mut guard), Poll::Ready(Ok(()))), "hyper may read on");
        assert!(matches!(flush(&mut guard), Poll::Ready(Err(error)) if error.kind() == io::ErrorKind::UnexpectedEof));
    }

    #[test]
    fn frames_are_written_as_one_before_it_reads() {
        let (mut guard, vitals) = Guard::new(Writes::default());
        assert!(write(&mut guard, b"small"));
        let frames: Vec<_> = (0..4).map(|n| vec![n; 16_393]).chain([vec![9; 24]]).collect();
        assert!(frames.iter().all(|frame| write(&mut guard, frame)));
        assert_eq!((guard.io.written.len(), vitals.is_held()), (1, true));
        read(&mut guard);
        assert_eq!((guard.io.written.len(), vitals.is_held()), (2, false));
        assert_eq!(guard.io.written.concat(), [b"small".to_vec(), frames.concat()].concat());
    }

    #[test]
    fn a_payload_is_written_with_the_trailers_behind_it() {
        let (mut guard, _) = Guard::new(Writes::default());
        let mut cx = Context::from_waker(Waker::noop());
        let frame = [io::IoSlice::new(b"head"), io::IoSlice::new(b"payload")];
        assert!(matches!(Pin::new(&mut guard).poll_write_vectored(&mut cx, &frame), Poll::Ready(Ok(11))));
        assert!(write(&mut guard, b"trailers"));
        read(&mut guard);
        assert_eq!(guard.io.written, [b"headpayloadtrailers"]);
    }

    #[test]
    fn what_was_lent_is_not_copied() {
        let (mut guard, vitals) = Guard::new(Writes::default());
        let message = bytes::Bytes::from((0..40_000).map(|n| n as u8).collect::<Vec<_>>());
        vitals.hands_over(&message.clone().into());
        assert!(message.chunks(16_384).all(|part| write(&mut guard, part)));
        let held: Vec<_> = guard.gather.rest().0.iter().map(|part| part.as_ptr()).collect();
        assert_eq!(held[..3], [0, 16_384, 32_768].map(|at| message[at..].as_ptr()));
        read(&mut guard);
        assert_eq!(guard.io.written, [&message[..]]);
        vitals.wrote_all();
        assert!(message.is_unique(), "its buffer can be filled again");
    }

    #[test]
    fn a_peer_that_does_not_read_is_not_written_for() {
        let (mut guard, vitals) = Guard::new(Writes { blocked: true, ..Writes::default() });
        let taken = (0..100).take_while(|_| write(&mut guard, &[0; 16_393])).count();
        assert_eq!(taken, 16);
        read(&mut guard);
        // Nobody polls in vain, and whoever has more to send waits.
        assert_eq!((vitals.is_held(), vitals.is_stuck()), (false, true));
        vitals.wrote_all();
        assert!(vitals.is_stuck());
        guard.io.blocked = false;
        read(&mut guard);
        vitals.wrote_all();
        assert_eq!((vitals.is_held(), vitals.is_stuck(), guard.io.written.concat().len()), (false, false, 16 * 16_393));
    }
}
