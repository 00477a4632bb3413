//! An answer put together.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use http::HeaderValue;
use tonic::{Code, Status, metadata::MetadataMap};

use super::{error, events::Events};
use crate::{
    call::{Chunks, Deframe, Ending, Item},
    codec::{Codec, Transcode},
    compress::Encoding,
    json::{self, Json, Step, merge_field, set_raw, set_text},
    method::{Content, HttpRule, Method},
    protocol::{
        bare::WholeBody,
        media,
        rest::{
            accept::{Sent, sent},
            elements::{Elements, Pieces},
            headers,
        },
    },
};

/// The codec of a call's answers.
#[derive(Debug)]
pub(super) struct Reading {
    rule: &'static HttpRule,
    options: Arc<json::Options>,
    content_type: Option<HeaderValue>,
}

impl Reading {
    /// In place of the codec of the requests.
    pub(super) fn codec(
        rule: &'static HttpRule,
        options: Arc<json::Options>,
        content_type: Option<HeaderValue>,
        codec: Codec,
    ) -> Codec {
        match codec {
            Codec::Transcoded { message, .. } => {
                Codec::Transcoded { by: Arc::new(Self { rule, options, content_type }), message }
            }
            other => other,
        }
    }

    fn field(&self) -> Option<Step<'static>> {
        Some(self.rule.response_body).filter(|name| !name.is_empty()).map(Step::Field)
    }

    fn read_json(&self, bytes: &Bytes, message: &mut dyn Json) -> Result<(), String> {
        let text = std::str::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned())?;
        // A 204, and the answer to a HEAD.
        if text.trim_ascii().is_empty() {
            return Ok(());
        }
        let read = merge_field(message, self.field().as_slice(), text, &self.options, false, usize::MAX);
        read.map(drop).map_err(|error| error.to_string())
    }

    fn read_bytes(&self, bytes: &Bytes, message: &mut dyn Json) -> Result<(), String> {
        let way = |name| self.field().into_iter().chain([Step::Field(name)]).collect::<Vec<_>>();
        if let Some(content_type) = self.content_type.as_ref().and_then(|value| value.to_str().ok()) {
            set_text(message, &way("content_type"), content_type, &self.options).map_err(|error| error.to_string())?;
        }
        set_raw(message, &way("data"), bytes, &self.options).map_err(|error| error.to_string())
    }
}

impl Transcode for Reading {
    fn read(&self, bytes: &Bytes, message: &mut dyn Json, _: usize) -> Result<(), Status> {
        let read = match self.rule.response {
            Content::Json => self.read_json(bytes, message),
            Content::HttpBody => self.read_bytes(bytes, message),
        };
        read.map_err(|error| Status::internal(format!("the answer cannot be read: {error}")))
    }

    fn write(&self, _: &dyn Json, _: &mut BytesMut) -> Result<(), Status> {
        Err(Status::internal("a message of the request was written as one of the answer"))
    }
}

/// The messages in the body of an answer, and the error that may end them.
pub(super) struct Answers {
    messages: Messages,
    options: Arc<json::Options>,
    error: Option<Status>,
    trailers: MetadataMap,
}

/// How messages stand in a body.
enum Messages {
    /// As events, one of which may be an error.
    Events(Events),
    /// As JSON values, one of which may be an error.
    Values(Elements),
    /// The body is one message, or pieces without an end of their own.
    Plain(Box<dyn Deframe>),
}

impl Answers {
    /// Those of a body of this type.
    ///
    /// # Errors
    ///
    /// UNKNOWN for a type that is no JSON, where the rule promises some.
    pub(super) fn new(
        method: &Method,
        rule: &HttpRule,
        content_type: Option<&HeaderValue>,
        encoding: Option<Encoding>,
        trailers: MetadataMap,
        options: Arc<json::Options>,
    ) -> Result<Self, Status> {
        let streams = method.kind.streams_responses();
        if streams && encoding.is_some() {
            return Err(Status::internal("the server compressed a stream, which it was not offered"));
        }
        let whole = || Messages::Plain(Box::new(WholeBody));
        let messages = match (rule.response, streams) {
            (Content::HttpBody, true) => Messages::Plain(Box::new(Pieces::of_answer())),
            (Content::HttpBody, false) => whole(),
            (Content::Json, true) if Events::are(content_type) => Messages::Events(Events::default()),
            (Content::Json, _) => match (sent(content_type), streams) {
                (Sent::Json, false) => whole(),
                (Sent::Json, true) => Messages::Values(Elements::any()),
                (Sent::Lines, true) => Messages::Values(Elements::lines()),
                (Sent::Lines, false) | (Sent::Other, _) => {
                    return Err(Status::unknown(format!(
                        "the server answered {}, not with JSON",
                        media::shown(content_type)
                    )));
                }
            },
        };
        Ok(Self { messages, options, error: None, trailers })
    }

    fn next_message(&mut self, chunks: &mut Chunks, eof: bool, limit: usize) -> Result<Item, Status> {
        match &mut self.messages {
            Messages::Plain(messages) => messages.next(chunks, eof, limit),
            Messages::Values(values) => {
                let item = values.next(chunks, eof, limit)?;
                if let Item::Message { len, .. } = item {
                    self.error = error::in_stream(chunks.first(len), &self.options);
                }
                let is_over = matches!(item, Item::More) && values.is_over();
                Ok(if is_over { Item::Over } else { item })
            }
            Messages::Events(events) => {
                let item = events.next(chunks, eof, limit);
                self.error = events.error.take().map(|text| error::in_event(&text, &self.options));
                item
            }
        }
    }
}

impl Deframe for Answers {
    fn next(&mut self, chunks: &mut Chunks, eof: bool, limit: usize) -> Result<Item, Status> {
        let item = match &self.error {
            None => self.next_message(chunks, eof, limit),
            Some(_) => Ok(Item::More),
        };
        if self.error.is_some() {
            // What stands behind an error says nothing more.
            chunks.skip(chunks.len());
            return Ok(Item::Over);
        }
        match item {
            // What is wrong with a request is wrong with the server here.
            Err(status) if status.code() == Code::InvalidArgument => Err(Status::internal(status.message())),
            item => item,
        }
    }

    fn end(&mut self, ending: Ending) -> Result<MetadataMap, Status> {
        let mut all = std::mem::take(&mut self.trailers);
        if let Some(trailers) = ending.trailers {
            let (plain, own) = headers::parted(trailers);
            all = headers::joined(headers::joined(all, plain), own);
        }
        match self.error.take() {
            None => Ok(all),
            Some(mut status) => {
                *status.metadata_mut() = all;
                Err(status)
            }
        }
    }
}
