//! A body that is written here, of messages that are known, gives the handler exactly these, and one that breaks off or
//! is too large those before; and any body gives the same messages, or fails alike, however it is cut into chunks.

#![no_main]

use std::{cell::RefCell, sync::LazyLock};

use bytes::Bytes;
use http::Request as HttpRequest;
use libfuzzer_sys::fuzz_target;
use prost::Message;
use rsgrpc::{Code, Request, Response, Server, Streaming};
use rsgrpc_fuzz::{
    Input, Whole, answer,
    support::{Answer, Echo, EchoServer},
    written::{ENCODINGS, base64_runs, compress, cut, frame, frames, from_base64_runs},
};

const TYPES: [&str; 4] =
    ["application/grpc", "application/grpc-web", "application/grpc-web-text", "application/connect"];
const GRPC: usize = 0;
const TEXT: usize = 2;
const CONNECT: usize = 3;
const LIMIT: usize = 4096;

thread_local! {
    /// What the handler has read. A call runs on the thread of its caller here.
    static READ: RefCell<Vec<String>> = RefCell::default();
}

struct Join;

impl Echo for Join {
    async fn up(&self, request: Request<Streaming<String>>) -> Answer<String> {
        let mut messages = request.into_inner();
        while let Some(message) = messages.message().await? {
            READ.with_borrow_mut(|read| read.push(message));
        }
        Ok(Response::new(READ.with_borrow(|read| format!("{read:?}"))))
    }
}

static SERVER: LazyLock<Server> = LazyLock::new(|| {
    let server = Server::builder().add_service(EchoServer::new(Join)).max_receive_message_bytes(LIMIT);
    server.build().expect("a server")
});

// The first byte chooses protocol and encoding, and whether the others are a body or how to write one.
fuzz_target!(|data: &[u8]| {
    let Some((&mode, data)) = data.split_first() else { return };
    let (protocol, encoding) = (usize::from(mode) % 4, ENCODINGS[usize::from(mode) / 4 % 4]);
    if mode / 16 % 2 == 1 {
        known(protocol, encoding, &mut Input::new(data));
    } else if let Some((cuts, body)) = data.split_first_chunk::<4>() {
        any(protocol, encoding, *cuts, body);
    }
});

fn ask(protocol: usize, encoding: &str, json: bool, chunks: Vec<Bytes>) -> Whole {
    let form = match (protocol, json) {
        (_, true) => "+json",
        (CONNECT, false) => "+proto",
        _ => "",
    };
    READ.with_borrow_mut(Vec::clear);
    let head = HttpRequest::post("/test.Echo/Up").version(http::Version::HTTP_2);
    let head = head.header("content-type", format!("{}{form}", TYPES[protocol])).header("grpc-encoding", encoding);
    let head = head.header("connect-content-encoding", encoding);
    answer(&SERVER, head.body(chunks).expect("a request"))
}

/// The first four bytes say where the body is cut.
fn any(protocol: usize, encoding: &str, cuts: [u8; 4], body: &[u8]) {
    let read = |chunks| ask(protocol, encoding, false, chunks);
    let whole = read(vec![Bytes::copy_from_slice(body)]);
    check(protocol, &whole, read(cut(body, &cuts)));
    if body.len() <= 512 {
        check(protocol, &whole, read(body.chunks(1).map(Bytes::copy_from_slice).collect()));
    }
}

fn check(protocol: usize, whole: &Whole, cut: Whole) {
    if protocol == TEXT && (fails(whole) || fails(&cut)) {
        // How much of it is decoded before an error is found depends on how it arrives.
        assert!(fails(whole) && fails(&cut), "{whole:?}\n{cut:?}");
    } else {
        assert_eq!(*whole, cut);
    }
}

/// Whether an answer has no message.
fn fails(answer: &Whole) -> bool {
    !answer.body.starts_with(b"AAAA")
}

