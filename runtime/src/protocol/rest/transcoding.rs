//! One call: where the parts of its messages are.

use std::{
    borrow::Cow,
    fmt,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
};

use bytes::{Bytes, BytesMut};
use http::{HeaderValue, StatusCode, Uri};
use tonic::{Extensions, Status};

use super::{
    HttpStatus,
    accept::Shape,
    headers,
    path::Segments,
    percent::{Piece, decode},
    query,
    router::captures,
    site::Site,
};
use crate::{
    call::Trailers,
    codec::Transcode,
    json::{self, Bound, Error, Form, Json, Step, merge_field, set_raw, set_text},
    method::{BodySelector, Content, HttpRule, Variable},
};

/// A call over REST. It is the codec of the call's messages, and keeps for the protocol what their writing told.
pub(crate) struct Transcoding {
    pub(super) site: Arc<Site>,
    pub(super) rule: &'static HttpRule,
    pub(super) uri: Uri,
    pub(super) segments: Segments,
    /// The type of the request's bytes.
    pub(super) content_type: Option<HeaderValue>,
    pub(super) shape: Shape,
    /// Whether the answer is a stream.
    pub(super) is_stream: bool,
    pub(super) written: Written,
}

/// What writing the answer told.
#[derive(Default)]
pub(super) struct Written {
    status: OnceLock<HttpStatus>,
    content_type: OnceLock<HeaderValue>,
    trailers: OnceLock<HeaderValue>,
    begun: AtomicBool,
}

impl Written {
    /// The HTTP status that the handler chose.
    pub(super) fn status(&self) -> StatusCode {
        self.status.get().map_or(StatusCode::OK, |status| status.code())
    }

    /// The content type of the first message.
    pub(super) fn content_type(&self) -> Option<HeaderValue> {
        self.content_type.get().cloned()
    }

    /// The names of the trailers that a stream is to end with, as far as the handler has said them at its beginning.
    pub(super) fn trailers(&self) -> Option<HeaderValue> {
        self.trailers.get().cloned()
    }

    /// Whether there was a message.
    pub(super) fn begun(&self) -> bool {
        self.begun.load(Ordering::Acquire)
    }
}

impl Transcode for Transcoding {
    fn read(&self, bytes: &Bytes, message: &mut dyn Json, room: usize) -> Result<(), Status> {
        self.read_parts(bytes, message, room, |message| self.read_path(message))
    }

    fn write(&self, message: &dyn Json, buf: &mut BytesMut) -> Result<(), Status> {
        let written = match self.rule.response {
            Content::Json => self.write_json(message, buf),
            Content::HttpBody => self.write_bytes(message, buf),
        };
        self.written.begun.store(true, Ordering::Release);
        written.map_err(|error| Status::internal(format!("the message cannot be written as JSON: {error}")))
    }

    fn attached(&self, extensions: &Extensions) {
        if let Some(&status) = extensions.get::<HttpStatus>() {
            let _ = self.written.status.set(status);
        }
        if self.is_stream
            && let Some(trailers) = extensions.get::<Trailers>()
            && let Some(names) = headers::announcement(&trailers.snapshot())
        {
            let _ = self.written.trailers.set(names);
        }
    }
}

/// The codec of a stream of requests. What the path says is decoded once, as each message has it.
#[derive(Debug)]
pub(super) struct Upload {
    call: Arc<Transcoding>,
    values: Vec<String>,
}

impl Upload {
    /// Fails where path or query cannot be read, as it would with the first message: there may be none.
    pub(super) fn new(call: &Arc<Transcoding>, message: &json::Type) -> Result<Self, Status> {
        let mut fresh = message.fresh();
        if let Some(message) = message.json_mut(fresh.any_mut()) {
            call.read(&Bytes::new(), message, usize::MAX)?;
        }
        let captured = captures(&call.rule.template, call.uri.path(), &call.segments);
        let values = captured.filter_map(|(_, value)| value.ok().map(Cow::into_owned)).collect();
        Ok(Self { call: Arc::clone(call), values })
    }
}

impl Transcode for Upload {
    fn read(&self, bytes: &Bytes, message: &mut dyn Json, room: usize) -> Result<(), Status> {
        self.call.read_parts(bytes, message, room, |message| {
            let mut variables = self.call.rule.template.variables.iter().zip(&self.values);
            variables.try_for_each(|(variable, value)| self.call.set_variable(variable, value, message))
        })
    }

    fn write(&self, message: &dyn Json, buf: &mut BytesMut) -> Result<(), Status> {
        self.call.write(message, buf)
    }

    fn attached(&self, extensions: &Extensions) {
        self.call.attached(extensions);
    }
}

impl Transcoding {
    #[inline(always)]
    fn read_parts(
        &self,
        bytes: &Bytes,
        message: &mut dyn Json,
        room: usize,
        read_path: impl FnOnce(&mut dyn Json) -> Result<(), Status>,
    ) -> Result<(), Status> {
        let has_body = !bytes.is_empty() && self.rule.body != BodySelector::None;
        let mask = if has_body { self.read_body(bytes, message, room)? } else { Vec::new() };
        read_path(message)?;
        if self.rule.body != BodySelector::All
            && let Some(text) = self.uri.query()
        {
            let ignore_unknown = self.site.settings.ignore_unknown_parameters;
            let bound = Bound { variables: self.rule.template.variables, body: self.body_field(), ignore_unknown };
            query::bind(text, message, bound, &self.site.settings.query, &self.site.json)
                .map_err(Status::invalid_argument)?;
        }
        if !mask.is_empty() {
            self.fill_mask(&mask, message);
        }
        Ok(())
    }

