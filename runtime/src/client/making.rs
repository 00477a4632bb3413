//! Making a call, whatever the types of its messages.

use std::{
    future::{Future, poll_fn},
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll, ready},
};

use tokio::time::Sleep;
use tonic::{
    Extensions, Status,
    metadata::{AsciiMetadataKey, AsciiMetadataValue, BinaryMetadataKey, BinaryMetadataValue, MetadataMap},
};

use super::{
    Client, Settings,
    call::{Received, Sends, with_head},
    config::MethodConfig,
    interceptor::{Incoming, Messages, Next, Outgoing},
    reach::Unprocessed,
};
use crate::{
    call::{Body, Compression, Outbound, Upload},
    deadline,
    inherit::Inherited,
    method::Method,
    protocol::is_reserved,
    server::DEFAULT_MESSAGE_BYTES,
};

/// A call that is about to be made.
#[derive(Debug)]
pub(super) struct Making<'c> {
    pub(super) client: &'c Client,
    /// In its place, where the call has interceptors of its own.
    pub(super) own: Option<Box<Client>>,
    pub(super) method: &'static Method,
    pub(super) metadata: MetadataMap,
    pub(super) extensions: Extensions,
    pub(super) settings: Settings,
    pub(super) compression: Option<Compression>,
    /// Metadata that cannot be sent; the call fails with it.
    invalid: Option<Status>,
}

impl<'c> Making<'c> {
    pub(super) fn new(
        client: &'c Client,
        method: &'static Method,
        metadata: MetadataMap,
        extensions: Extensions,
    ) -> Self {
        let settings = client.settings.clone();
        Self { client, own: None, method, metadata, extensions, settings, compression: None, invalid: None }
    }

    pub(super) fn add(&mut self, key: &str, value: &str) {
        match (key.parse::<AsciiMetadataKey>(), value.parse::<AsciiMetadataValue>()) {
            _ if !value.bytes().all(|b| matches!(b, b' '..=b'~')) => {
                self.refuse(key, "the value is not printable ASCII; send such values by a key that ends with `-bin`");
            }
            (Ok(name), Ok(value)) if is_key(key) => {
                self.metadata.append(name, value);
            }
            _ => self.refuse_key(key, "an ASCII value needs a lower-case key without `-bin` at its end"),
        }
    }

    pub(super) fn add_bin(&mut self, key: &str, value: &[u8]) {
        match key.parse::<BinaryMetadataKey>() {
            Ok(name) if is_key(key) => {
                self.metadata.append_bin(name, BinaryMetadataValue::from_bytes(value));
            }
            _ => self.refuse_key(key, "a binary value needs a lower-case key with `-bin` at its end"),
        }
    }

    fn refuse_key(&mut self, key: &str, why: &str) {
        self.refuse(key, if is_reserved(key) { "the key belongs to HTTP or to the protocol" } else { why });
    }

    fn refuse(&mut self, key: &str, why: &str) {
        self.invalid
            .get_or_insert_with(|| Status::invalid_argument(format!("the metadata {key:?} cannot be sent: {why}")));
    }
}

fn is_key(key: &str) -> bool {
    is_name(key) && !is_reserved(key)
}

/// Whether keys of metadata may be written so.
pub(super) fn is_name(key: &str) -> bool {
    !key.is_empty() && key.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-' | b'.'))
}

/// A call that is made, until there is what its kind waits for: the head of the answer, or the one message too.
pub(super) type Answering<'c> = Pin<Box<dyn Future<Output = Result<Received, Failure<'c>>> + Send + 'c>>;

/// Goes on with a call, and begins it with what it sends as often as that is asked for.
pub(super) fn poll_answer(
    answer: &mut Answering<'_>,
    sends: &mut dyn Sends,
    cx: &mut Context<'_>,
) -> Poll<Result<Received, Status>> {
    loop {
        match ready!(answer.as_mut().poll(cx)) {
            Ok(received) => return Poll::Ready(Ok(received)),
            Err(Failure::Final(status)) => return Poll::Ready(Err(status)),
            Err(Failure::Unbegun(begin)) => *answer = begin(sends),
        }
    }
}

/// Why there is no answer.
pub(super) enum Failure<'c> {
    Final(Status),
    /// No server has looked at the call, and what it sends is still with the caller, who may begin it so.
    Unbegun(Begin<'c>),
}