/// Messages that the input lists, in frames that are written here.
fn known(protocol: usize, encoding: &str, input: &mut Input<'_>) {
    let (how, cuts) = (input.byte(), input.piece());
    let (json, breaks_off) = (how % 2 == 1, how / 2 % 4 == 3);
    let (mut body, mut messages, mut ends) = (Vec::new(), Vec::new(), vec![0]);
    let mut failure = None;
    while !input.is_empty() && body.len() < 1 << 16 {
        let kind = input.byte();
        // Repeated, so that some are too large, and some only when they are decompressed.
        let message = input.text().repeat([1, 1, 1, 2, 5, 17, 40, 300][usize::from(kind >> 1) % 8]);
        let plain = if json { serde_json::to_vec(&message).expect("a string") } else { message.encode_to_vec() };
        let is_compressed = kind % 2 == 1 && encoding != "identity";
        let payload = if is_compressed { compress(encoding, &plain) } else { plain.clone() };
        // Seldom, a frame that is none: flags that nobody defines, or a compressed one that nothing is said of.
        let bad_flags = (kind >= 0xfc).then(|| if encoding == "identity" { 1 } else { 4 });
        frame(bad_flags.unwrap_or(u8::from(is_compressed)), &payload, &mut body);
        if failure.is_none() {
            if payload.len() > LIMIT {
                failure = Some(Code::ResourceExhausted);
            } else if bad_flags.is_some() {
                failure = Some(Code::Internal);
            } else if plain.len() > LIMIT {
                failure = Some(Code::ResourceExhausted);
            } else {
                messages.push(message);
                ends.push(body.len());
            }
        }
    }
    // It may end too early, in a frame or between two.
    let mut is_half = false;
    if breaks_off && failure.is_none() && !body.is_empty() {
        body.truncate(usize::from(u16::from_le_bytes([how, cuts.first().copied().unwrap_or(0)])) % body.len());
        let whole = ends.iter().rposition(|end| *end <= body.len()).expect("the first is 0");
        messages.truncate(whole);
        is_half = ends[whole] != body.len();
    }
    let wire = if protocol == TEXT { base64_runs(&body, &mut Input::new(cuts)) } else { body };
    let answer = ask(protocol, encoding, json, cut(&wire, cuts));
    let read = READ.with_borrow(Vec::clone);
    assert_eq!(answer.status, 200, "{answer:?}");
    if failure.is_none() && !is_half {
        assert_eq!(read, messages);
        ends_well(protocol, json, &format!("{messages:?}"), &answer);
        return;
    }
    let is_text_failure = protocol == TEXT;
    // Of a text, as much is decoded at once as has arrived; else what is whole is read before the failure.
    assert!(if is_text_failure { messages.starts_with(&read) } else { messages == read }, "{messages:?}\n{read:?}");
    let expected = failure.map(|code| (code as i32).to_string());
    let code = code(protocol, &answer);
    assert!(code != "0" && expected.is_none_or(|expected| code == expected), "{failure:?}: {answer:?}");
}

/// The answer is this message and a good end, as the protocol writes them.
fn ends_well(protocol: usize, json: bool, text: &str, answer: &Whole) {
    assert_eq!(code(protocol, answer), "0", "{answer:?}");
    let frames = frames_of(protocol, answer);
    let (flags, message) = &frames[0];
    let message = match json {
        true => serde_json::from_slice::<String>(message).expect("a string"),
        false => String::decode(&message[..]).expect("a message"),
    };
    assert_eq!((*flags, &*message), (0, text), "{answer:?}");
    let last: &[(u8, &[u8])] = match protocol {
        GRPC => &[],
        CONNECT => &[(2, b"{}")],
        _ => &[(0x80, b"grpc-status: 0\r\n")],
    };
    assert!(frames[1..].iter().map(|(flags, payload)| (*flags, &payload[..])).eq(last.iter().copied()), "{answer:?}");
}

fn frames_of(protocol: usize, answer: &Whole) -> Vec<(u8, Vec<u8>)> {
    if protocol == TEXT { frames(&from_base64_runs(&answer.body)) } else { frames(&answer.body) }
}

/// The code that ends an answer, as a number in decimal; for Connect only whether it is one of two.
fn code(protocol: usize, answer: &Whole) -> String {
    if let Some(code) = answer.code() {
        return code.to_owned();
    }
    let frames = frames_of(protocol, answer);
    let (_, last) = frames.last().expect("the frame that ends the call");
    if protocol != CONNECT {
        let text = String::from_utf8_lossy(last);
        let line = text.lines().find_map(|line| line.strip_prefix("grpc-status: "));
        return line.expect("a status").to_owned();
    }
    let end: serde_json::Value = serde_json::from_slice(last).expect("JSON");
    match end["error"]["code"].as_str() {
        None => "0",
        Some("resource_exhausted") => "8",
        Some("internal") => "13",
        Some(other) => other,
    }
    .to_owned()
}
