//! A message comes out of the query of a Connect GET as it went in, in each of the spellings that the protocol has for
//! it; one parameter that is wrong is refused, with the code that it has to have; and whatever a query says, the answer
//! is a message, an error in JSON or one of HTTP's own.

#![no_main]

use std::sync::LazyLock;

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD},
};
use http::{Request as HttpRequest, Uri};
use libfuzzer_sys::fuzz_target;
use prost::Message;
use rsgrpc::{Request, Response, Server};
use rsgrpc_fuzz::{
    Input, Whole, answer,
    support::{Answer, Echo, EchoServer},
    written::{ENCODINGS, compress, escape_parameter},
};

struct Same;

impl Echo for Same {
    async fn unary(&self, request: Request<String>) -> Answer<String> {
        Ok(Response::new(request.into_inner()))
    }
}

const LIMIT: usize = 4096;

static SERVER: LazyLock<Server> = LazyLock::new(|| {
    let server = Server::builder().add_service(EchoServer::new(Same)).max_receive_message_bytes(LIMIT);
    server.build().expect("a server")
});

// The first byte says whether the others are a query, or how to write one.
fuzz_target!(|data: &[u8]| {
    let Some((&mode, data)) = data.split_first() else { return };
    let mut input = Input::new(data);
    match mode % 3 {
        0 => any(data),
        1 => round_trip(&mut input),
        _ => refused(&mut input),
    }
});

/// The answer; none to a query that is too long for a URL.
fn ask(query: &[u8]) -> Option<Whole> {
    let target = Uri::try_from([b"/test.Echo/Look?", query].concat()).ok()?;
    let mut request = HttpRequest::new(Vec::new());
    (*request.uri_mut(), *request.version_mut()) = (target, http::Version::HTTP_2);
    Some(answer(&SERVER, request))
}

fn any(query: &[u8]) {
    let Some(answer) = ask(query) else { return };
    match answer.status {
        200 => assert_eq!(answer.head["vary"], "accept-encoding"),
        415 => {}
        status => {
            assert!(matches!(status, 400 | 429 | 500 | 501), "{answer:?}");
            assert_eq!(answer.head["content-type"], "application/json");
            assert!(answer.body.starts_with(b"{\"code\":\"") && answer.body.ends_with(b"}"), "{answer:?}");
        }
    }
}

/// The status and the code of an error.
fn error(answer: &Whole) -> (u16, String) {
    let json: serde_json::Value = serde_json::from_slice(&answer.body).expect("an error is JSON");
    (answer.status, json["code"].as_str().expect("it has a code").to_owned())
}

