//! An answer of which it is known what a client has to read in it, written for each protocol.

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, STANDARD_NO_PAD},
};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use prost::Message;
use prost_types::Any;
use rsgrpc::{Code, Protocol, google::rpc, metadata::MetadataMap};
use serde_json::{Value, json};

use crate::{
    Input,
    written::{ENCODINGS, base64_runs, compress, cut, escape, frame},
};

/// The names of Connect's codes, from 1 on.
pub const CODES: [&str; 16] = [
    "canceled",
    "unknown",
    "invalid_argument",
    "deadline_exceeded",
    "not_found",
    "already_exists",
    "permission_denied",
    "resource_exhausted",
    "failed_precondition",
    "aborted",
    "out_of_range",
    "unimplemented",
    "internal",
    "unavailable",
    "data_loss",
    "unauthenticated",
];

const NAMES: [&str; 3] = ["x-a", "x-b", "x-c-bin"];

/// Metadata as the tests of this module have it: the values of each of [`NAMES`], in their order.
pub type Fields = [Vec<Vec<u8>>; 3];

/// What a client has to read.
#[derive(Debug, Clone)]
pub struct Reply {
    pub initial: Fields,
    pub messages: Vec<String>,
    pub trailing: Fields,
    pub failure: Option<Failure>,
    /// It ends before its end, so the failure is the client's own.
    pub breaks_off: bool,
    /// The trailers stand in the head, of which there is no other.
    pub is_trailers_only: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Failure {
    pub code: Code,
    pub message: String,
    pub details: Vec<Any>,
}

/// A response of HTTP.
pub struct Parts {
    pub status: u16,
    pub head: HeaderMap,
    pub body: Vec<Bytes>,
    pub trailers: Option<HeaderMap>,
}

/// The metadata that a client has read.
pub fn fields(metadata: &MetadataMap) -> Fields {
    NAMES.map(|name| match name.ends_with("-bin") {
        true => {
            let values = metadata.get_all_bin(name).into_iter();
            values.map(|value| value.to_bytes().expect("it is base64").to_vec()).collect()
        }
        false => metadata.get_all(name).into_iter().map(|value| value.as_bytes().to_vec()).collect(),
    })
}

/// One set of fields behind the other, without what the first has already.
pub fn joined(first: &Fields, second: &Fields) -> Fields {
    std::array::from_fn(|index| {
        let new = second[index].iter().filter(|value| !first[index].contains(value)).cloned();
        first[index].iter().cloned().chain(new).collect()
    })
}

/// One set of fields behind the other.
pub fn concatenated(first: &Fields, second: &Fields) -> Fields {
    std::array::from_fn(|index| [&first[index][..], &second[index]].concat())
}

impl Failure {
    pub fn read(input: &mut Input<'_>) -> Self {
        let code = Code::from_i32(1 + i32::from(input.byte() % 16));
        let message = input.text();
        let detail = |input: &mut Input<'_>| {
            // Connect takes a type with a slash for a whole URL.
            let type_url = format!("type.googleapis.com/{}", input.text().replace('/', ""));
            Any { type_url, value: input.piece().to_vec() }
        };
        let details = (0..input.byte() % 4).map(|_| detail(input)).collect();
        Self { code, message, details }
    }

    /// The details as `grpc-status-details-bin` has them.
    pub fn packed(&self) -> Vec<u8> {
        let (code, message, details) = (self.code as i32, self.message.clone(), self.details.clone());
        rpc::Status { code, message, details }.encode_to_vec()
    }

    fn json(&self, style: u8) -> Value {
        let base64 = if style & 1 == 0 { STANDARD_NO_PAD } else { STANDARD };
        let detail = |any: &Any| {
            let name = any.type_url.split_once('/').expect("a type URL").1;
            json!({ "type": name, "value": base64.encode(&any.value), "debug": { "value": [style] } })
        };
        let mut error = json!({ "code": CODES[self.code as usize - 1] });
        if !self.message.is_empty() || style & 2 != 0 {
            error["message"] = self.message.clone().into();
        }
        if !self.details.is_empty() || style & 4 != 0 {
            error["details"] = self.details.iter().map(detail).collect();
        }
        error
    }
}

