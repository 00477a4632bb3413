//! One attempt of a call: a request, and the head of its answer.

use std::{
    future::poll_fn,
    sync::Arc,
    task::{Context, Poll},
    time::Instant,
};

use tonic::{Code, Status, metadata::MetadataMap};

use super::{Client, Head, Incoming, Outgoing, interceptor::Messages, reach::Patience, repeat::Repeated};
use crate::{
    call::{Body, Compression, Frame, Source, Traffic},
    codec::Codec,
    compress::Encoding,
    deadline,
    interceptors::outcome::Watch,
    method::Method,
};

/// Is told of each attempt, with what counts its bytes, and gives what is to be told of its end.
pub(crate) type Observer = dyn Fn(Arc<Traffic>) -> Box<dyn FnOnce(Code) + Send + Sync> + Send + Sync;

/// What all attempts of a call have in common.
pub(super) struct Prepared {
    pub(super) method: &'static Method,
    deadline: Option<Instant>,
    /// That of the answer.
    codec: Codec,
    encoding: Option<Encoding>,
    compressed: bool,
    receive_limit: usize,
    pub(super) patience: Patience,
    traffic: Option<Arc<Traffic>>,
    observer: Option<Arc<Observer>>,
}

impl Client {
    /// The end of the chain: sends the request, more than once if need be, and waits for the head of the answer.
    pub(super) async fn send(&self, call: Box<Outgoing>) -> Result<Incoming, Status> {
        let Outgoing { method, metadata, deadline, outbound, receive_limit, messages, wait_for_ready, .. } = *call;
        // Who encoded it sends it again.
        let is_once = matches!(messages, Messages::Encoded(_));
        let codec = outbound.codec.of(method.output.as_ref())?;
        let (encoding, traffic) = (outbound.encoding, outbound.traffic.clone());
        let compressed = encoding.is_some() && outbound.compression.as_ref().is_none_or(Compression::is_on);
        let body = begun(&codec, messages.into_body(outbound)?).await?;
        let observer = call.observer;
        let prepared = Prepared {
            method,
            deadline,
            codec,
            encoding,
            compressed,
            receive_limit,
            patience: Patience { for_ready: wait_for_ready, until: deadline },
            traffic,
            observer,
        };
        if is_once {
            return self.attempt(&prepared, metadata, body).await;
        }
        let policy = (call.plan, call.config);
        Box::pin(Repeated::new(self, prepared, metadata, body, policy, call.resent).run()).await
    }

    /// Sends the request once, and waits for the head of the answer.
    pub(super) async fn attempt(&self, call: &Prepared, metadata: MetadataMap, body: Body) -> Result<Incoming, Status> {
        let Some(observer) = &call.observer else {
            return self.exchange(call, metadata, body, call.traffic.clone()).await;
        };
        let (own, all) = (Arc::<Traffic>::default(), call.traffic.clone());
        let (end, counted) = (observer(Arc::clone(&own)), Arc::clone(&own));
        let mut watch = Watch::new(call.deadline, move |code| {
            counted.add_sent(all.map_or(0, |all| all.sent() as usize));
            end(code);
        });
        match self.exchange(call, metadata, body, Some(own)).await {
            Ok(mut incoming) => {
                incoming.on_end(move |result| {
                    watch.end(result.as_ref().map_or_else(Status::code, |_| Code::Ok));
                    result
                });
                Ok(incoming)
            }
            Err(status) => {
                watch.end(status.code());
                Err(status)
            }
        }
    }

    async fn exchange(
        &self,
        call: &Prepared,
        metadata: MetadataMap,
        body: Body,
        traffic: Option<Arc<Traffic>>,
    ) -> Result<Incoming, Status> {
        let protocol = self.settings.protocol.speaker();
        let &Prepared { method, encoding, compressed, .. } = call;
        let timeout = call.deadline.map(|at| at.saturating_duration_since(deadline::now()));
        let (codec, get) = (call.codec.clone(), self.settings.get);
        let head = Head { method, metadata, timeout, codec: codec.clone(), encoding, compressed, get };
        let request = protocol.request(head, body);
        let response = self.transport.send(request, method, call.patience).await?;
        let (metadata, mut inbound) = protocol.response(method, response, codec, call.receive_limit)?;
        inbound.traffic = traffic;
        Ok(Incoming { metadata, inbound: Box::new(inbound) })
    }
}

/// The body of a request, of which a message was read where the head depends on it.
async fn begun(codec: &Codec, mut body: Body) -> Result<Body, Status> {
    let Codec::Transcoded { by, .. } = codec else {
        return Ok(body);
    };
    let mut first = None;
    while !by.is_ready() {
        match poll_fn(|cx| body.poll_next(cx)).await.transpose()? {
            Some(frame) => first = Some(frame),
            // Of bytes there may be none.
            None if by.is_ready() => return Ok(Body::empty()),
            None => return Err(Status::invalid_argument("the request has no message that says where it goes")),
        }
    }
    Ok(if first.is_some() { Body::source(Begun { first, body }) } else { body })
}

/// A body with a frame before it.
struct Begun {
    first: Option<Frame>,
    body: Body,
}

impl Source for Begun {
    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame, Status>>> {
        match self.first.take() {
            Some(frame) => Poll::Ready(Some(Ok(frame))),
            None => self.body.poll_next(cx),
        }
    }
}