fn failed(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

#[derive(Clone, Copy, PartialEq)]
enum Alphabet {
    None,
    Standard,
    StandardUnpadded,
    Url,
    UrlUnpadded,
}

/// A message, and how it is written.
struct Written {
    text: String,
    json: bool,
    encoding: Option<&'static str>,
    alphabet: Alphabet,
    /// The bytes before and after they are compressed.
    plain: Vec<u8>,
    compressed: Vec<u8>,
}

impl Written {
    fn new(input: &mut Input<'_>) -> Self {
        use Alphabet::*;
        let alphabet = input.pick(&[None, Standard, StandardUnpadded, Url, UrlUnpadded]);
        let json = input.flag();
        let encoding = ENCODINGS.get(usize::from(input.byte()) % 5).copied();
        // Repeated, so that some are too large, and some only when they are decompressed.
        let times = [1, 1, 1, 2, 5, 40, 300][usize::from(input.byte()) % 7];
        let text = input.text().repeat(times);
        let plain = if json { serde_json::to_vec(&text).expect("a string") } else { text.encode_to_vec() };
        let compressed = compress(encoding.unwrap_or_default(), &plain);
        Self { text, json, encoding, alphabet, plain, compressed }
    }

    /// What stands in the query for the message.
    fn value(&self) -> Vec<u8> {
        match self.alphabet {
            Alphabet::None => return self.compressed.clone(),
            Alphabet::Standard => STANDARD.encode(&self.compressed),
            Alphabet::StandardUnpadded => STANDARD_NO_PAD.encode(&self.compressed),
            Alphabet::Url => URL_SAFE.encode(&self.compressed),
            Alphabet::UrlUnpadded => URL_SAFE_NO_PAD.encode(&self.compressed),
        }
        .into_bytes()
    }

    /// Its parameters.
    fn parameters(&self) -> Vec<(&'static str, Vec<u8>)> {
        let form = if self.json { "json" } else { "proto" };
        let mut parameters = vec![("message", self.value()), ("encoding", form.into())];
        parameters.extend(self.encoding.map(|encoding| ("compression", encoding.into())));
        parameters.extend((self.alphabet != Alphabet::None).then(|| ("base64", b"1".to_vec())));
        parameters
    }

    /// Whether it is in the alphabet of URLs, the only one that there is.
    fn is_readable(&self) -> bool {
        !matches!(self.alphabet, Alphabet::Standard | Alphabet::StandardUnpadded)
            || !self.value().iter().any(|byte| b"+/".contains(byte))
    }

    fn is_too_large(&self) -> bool {
        self.plain.len() > LIMIT || self.compressed.len() > LIMIT
    }
}

/// The parameters as a query, in an order and with escapes that the input chooses.
fn query(mut parameters: Vec<(&str, Vec<u8>)>, input: &mut Input<'_>) -> Vec<u8> {
    let mut pairs = Vec::new();
    while !parameters.is_empty() {
        let (name, value) = parameters.swap_remove(usize::from(input.byte()) % parameters.len());
        // A name is mostly as it is.
        let (in_name, in_value) = (input.byte(), input.byte());
        let name = if in_name % 8 == 7 { escape_parameter(name.as_bytes(), in_name >> 3) } else { name.to_owned() };
        pairs.push(format!("{name}={}", escape_parameter(&value, in_value)));
    }
    pairs.join("&").into_bytes()
}

fn round_trip(input: &mut Input<'_>) {
    let written = Written::new(input);
    let mut parameters = written.parameters();
    if input.flag() {
        parameters.push(("connect", b"v1".to_vec()));
    }
    let names: Vec<_> = parameters.iter().map(|(name, _)| *name).collect();
    // What is no parameter of Connect's means nothing.
    const UNKNOWN: [&str; 8] = ["", "Message", "messages", "encodin", "base64 ", "message\0", "x", "é"];
    for _ in 0..input.byte() % 4 {
        parameters.push((input.pick(&UNKNOWN), input.piece().to_vec()));
    }
    let mut query = query(parameters, input);
    // Nor does what is repeated.
    if input.flag() {
        names.iter().for_each(|name| query.extend(format!("&{name}=none").bytes()));
    }
    let Some(answer) = ask(&query) else { return };
    if !written.is_readable() {
        assert_eq!(error(&answer), failed(400, "invalid_argument"), "{answer:?}");
    } else if written.is_too_large() {
        assert_eq!(error(&answer), failed(429, "resource_exhausted"), "{answer:?}");
    } else if written.json {
        assert_eq!((answer.status, &answer.head["content-type"]), (200, &"application/json".parse().expect("a value")));
        assert_eq!(serde_json::from_slice::<String>(&answer.body).ok(), Some(written.text), "{answer:?}");
    } else {
        assert_eq!(
            (answer.status, &answer.head["content-type"]),
            (200, &"application/proto".parse().expect("a value"))
        );
        assert_eq!(answer.body, written.plain, "{answer:?}");
    }
}

fn refused(input: &mut Input<'_>) {
    let wrong = input.byte() % 9;
    let mut written = Written::new(input);
    if !written.is_readable() || written.is_too_large() {
        return;
    }
    let bad = input.text();
    if wrong == 6 && written.alphabet == Alphabet::None {
        written.alphabet = Alphabet::Url;
    }
    let mut parameters = written.parameters();
    let mut set = |name: &'static str, value: &[u8]| {
        parameters.retain(|(other, _)| *other != name);
        parameters.push((name, value.to_vec()));
    };
    let expected = match wrong {
        0 if bad != "v1" => {
            set("connect", bad.as_bytes());
            failed(400, "invalid_argument")
        }
        1 | 2 => {
            let name = ["encoding", "message"][usize::from(wrong) - 1];
            parameters.retain(|(other, _)| *other != name);
            failed(400, "invalid_argument")
        }
        3 if !["proto", "json"].contains(&&*bad) => {
            set("encoding", bad.as_bytes());
            let Some(answer) = ask(&query(parameters, input)) else { return };
            assert_eq!(answer.status, 415, "{answer:?}");
            return;
        }
        4 if !bad.is_empty() && !ENCODINGS.iter().any(|name| name.eq_ignore_ascii_case(&bad)) => {
            set("compression", bad.as_bytes());
            failed(501, "unimplemented")
        }
        // A message that ends too early: none of the encodings takes that for its end.
        5 if written.encoding.is_some_and(|encoding| encoding != "identity") => {
            let length = 1 + usize::from(input.byte()) % (written.compressed.len() - 1);
            written.compressed.truncate(length);
            set("message", &written.value());
            failed(400, "invalid_argument")
        }
        6 => {
            let mut value = written.value();
            value.insert(usize::from(input.byte()) % (value.len() + 1), input.pick(b"!*%+/ \n\0\x80"));
            set("message", &value);
            failed(400, "invalid_argument")
        }
        // Or that has more behind its end.
        8 if written.encoding.is_some_and(|encoding| encoding != "identity") && written.compressed.len() < LIMIT => {
            written.compressed.push(input.byte());
            set("message", &written.value());
            failed(400, "invalid_argument")
        }
        7 if written.json && written.encoding.is_none() => {
            let value = [&written.plain, &b"x"[..]].concat();
            written.compressed = value;
            set("message", &written.value());
            failed(400, "invalid_argument")
        }
        _ => return,
    };
    let Some(answer) = ask(&query(parameters, input)) else { return };
    assert_eq!(error(&answer), expected, "{answer:?}");
}