    /// The field that the body carries.
    fn body_field(&self) -> Option<&'static str> {
        match self.rule.body {
            BodySelector::Field(name) => Some(name),
            _ => None,
        }
    }

    /// Reads the body; gives the fields that it names, if a mask may have to list them.
    fn read_body(&self, bytes: &Bytes, message: &mut dyn Json, room: usize) -> Result<Vec<String>, Status> {
        let field = self.body_field().map(Step::Field);
        let unreadable =
            |error: &dyn fmt::Display| Status::invalid_argument(format!("the body cannot be read: {error}"));
        if self.rule.request == Content::HttpBody {
            self.read_bytes(field, bytes, message).map_err(|error| unreadable(&error))?;
            return Ok(Vec::new());
        }
        let text = std::str::from_utf8(bytes).map_err(|_| unreadable(&"it is not UTF-8"))?;
        let traced = !self.rule.update_mask.is_empty();
        merge_field(message, field.as_slice(), text, &self.site.json, traced, room)
            .map_err(|error| crate::codec::unreadable("the body cannot be read", &error))
    }

    fn read_bytes(&self, field: Option<Step<'_>>, bytes: &Bytes, message: &mut dyn Json) -> Result<(), Error> {
        let steps = |name| field.into_iter().chain([Step::Field(name)]).collect::<Vec<_>>();
        if let Some(content_type) = self.content_type.as_ref().and_then(|value| value.to_str().ok()) {
            set_text(message, &steps("content_type"), content_type, &self.site.json)?;
        }
        set_raw(message, &steps("data"), bytes, &self.site.json)
    }

    fn read_path(&self, message: &mut dyn Json) -> Result<(), Status> {
        let path = self.uri.path();
        for (variable, value) in captures(&self.rule.template, path, &self.segments) {
            let value = value.map_err(|error| wrong_value(variable, &error))?;
            self.set_variable(variable, &value, message)?;
        }
        // What no variable captures is read by nobody, but has to be sound, too.
        if self.segments.escaped {
            decode(path, Piece::Segments).map_err(|error| Status::invalid_argument(format!("the path: {error}")))?;
        }
        Ok(())
    }

    #[inline(always)]
    fn set_variable(&self, variable: &Variable, value: &str, message: &mut dyn Json) -> Result<(), Status> {
        let set = match *variable.field {
            [name] => set_text(message, &[Step::Field(name)], value, &self.site.json),
            _ => {
                let steps: Vec<_> = variable.field.iter().map(|name| Step::Field(name)).collect();
                set_text(message, &steps, value, &self.site.json)
            }
        };
        set.map_err(|error| wrong_value(variable, &error.message()))
    }

    /// Fills a mask that the caller left out with the fields that the body names (AIP-134).
    fn fill_mask(&self, paths: &[String], message: &mut dyn Json) {
        let mask = [self.rule.update_mask];
        let mut text = BytesMut::new();
        // A mask that cannot be written is one that the caller gave.
        let is_empty =
            self.site.json.append_field(&*message, &mask, Form::Json, &mut text).is_ok() && *text == *b"\"\"";
        if is_empty {
            // It cannot fail: that the field is a mask was looked up in the proto.
            let _ = set_raw(message, &mask.map(Step::Field), paths.join(",").as_bytes(), &self.site.json);
        }
    }

    fn write_json(&self, message: &dyn Json, buf: &mut BytesMut) -> Result<(), Error> {
        let options = &self.site.json;
        match self.rule.response_body {
            "" => options.append(message, buf),
            name => options.append_field(message, &[name], Form::Whole, buf).map(drop),
        }
    }

    fn write_bytes(&self, message: &dyn Json, buf: &mut BytesMut) -> Result<(), Error> {
        let options = &self.site.json;
        let way =
            |name| [self.rule.response_body, name].into_iter().filter(|name| !name.is_empty()).collect::<Vec<_>>();
        if self.written.content_type.get().is_none() {
            let mut text = BytesMut::new();
            options.append_field(message, &way("content_type"), Form::Json, &mut text)?;
            let value = options.from_slice::<String>(&text).unwrap_or_default();
            if let Some(value) = HeaderValue::try_from(value).ok().filter(|value| !value.is_empty()) {
                let _ = self.written.content_type.set(value);
            }
        }
        options.append_field(message, &way("data"), Form::Raw, buf).map(drop)
    }
}

#[cold]
fn wrong_value(variable: &Variable, error: &dyn fmt::Display) -> Status {
    Status::invalid_argument(format!("the value of `{}` in the path: {error}", variable.field.join(".")))
}

impl fmt::Debug for Transcoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transcoding").field("rule", self.rule).field("uri", &self.uri).finish_non_exhaustive()
    }
}
