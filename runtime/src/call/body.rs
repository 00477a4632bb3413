//! The body of an HTTP message, whichever stack carries it.

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http::HeaderMap;
use tokio::time::Instant;
use tonic::Status;

use super::{Data, Output};

/// What belongs together, such as the slices of a message, is one frame.
pub(crate) type Frame = http_body::Frame<Data>;

/// The most of a body that hyper is given at once, in bytes. The one of a server copies it behind what it has yet to write,
/// and keeps the room for as long as the connection lasts; to others it makes no difference.
const PIECE: usize = 16 * 1024;

/// The body of an HTTP request or response: chunks of bytes, then possibly trailers.
///
/// It implements [`http_body::Body`], and [`Body::new`] takes any other implementation of it.
#[derive(Debug)]
pub struct Body {
    inner: Inner,
}

enum Inner {
    /// All of it is known: at most one chunk, then possibly trailers.
    Whole {
        data: Option<Bytes>,
        trailers: Option<HeaderMap>,
    },
    #[cfg(feature = "net")]
    H1(crate::server::Unread),
    #[cfg(feature = "net")]
    H2(crate::http2::RecvBody),
    Source(Box<dyn Source>),
}

/// What can be drawn from frame by frame, by whoever owns it.
pub(crate) trait Source: Send {
    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame, Status>>>;

    /// Ready when nothing more will come of what was drawn so far, such as at a deadline. It lets a transport that is
    /// stuck on a deaf peer notice; the next frame then carries the reason.
    fn poll_expired(&mut self, _cx: &mut Context<'_>) -> Poll<()> {
        Poll::Pending
    }

    /// Ends what is still running with this status.
    fn abort(&mut self, _status: Status) {}

    /// When bytes last came of which no frame tells yet, if they did.
    fn last_arrival(&self) -> Option<Instant> {
        None
    }

    /// All of it, where that is known. (Where it is one chunk, it is no source.)
    fn known(&self) -> Option<&Known> {
        None
    }

    fn known_mut(&mut self) -> Option<&mut Known> {
        None
    }
}

impl Body {
    /// A body without content.
    pub fn empty() -> Self {
        Self::whole(None, None)
    }