/// Begins a call with what it sends.
pub(super) type Begin<'c> = Box<dyn FnOnce(&mut dyn Sends) -> Answering<'c> + Send + 'c>;

impl From<Status> for Failure<'_> {
    fn from(status: Status) -> Self {
        Self::Final(status)
    }
}

impl<'c> Making<'c> {
    pub(super) fn start(mut self, sends: &mut dyn Sends, one: bool) -> Answering<'c> {
        if self.settings.plan.is_none() {
            match self.client.transport.plan() {
                Poll::Ready(plan) => self.settings.plan = plan,
                Poll::Pending => return Box::pin(self.learn(one)),
            }
        }
        self.begin(sends, one)
    }

    /// Waits for what the service asks of its clients, as long as the call's own time allows.
    async fn learn(mut self, one: bool) -> Result<Received, Failure<'c>> {
        let begin = deadline::now();
        let inherited = if self.settings.inherit { Inherited::current().deadline } else { None };
        let own = self.settings.timeout.map(deadline::after);
        let transport = &self.client.transport;
        match own.into_iter().chain(inherited).min() {
            None => transport.learn().await,
            Some(end) => tokio::select! {
                () = transport.learn() => {}
                () = deadline::timer(end) => return Err(deadline::exceeded_waiting_for("the resolver").into()),
            },
        }
        let spent = deadline::now().saturating_duration_since(begin);
        self.settings.timeout = self.settings.timeout.map(|timeout| timeout.saturating_sub(spent));
        if let Poll::Ready(plan) = self.client.transport.plan() {
            self.settings.plan = plan;
        }
        Err(Failure::Unbegun(Box::new(move |sends: &mut dyn Sends| self.begin(sends, one))))
    }

    fn begin(mut self, sends: &mut dyn Sends, one: bool) -> Answering<'c> {
        let (client, own) = (self.client, self.own.take());
        let is_intercepted = own.is_some() || !client.chain.is_empty();
        Box::pin(receive(client, own, self.outgoing(is_intercepted, sends), one))
    }

    /// The call, and what is kept of it so that it can be sent once more.
    fn outgoing(self, is_intercepted: bool, sends: &mut dyn Sends) -> Result<(Box<Outgoing>, Option<Kept>), Status> {
        let Self { method, mut metadata, extensions, mut settings, compression, invalid, .. } = self;
        if let Some(invalid) = invalid {
            return Err(invalid);
        }
        let inherited = if settings.inherit { Inherited::current() } else { Inherited::default() };
        if let Some(theirs) = &inherited.metadata {
            metadata = with_inherited(metadata, theirs);
        }
        let plan = settings.plan.take();
        let config = plan.as_ref().and_then(|plan| plan.config.of(method)).cloned();
        if let Some(config) = &config {
            settings.bind(config);
        }
        let protocol = settings.protocol.speaker();
        let codec = protocol.codec(method, settings.json.as_ref())?;
        let send_limit = settings.max_send_message_bytes.unwrap_or(DEFAULT_MESSAGE_BYTES);
        let mut outbound = Outbound::new(codec, protocol.framing(method), send_limit);
        outbound.encoding = settings.send_encoding.filter(|_| protocol.compresses(method));
        outbound.compression = compression;
        let repeats = config.as_ref().is_some_and(|config| config.repeat.is_some())
            || plan.as_ref().is_some_and(|plan| plan.throttle.is_some());
        if !deadline::HAS_CLOCK && (settings.timeout.is_some() || repeats) {
            return Err(Status::unimplemented("timeouts and retries need a clock, and std has none on this target"));
        }
        let upload = sends.upload();
        // A plain call is encoded here, and its message stays with the caller for the case that no server looks at it.
        let (messages, kept) = match sends.message().filter(|_| !is_intercepted && !repeats) {
            Some(message) => {
                let body = outbound.clone().into_body(message)?;
                (Messages::Encoded(body), Some((metadata.clone(), outbound.clone())))
            }
            None => (sends.take(), None),
        };
        let deadline = settings.timeout.map(deadline::after).into_iter().chain(inherited.deadline).min();
        let call = Outgoing {
            method,
            metadata,
            extensions,
            deadline,
            outbound,
            receive_limit: settings.max_receive_message_bytes.unwrap_or(DEFAULT_MESSAGE_BYTES),
            messages,
            upload,
            wait_for_ready: settings.wait_for_ready,
            plan,
            config,
            resent: 0,
            observer: None,
        };
        Ok((Box::new(call), kept))
    }
}