fn read_fields(input: &mut Input<'_>) -> Fields {
    let mut fields = Fields::default();
    for _ in 0..input.byte() % 4 {
        let index = usize::from(input.byte()) % NAMES.len();
        let value = input.piece();
        let is_binary = NAMES[index].ends_with("-bin");
        let visible = || value.iter().copied().filter(u8::is_ascii_graphic).collect();
        fields[index].push(if is_binary { value.to_vec() } else { visible() });
    }
    fields
}

/// The values as headers have them.
fn texts(fields: &Fields, style: u8) -> Vec<(&'static str, String)> {
    let base64 = if style & 1 == 0 { STANDARD_NO_PAD } else { STANDARD };
    let mut texts = Vec::new();
    for (name, values) in NAMES.iter().zip(fields) {
        texts.extend(values.iter().map(|value| {
            let text = || String::from_utf8(value.clone()).expect("it is visible");
            (*name, if name.ends_with("-bin") { base64.encode(value) } else { text() })
        }));
    }
    texts
}

fn add(prefix: &str, texts: Vec<(&'static str, String)>, headers: &mut HeaderMap) {
    for (name, text) in texts {
        let name = HeaderName::try_from(format!("{prefix}{name}")).expect("a name");
        headers.append(name, HeaderValue::try_from(text).expect("a value"));
    }
}

impl Reply {
    /// What a reply says, and its response.
    pub fn read(protocol: Protocol, json: bool, unary: bool, input: &mut Input<'_>) -> (Self, Parts) {
        let how = input.byte();
        let style = input.byte();
        let encoding = input.pick(&ENCODINGS);
        let cuts = input.piece();
        let (initial, trailing) = (read_fields(input), read_fields(input));
        let failure = (how & 1 == 1).then(|| Failure::read(input));
        let breaks_off = how & 6 == 6;
        let mut reply = Self { initial, messages: Vec::new(), trailing, failure, breaks_off, is_trailers_only: false };
        let mut flags = Vec::new();
        while !input.is_empty() && reply.messages.len() < 32 {
            let kind = input.byte();
            flags.push(kind & 1 == 1 && encoding != "identity");
            reply.messages.push(input.text().repeat([1, 1, 2, 50][usize::from(kind >> 1) % 4]));
        }
        let mut head = HeaderMap::new();
        let form = if json { "json" } else { "proto" };
        let content_type = match protocol {
            Protocol::Grpc if !json && style & 8 == 0 => "application/grpc".to_owned(),
            Protocol::Grpc => format!("application/grpc+{form}"),
            Protocol::GrpcWebText => format!("application/grpc-web-text+{form}"),
            Protocol::Connect if unary => format!("application/{form}"),
            Protocol::Connect => format!("application/connect+{form}"),
            _ => format!("application/grpc-web+{form}"),
        };
        head.insert("content-type", HeaderValue::try_from(content_type).expect("a value"));
        let payload = |message: &String| match json {
            true => serde_json::to_vec(message).expect("a string"),
            false => message.encode_to_vec(),
        };
        if protocol == Protocol::Connect && unary {
            reply.breaks_off = false;
            let parts = reply.connect_unary(head, style, encoding, cuts, &payload);
            return (reply, parts);
        }
        let name = if protocol == Protocol::Connect { "connect-content-encoding" } else { "grpc-encoding" };
        if encoding != "identity" || style & 16 != 0 {
            head.insert(name, HeaderValue::from_static(encoding));
        }
        if unary && reply.failure.is_some() {
            reply.messages.truncate(1);
        }
        let (mut body, mut ends) = (Vec::new(), vec![0]);
        for (message, compressed) in reply.messages.iter().zip(flags) {
            let payload = payload(message);
            let payload = if compressed { compress(encoding, &payload) } else { payload };
            frame(compressed.into(), &payload, &mut body);
            ends.push(body.len());
        }
        // A failure without messages may stand in the head.
        let trailers_only = reply.messages.is_empty() && reply.failure.is_some() && how & 8 != 0 && !reply.breaks_off;
        if trailers_only && protocol != Protocol::Connect {
            (reply.initial, reply.is_trailers_only) = (Fields::default(), true);
            head.extend(reply.grpc_trailers(style));
            return (reply, Parts { status: 200, head, body: Vec::new(), trailers: None });
        }
        add("", texts(&reply.initial, style), &mut head);
        let mut trailers = None;
        let (flag, last) = match protocol {
            Protocol::Grpc => {
                trailers = Some(reply.grpc_trailers(style)).filter(|_| !reply.breaks_off);
                (None, Vec::new())
            }
            Protocol::Connect => (Some(2), reply.connect_end(style)),
            _ => (Some(0x80), reply.web_trailers(style)),
        };
        if let Some(flag) = flag {
            let compressed = style & 32 != 0 && encoding != "identity";
            let last = if compressed { compress(encoding, &last) } else { last };
            frame(flag | u8::from(compressed), &last, &mut body);
        }
        if reply.breaks_off {
            if !body.is_empty() {
                let at = usize::from(u16::from_le_bytes([style, cuts.first().copied().unwrap_or(0)]));
                body.truncate(at % body.len());
            }
            reply.messages.truncate(ends.iter().rposition(|end| *end <= body.len()).expect("the first is 0"));
        }
        let body = match protocol {
            Protocol::GrpcWebText => base64_runs(&body, &mut Input::new(cuts)),
            _ => body,
        };
        (reply, Parts { status: 200, head, body: cut(&body, cuts), trailers })
    }

    fn grpc_trailers(&self, style: u8) -> HeaderMap {
        let mut trailers = HeaderMap::new();
        add("", texts(&self.trailing, style), &mut trailers);
        let code = self.failure.as_ref().map_or(0, |failure| failure.code as i32);
        trailers.insert("grpc-status", code.into());
        if let Some(failure) = &self.failure {
            let message = escape(failure.message.as_bytes(), style);
            trailers.insert("grpc-message", HeaderValue::try_from(message).expect("it is escaped"));
            if !failure.details.is_empty() {
                let base64 = if style & 2 == 0 { STANDARD_NO_PAD } else { STANDARD };
                let details = base64.encode(failure.packed());
                trailers.insert("grpc-status-details-bin", HeaderValue::try_from(details).expect("base64"));
            }
        }
        trailers
    }

    /// The trailers as lines.
    fn web_trailers(&self, style: u8) -> Vec<u8> {
        let (colon, end) = (if style & 64 == 0 { ": " } else { ":" }, if style & 128 == 0 { "\r\n" } else { "\n" });
        let trailers = self.grpc_trailers(style);
        let lines = trailers
            .iter()
            .map(|(name, value)| [name.as_str(), colon, value.to_str().expect("it is visible"), end].concat());
        lines.collect::<String>().into_bytes()
    }

    fn connect_end(&self, style: u8) -> Vec<u8> {
        let mut end = json!({});
        if let Some(failure) = &self.failure {
            end["error"] = failure.json(style);
        }
        let texts = texts(&self.trailing, style);
        if !texts.is_empty() || style & 8 != 0 {
            end["metadata"] = json!({});
        }
        for (name, text) in texts {
            let values = &mut end["metadata"][name];
            match values.as_array_mut() {
                Some(values) => values.push(text.into()),
                None => *values = json!([text]),
            }
        }
        let written = if style & 16 == 0 { serde_json::to_vec(&end) } else { serde_json::to_vec_pretty(&end) };
        written.expect("JSON")
    }

    /// One message, the first, or an error in JSON; trailers have a prefix.
    fn connect_unary(
        &mut self,
        mut head: HeaderMap,
        style: u8,
        encoding: &'static str,
        cuts: &[u8],
        payload: &dyn Fn(&String) -> Vec<u8>,
    ) -> Parts {
        let (status, body) = match &self.failure {
            Some(failure) => {
                head.insert("content-type", HeaderValue::from_static("application/json"));
                let status = [400, 401, 404, 409, 429, 499, 500, 503][usize::from(style >> 3) % 8];
                (status, serde_json::to_vec(&failure.json(style)).expect("JSON"))
            }
            None => {
                self.messages.resize(1, String::new());
                (200, payload(&self.messages[0]))
            }
        };
        if self.failure.is_some() {
            self.messages.clear();
        }
        if encoding != "identity" || style & 16 != 0 {
            head.insert("content-encoding", HeaderValue::from_static(encoding));
        }
        add("", texts(&self.initial, style), &mut head);
        add("trailer-", texts(&self.trailing, style), &mut head);
        Parts { status, head, body: cut(&compress(encoding, &body), cuts), trailers: None }
    }
}