    /// A body over any implementation of [`http_body::Body`]. An error of it becomes a [`Status`] with code `UNKNOWN`,
    /// unless it is a `Status` already.
    pub fn new<B>(body: B) -> Self
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        // So that a head with a status and no more ends the answer, as gRPC's Trailers-Only does.
        if body.is_end_stream() {
            return Self::empty();
        }
        let mut body = Some(body);
        // One of ours, which a layer has left as it is, needs nothing around it.
        if let Some(own) = (&mut body as &mut dyn Any).downcast_mut::<Option<Self>>() {
            return own.take().unwrap_or_default();
        }
        body.map_or_else(Self::empty, |body| Self::source(Foreign(Box::pin(body))))
    }

    pub(crate) fn whole(data: Option<Bytes>, trailers: Option<HeaderMap>) -> Self {
        Self { inner: Inner::Whole { data, trailers } }
    }

    /// What was written, then possibly trailers.
    #[inline]
    pub(crate) fn written(output: Output, trailers: Option<HeaderMap>) -> Self {
        if output.is_parted() {
            return Self::known(output.into_data(), trailers);
        }
        let data = output.into_buffer();
        Self::whole((!data.is_empty()).then(|| data.freeze()), trailers)
    }

    /// A body of which all is known.
    pub(crate) fn known(data: Option<Data>, trailers: Option<HeaderMap>) -> Self {
        match data.map(Data::into_one) {
            None => Self::whole(None, trailers),
            Some(Ok(data)) => Self::whole(Some(data), trailers),
            Some(Err(parted)) => Self::source(Known { data: Some(parted), trailers }),
        }
    }

    pub(crate) fn source(source: impl Source + 'static) -> Self {
        Self { inner: Inner::Source(Box::new(source)) }
    }

    #[cfg(feature = "net")]
    pub(crate) fn h1(body: crate::server::Unread) -> Self {
        Self { inner: Inner::H1(body) }
    }

    #[cfg(feature = "net")]
    pub(crate) fn h2(body: crate::http2::RecvBody) -> Self {
        Self { inner: Inner::H2(body) }
    }

    /// Whether it is known to have no content.
    pub(crate) fn is_empty(&self) -> bool {
        matches!(self.inner, Inner::Whole { data: None, trailers: None })
    }

    /// Whether all of the body is known.
    #[cfg(any(feature = "net", feature = "tower"))]
    pub(crate) fn is_whole(&self) -> bool {
        matches!(self.inner, Inner::Whole { .. }) || self.known_parts().is_some()
    }

    /// The data and the trailers, if all of the body is known.
    #[inline]
    pub(crate) fn try_into_whole(self) -> Result<(Option<Data>, Option<HeaderMap>), Self> {
        match self.inner {
            Inner::Whole { data, trailers } => Ok((data.map(Data::from), trailers)),
            Inner::Source(source) => known_of(source),
            #[cfg(feature = "net")]
            inner @ (Inner::H1(_) | Inner::H2(_)) => Err(Self { inner }),
        }
    }

    /// What hyper is given next of this data.
    pub(crate) fn cut(data: &mut Data) -> Bytes {
        data.next(PIECE)
    }

    pub(crate) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame, Status>>> {
        match &mut self.inner {
            Inner::Whole { data, trailers } => Poll::Ready(match data.take() {
                Some(data) => Some(Ok(Frame::data(data.into()))),
                None => trailers.take().map(|trailers| Ok(Frame::trailers(trailers))),
            }),
            #[cfg(feature = "net")]
            Inner::H1(body) => body.poll_frame(cx),
            #[cfg(feature = "net")]
            Inner::H2(body) => body.poll_frame(cx),
            Inner::Source(source) => {
                // A source that always has more would keep its reader from ever yielding, and deadlines from being seen.
                let progress = ready!(tokio::task::coop::poll_proceed(cx));
                let frame = ready!(source.poll_frame(cx));
                progress.made_progress();
                Poll::Ready(frame)
            }
        }
    }

    fn known_parts(&self) -> Option<&Known> {
        if let Inner::Source(source) = &self.inner { source.known() } else { None }
    }

    /// The next frame, of data no more than a slice; what follows that is next.
    #[inline(never)]
    fn poll_slice(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<http_body::Frame<Bytes>, Status>>> {
        let Some(frame) = ready!(self.poll_next(cx)?) else { return Poll::Ready(None) };
        Poll::Ready(Some(Ok(frame.map_data(|mut rest| {
            let first = Self::cut(&mut rest);
            if !rest.is_empty() {
                let body = std::mem::take(self);
                *self = Self::source(Sliced { body, rest });
            }
            first
        }))))
    }

    pub(crate) fn poll_expired(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match &mut self.inner {
            Inner::Source(source) => source.poll_expired(cx),
            _ => Poll::Pending,
        }
    }

    pub(crate) fn abort(&mut self, status: Status) {
        if let Inner::Source(source) = &mut self.inner {
            source.abort(status);
        }
    }

    /// When bytes last came of which no frame tells yet, if they did.
    pub(crate) fn last_arrival(&self) -> Option<Instant> {
        match &self.inner {
            #[cfg(feature = "net")]
            Inner::H2(body) => body.last_arrival(),
            Inner::Source(source) => source.last_arrival(),
            _ => None,
        }
    }

    /// Whether it is known that nothing more will come.
    pub(crate) fn at_end(&self) -> bool {
        match &self.inner {
            Inner::Whole { data, trailers } => data.is_none() && trailers.is_none(),
            #[cfg(feature = "net")]
            Inner::H1(body) => body.at_end(),
            #[cfg(feature = "net")]
            Inner::H2(body) => body.at_end(),
            Inner::Source(_) => false,
        }
    }
}

#[inline(never)]
fn known_of(mut source: Box<dyn Source>) -> Result<(Option<Data>, Option<HeaderMap>), Body> {
    match source.known_mut() {
        Some(Known { data, trailers }) => Ok((data.take(), trailers.take())),
        None => Err(Body { inner: Inner::Source(source) }),
    }
}

impl Default for Body {
    fn default() -> Self {
        Self::empty()
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, Status>>> {
        let Inner::Whole { data, trailers } = &mut self.inner else {
            return self.poll_slice(cx);
        };
        Poll::Ready(match data {
            Some(data) if data.len() > PIECE => Some(Ok(http_body::Frame::data(data.split_to(PIECE)))),
            Some(_) => data.take().map(|data| Ok(http_body::Frame::data(data))),
            None => trailers.take().map(|trailers| Ok(http_body::Frame::trailers(trailers))),
        })
    }

    fn is_end_stream(&self) -> bool {
        self.at_end()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        match &self.inner {
            // HTTP/1.1 has no trailers behind a body whose length the head says.
            Inner::Whole { data, trailers: None } => {
                http_body::SizeHint::with_exact(data.as_ref().map_or(0, |data| data.len() as u64))
            }
            _ => match self.known_parts() {
                Some(Known { data: Some(data), trailers: None }) => http_body::SizeHint::with_exact(data.len() as u64),
                _ => http_body::SizeHint::default(),
            },
        }
    }
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Whole { .. } => "Whole",
            #[cfg(feature = "net")]
            Self::H1(_) => "H1",
            #[cfg(feature = "net")]
            Self::H2(_) => "H2",
            Self::Source(_) => "Source",
        })
    }
}

/// A body of which all is known, its data in several slices.
pub(crate) struct Known {
    data: Option<Data>,
    trailers: Option<HeaderMap>,
}