/// What a plain call has to be made of once more, beside its message.
type Kept = (MetadataMap, Outbound);

async fn receive<'c>(
    client: &'c Client,
    own: Option<Box<Client>>,
    call: Result<(Box<Outgoing>, Option<Kept>), Status>,
    one: bool,
) -> Result<Received, Failure<'c>> {
    let (call, kept) = call?;
    let &Outgoing { method, deadline, receive_limit, wait_for_ready, .. } = &*call;
    let Incoming { metadata, mut inbound } = match (start(own.as_deref().unwrap_or(client), call).await, kept) {
        (Err(status), Some((metadata, outbound)))
            if Unprocessed::of(&status).is_some_and(|mark| mark != Unprocessed::Closed) =>
        {
            let call = Outgoing {
                method,
                metadata,
                extensions: Extensions::default(),
                deadline,
                outbound,
                receive_limit,
                messages: Messages::Encoded(Body::empty()),
                upload: None,
                wait_for_ready,
                plan: None,
                config: None,
                resent: 1,
                observer: None,
            };
            return Err(Failure::Unbegun(again(client, Box::new(call), one)));
        }
        (result, _) => result?,
    };
    if one && let Err(status) = poll_fn(|cx| inbound.poll_single(cx)).await {
        return Err(with_head(status, metadata).into());
    }
    Ok(Received { metadata, inbound })
}

/// A plain call that is to be sent once more.
fn again<'c>(client: &'c Client, mut call: Box<Outgoing>, one: bool) -> Begin<'c> {
    Box::new(move |sends: &mut dyn Sends| {
        call.messages = sends.take();
        Box::pin(receive(client, None, Ok((call, None)), one))
    })
}

/// The metadata of a call, with what it takes over of keys that it does not have.
fn with_inherited(own: MetadataMap, theirs: &MetadataMap) -> MetadataMap {
    let mut all = own.into_headers();
    let theirs = theirs.clone().into_headers();
    for name in theirs.keys() {
        if !all.contains_key(name) {
            let values: Vec<_> = theirs.get_all(name).iter().cloned().collect();
            for value in values {
                all.append(name, value);
            }
        }
    }
    MetadataMap::from_headers(all)
}

impl Settings {
    /// Takes over what a service config says; of timeouts and limits the smaller counts.
    fn bind(&mut self, config: &MethodConfig) {
        let least = |ours: Option<usize>, theirs: Option<usize>| ours.into_iter().chain(theirs).min();
        self.max_send_message_bytes = least(self.max_send_message_bytes, config.max_request_bytes);
        self.max_receive_message_bytes = least(self.max_receive_message_bytes, config.max_response_bytes);
        self.timeout = self.timeout.into_iter().chain(config.timeout).min();
        self.wait_for_ready = self.wait_for_ready.or(config.wait_for_ready);
    }
}

/// Makes a call within its deadline, until the head of its answer is there.
async fn start(client: &Client, mut call: Box<Outgoing>) -> Result<Incoming, Status> {
    if call.deadline.is_some_and(|at| at <= deadline::now()) {
        return Err(deadline::exceeded());
    }
    let (timer, upload) = (call.deadline.map(deadline::timer), call.upload.take());
    if client.chain.is_empty() {
        return within(timer, upload, client.send(call)).await;
    }
    within(timer, upload, Next { client: client.clone(), position: 0 }.run(*call)).await
}

async fn within(
    mut timer: Option<Pin<Box<Sleep>>>,
    upload: Option<Arc<Upload>>,
    answering: impl Future<Output = Result<Incoming, Status>>,
) -> Result<Incoming, Status> {
    let mut answering = pin!(answering);
    let incoming = poll_fn(|cx| {
        if let Poll::Ready(incoming) = answering.as_mut().poll(cx) {
            return Poll::Ready(incoming);
        }
        if let Some(timer) = &mut timer
            && deadline::poll_timer(timer, cx).is_ready()
        {
            return Poll::Ready(Err(deadline::exceeded()));
        }
        upload.as_ref().map_or(Poll::Pending, |upload| upload.poll_broken(cx).map(Err))
    })
    .await;
    let mut incoming = incoming.map_err(|status| deadline::broken(status, timer.as_ref()))?;
    (incoming.inbound.timer, incoming.inbound.upload) = (timer, upload);
    Ok(incoming)
}
