//! A stream of requests whose body is compressed as one.

use std::task::{Context, Poll, ready};

use bytes::Bytes;
use tonic::Status;

use crate::{
    call::{Body, Data, Frame, Source},
    compress::{Decoder, Encoding},
};

/// What is in a compressed body, as far as it has come.
pub(super) struct Decompressed {
    encoding: Encoding,
    decoder: Decoder,
    body: Body,
    /// What has come and is not undone yet, behind its first slice.
    data: Data,
    slice: Bytes,
    has_ended: bool,
}

impl Decompressed {
    pub(super) fn body(body: Body, encoding: Encoding) -> Result<Body, Status> {
        let decoder = Decoder::new(encoding)
            .map_err(|error| Status::internal(format!("{} cannot be undone: {error}", encoding.name())))?;
        let (data, slice) = (Data::default(), Bytes::new());
        Ok(Body::source(Self { encoding, decoder, body, data, slice, has_ended: false }))
    }

    /// Undoes some of what has come, or waits for more.
    fn poll_step(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Status>> {
        if self.slice.is_empty() {
            self.slice = self.data.next(usize::MAX);
        }
        let step = if self.slice.is_empty() {
            match ready!(self.body.poll_next(cx)?).map(Frame::into_data) {
                Some(Ok(data)) => self.data = data,
                // A server learns nothing from trailers.
                Some(Err(_)) => {}
                None => self.has_ended = true,
            }
            if self.has_ended { self.decoder.finish() } else { Ok(()) }
        } else {
            self.decoder.advance(&mut self.slice)
        };
        let name = self.encoding.name();
        Poll::Ready(step.map_err(|e| Status::invalid_argument(format!("the body does not decompress as {name}: {e}"))))
    }
}

impl Source for Decompressed {
    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame, Status>>> {
        loop {
            let plain = self.decoder.take();
            if !plain.is_empty() {
                return Poll::Ready(Some(Ok(Frame::data(Bytes::from(plain).into()))));
            }
            if self.has_ended {
                return Poll::Ready(None);
            }
            ready!(self.poll_step(cx)?);
        }
    }

    fn poll_expired(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.body.poll_expired(cx)
    }

    fn abort(&mut self, status: Status) {
        self.body.abort(status);
    }
}