impl Source for Known {
    fn poll_frame(&mut self, _: &mut Context<'_>) -> Poll<Option<Result<Frame, Status>>> {
        let frame = self.data.take().map(Frame::data).or_else(|| self.trailers.take().map(Frame::trailers));
        Poll::Ready(frame.map(Ok))
    }

    fn known(&self) -> Option<&Known> {
        Some(self)
    }

    fn known_mut(&mut self) -> Option<&mut Known> {
        Some(self)
    }
}

/// A body whose frames are given slice by slice.
struct Sliced {
    body: Body,
    /// Of the frame that was drawn last.
    rest: Data,
}

impl Source for Sliced {
    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame, Status>>> {
        if self.rest.is_empty() {
            match ready!(self.body.poll_next(cx)?).map(Frame::into_data) {
                Some(Ok(data)) => self.rest = data,
                Some(Err(trailers)) => return Poll::Ready(Some(Ok(trailers))),
                None => return Poll::Ready(None),
            }
        }
        Poll::Ready(Some(Ok(Frame::data(Body::cut(&mut self.rest).into()))))
    }

    fn poll_expired(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.body.poll_expired(cx)
    }

    fn abort(&mut self, status: Status) {
        self.body.abort(status);
    }
}

struct Foreign<B>(Pin<Box<B>>);

impl<B> Source for Foreign<B>
where
    B: http_body::Body<Data = Bytes> + Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame, Status>>> {
        // A panic must not reach the connection, which is its neighbours', too.
        let Ok(polled) = catch_unwind(AssertUnwindSafe(|| self.0.as_mut().poll_frame(cx))) else {
            tracing::error!("the body of an answer or a request panicked");
            return Poll::Ready(Some(Err(Status::internal("the body panicked"))));
        };
        Poll::Ready(ready!(polled).map(|frame| match frame {
            Ok(frame) => Ok(frame.map_data(Data::from)),
            Err(error) => Err(Status::from_error(error.into())),
        }))
    }
}

#[cfg(test)]
mod tests {
    use http_body::Body as _;

    use super::*;

    #[test]
    fn hyper_is_given_pieces_of_what_is_whole() {
        let all: Vec<u8> = (0..=2 * PIECE).map(|n| (n % 251) as u8).collect();
        let mut body = Body::whole(Some(Bytes::from(all.clone())), None);
        assert_eq!(body.size_hint().exact(), Some(2 * PIECE as u64 + 1));
        let mut cx = Context::from_waker(std::task::Waker::noop());
        let (mut lens, mut given) = (Vec::new(), Vec::new());
        while let Poll::Ready(Some(Ok(frame))) = Pin::new(&mut body).poll_frame(&mut cx) {
            let data = frame.into_data().unwrap();
            lens.push((data.len(), body.is_end_stream()));
            given.extend_from_slice(&data);
        }
        assert_eq!(lens, [(PIECE, false), (PIECE, false), (1, true)]);
        assert!(given == all);
    }

    #[test]
    fn one_of_ours_is_taken_as_it_is() {
        let body = Body::new(Body::whole(Some(Bytes::from_static(b"x")), None));
        assert!(matches!(body.inner, Inner::Whole { data: Some(_), .. }), "{body:?}");
    }

    /// A frame in three slices, then a frame of trailers.
    struct Parted(Option<Data>);

    impl Source for Parted {
        fn poll_frame(&mut self, _: &mut Context<'_>) -> Poll<Option<Result<Frame, Status>>> {
            Poll::Ready(Some(Ok(self.0.take().map_or_else(|| Frame::trailers(HeaderMap::new()), Frame::data))))
        }
    }

    #[tokio::test]
    async fn others_are_given_slice_by_slice_what_we_take_whole() {
        let data: Data = ["a", "b", "c"].into_iter().fold(Data::default(), |mut data, slice| {
            data.push(Bytes::from(slice));
            data
        });
        let mut cx = Context::from_waker(std::task::Waker::noop());
        for taken in 0..3 {
            let mut body = Body::source(Parted(Some(data.clone())));
            let mut got = String::new();
            for _ in 0..taken {
                let frame = Pin::new(&mut body).poll_frame(&mut cx);
                let Poll::Ready(Some(Ok(frame))) = frame else { panic!("{taken}") };
                got.push_str(std::str::from_utf8(&frame.into_data().unwrap()).unwrap());
            }
            assert!(!body.at_end());
            while let Poll::Ready(Some(Ok(frame))) = body.poll_next(&mut cx)
                && let Ok(data) = frame.into_data()
            {
                data.into_slices().for_each(|slice| got.push_str(std::str::from_utf8(&slice).unwrap()));
            }
            assert_eq!(got, "abc");
            // The trailers have come, and come again.
            assert!(matches!(body.poll_next(&mut cx), Poll::Ready(Some(Ok(frame))) if frame.is_trailers()));
        }
    }
}
