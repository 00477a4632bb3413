//! A message taken apart.

use std::{
    any::Any,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use bytes::{Bytes, BytesMut};
use http::{HeaderValue, Method as Verb, uri::PathAndQuery};
use tonic::Status;

use super::target;
use crate::{
    codec::{Codec, Transcode, without_json},
    json::{self, Form, Json, Part},
    method::{BodySelector, Content, HttpRule, Method},
};

/// The codec of a call's requests. It keeps for the protocol what does not stand in the body.
#[derive(Debug)]
pub(super) struct Taken {
    method: &'static Method,
    options: Arc<json::Options>,
    line: Mutex<Option<Arc<Line>>>,
}

/// What the head of a request says of its message.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) rule: &'static HttpRule,
    pub(super) verb: Verb,
    pub(super) target: PathAndQuery,
    pub(super) content_type: Option<HeaderValue>,
    /// How many messages of a stream it has stood for.
    messages: AtomicUsize,
}

impl Taken {
    pub(super) fn codec(method: &'static Method, json: Option<&Arc<json::Options>>) -> Result<Codec, Status> {
        let Some(message) = &method.input else {
            return Err(without_json());
        };
        let Some(rule) = method.http.first() else {
            let name = method.full_name();
            return Err(Status::unimplemented(format!(
                "{name} has no google.api.http rule: call it by another protocol"
            )));
        };
        let options = json.map_or_else(|| Arc::new(default_options()), Arc::clone);
        let taken = Self { method, options, line: Mutex::default() };
        // `()` is the empty message.
        if is_constant(rule)
            && let Ok(line) = taken.line_of(rule, &())
        {
            taken.keep(line);
        }
        Ok(Codec::Transcoded { by: Arc::new(taken), message })
    }

    /// What the message that was written says, and how JSON is read; `None` where none was written.
    pub(super) fn sent(codec: &Codec) -> Option<(Arc<Line>, Arc<json::Options>)> {
        let Codec::Transcoded { by, .. } = codec else { return None };
        let by: &dyn Any = &**by;
        let taken = by.downcast_ref::<Self>()?;
        Some((taken.noted()?, Arc::clone(&taken.options)))
    }

