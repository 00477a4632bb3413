//! A stream of requests whose body is compressed as one.

use std::{
    io,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use tokio::time::Instant;
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
    /// When bytes last came.
    arrived: Option<Instant>,
    /// How it ended, which is told behind what has come out.
    end: Option<Result<(), Status>>,
}

impl Decompressed {
    pub(super) fn body(body: Body, encoding: Encoding) -> Result<Body, Status> {
        let decoder = Decoder::new(encoding)
            .map_err(|error| Status::internal(format!("{} cannot be undone: {error}", encoding.name())))?;
        let (data, slice) = (Data::default(), Bytes::new());
        Ok(Body::source(Self { encoding, decoder, body, data, slice, arrived: None, end: None }))
    }

    /// Undoes some of what has come, or waits for more.
    fn poll_step(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.slice.is_empty() {
            self.slice = self.data.next(usize::MAX);
        }
        if !self.slice.is_empty() {
            let step = self.decoder.advance(&mut self.slice);
            self.end = step.err().map(|error| Err(self.corrupt(&error)));
            return Poll::Ready(());
        }
        match ready!(self.body.poll_next(cx)).transpose().map(|frame| frame.map(Frame::into_data)) {
            Ok(Some(Ok(data))) => {
                self.arrived = Some(Instant::now());
                self.data = data;
            }
            // A server learns nothing from trailers.
            Ok(Some(Err(_))) => {}
            Ok(None) => self.end = Some(self.decoder.finish().map_err(|error| self.corrupt(&error))),
            Err(status) => self.end = Some(Err(status)),
        }
        Poll::Ready(())
    }

    fn corrupt(&self, error: &io::Error) -> Status {
        Status::invalid_argument(format!("the body does not decompress as {}: {error}", self.encoding.name()))
    }
}

impl Source for Decompressed {
    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame, Status>>> {
        loop {
            let plain = self.decoder.take();
            if !plain.is_empty() {
                return Poll::Ready(Some(Ok(Frame::data(Bytes::from(plain).into()))));
            }
            if let Some(end) = self.end.take() {
                return Poll::Ready(end.err().map(Err));
            }
            // Steps of which nothing comes would keep the reader from ever yielding.
            let progress = ready!(tokio::task::coop::poll_proceed(cx));
            ready!(self.poll_step(cx));
            progress.made_progress();
        }
    }

    fn last_arrival(&self) -> Option<Instant> {
        self.body.last_arrival().max(self.arrived)
    }

    fn poll_expired(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.body.poll_expired(cx)
    }

    fn abort(&mut self, status: Status) {
        self.body.abort(status);
    }
}