    fn noted(&self) -> Option<Arc<Line>> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn keep(&self, line: Line) -> Arc<Line> {
        let line = Arc::new(line);
        *self.line.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&line));
        line
    }

    /// Of several bindings the first that the message fits into; if it fits into none, the first says why.
    fn choose(&self, message: &dyn Json) -> Result<Line, Status> {
        let mut why = None;
        for rule in self.method.http {
            match self.line_of(rule, message) {
                Ok(line) => return Ok(line),
                Err(error) => drop(why.get_or_insert(error)),
            }
        }
        let why = why.unwrap_or_default();
        Err(Status::invalid_argument(format!("the request cannot be written for REST: {why}")))
    }

    fn line_of(&self, rule: &'static HttpRule, message: &dyn Json) -> Result<Line, String> {
        let target = target::expand(rule, message, &self.options)?;
        let verb = match (rule.verb, rule.body) {
            ("*", BodySelector::None) => Verb::GET,
            ("*", _) => Verb::POST,
            (verb, _) => Verb::from_bytes(verb.as_bytes()).map_err(|_| format!("{verb:?} is no HTTP method"))?,
        };
        let content_type = match rule.request {
            Content::HttpBody => self.content_type(rule, message)?,
            Content::Json if self.method.kind.streams_requests() => {
                Some(HeaderValue::from_static("application/x-ndjson"))
            }
            Content::Json => Some(HeaderValue::from_static("application/json")),
        };
        Ok(Line { rule, verb, target, content_type, messages: AtomicUsize::new(1) })
    }

    /// The head of a stream is sent once, as its first message says: a later one has to say the same.
    fn agree(&self, line: &Line, message: &dyn Json) -> Result<(), Status> {
        if is_constant(line.rule) {
            return Ok(());
        }
        let number = line.messages.fetch_add(1, Ordering::Relaxed) + 1;
        let why = match self.line_of(line.rule, message) {
            Err(why) => why,
            Ok(other) => {
                let retyped = other.content_type.is_some() && other.content_type != line.content_type;
                let differs = target::difference(&line.rule.template, &line.target, &other.target);
                match differs.or_else(|| retyped.then(|| "content_type".to_owned())) {
                    None => return Ok(()),
                    Some(field) => format!("the field `{field}` is another than in the first, with which it was sent"),
                }
            }
        };
        Err(Status::invalid_argument(format!("message {number} of the stream cannot be written for REST: {why}")))
    }

    /// The type of the bytes of a `google.api.HttpBody`, which are all else that it may hold.
    fn content_type(&self, rule: &HttpRule, message: &dyn Json) -> Result<Option<HeaderValue>, String> {
        let mut json = BytesMut::new();
        let extensions = self.append_of_body(rule, message, "extensions", Form::Set, &mut json);
        if !extensions.is_ok_and(|len| len <= "[]".len()) {
            return Err("`extensions` of a google.api.HttpBody have no place beside its bytes".to_owned());
        }
        json.clear();
        let found = self.append_of_body(rule, message, "content_type", Form::Json, &mut json);
        found.map_err(|error| error.to_string())?;
        let text = self.options.from_slice::<String>(&json).unwrap_or_default();
        if text.is_empty() {
            return Ok(None);
        }
        HeaderValue::try_from(&text).map(Some).map_err(|_| format!("the content type {text:?} cannot be sent"))
    }

    fn write_body(&self, rule: &HttpRule, message: &dyn Json, buf: &mut BytesMut) -> Result<(), json::Error> {
        let body = match rule.body {
            BodySelector::None => return Ok(()),
            BodySelector::Field(name) => Some(name),
            BodySelector::All => None,
        };
        if rule.request == Content::HttpBody {
            return self.append_of_body(rule, message, "data", Form::Raw, buf).map(drop);
        }
        let start = buf.len();
        self.options.append_part(message, Part { variables: rule.template.variables, body }, buf)?;
        // Without its field, too, a message is an element of the stream.
        if buf.len() == start && self.method.kind.streams_requests() {
            buf.extend_from_slice(b"null");
        }
        Ok(())
    }

    /// Appends a field of the `google.api.HttpBody` that is the body.
    fn append_of_body(
        &self,
        rule: &HttpRule,
        message: &dyn Json,
        name: &str,
        form: Form,
        buf: &mut BytesMut,
    ) -> Result<usize, json::Error> {
        match rule.body {
            BodySelector::Field(field) => self.options.append_field(message, &[field, name], form, buf),
            BodySelector::None | BodySelector::All => self.options.append_field(message, &[name], form, buf),
        }
    }
}

impl Transcode for Taken {
    fn read(&self, _: &Bytes, _: &mut dyn Json, _: usize) -> Result<(), Status> {
        Err(Status::internal("a message of the answer was read as one of the request"))
    }

    fn write(&self, message: &dyn Json, buf: &mut BytesMut) -> Result<(), Status> {
        let line = match self.noted().filter(|_| self.method.kind.streams_requests()) {
            Some(line) => {
                self.agree(&line, message)?;
                line
            }
            None => self.keep(self.choose(message)?),
        };
        self.write_body(line.rule, message, buf)
            .map_err(|error| Status::internal(format!("the message cannot be written as JSON: {error}")))
    }

    fn is_ready(&self) -> bool {
        self.noted().is_some()
    }
}

/// A newer server may say more than this client knows.
pub(crate) fn default_options() -> json::Options {
    json::Options::new().ignore_unknown_fields(true)
}

/// Whether the head of a request by this rule is known before its first message.
fn is_constant(rule: &HttpRule) -> bool {
    rule.template.variables.is_empty() && rule.body == BodySelector::All && rule.request == Content::Json
}
