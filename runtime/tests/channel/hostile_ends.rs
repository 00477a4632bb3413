//! Ends of answers by gRPC-Web and Connect that no honest server sends, and the honest ones beside them.

use rsgrpc::{Channel, Protocol, Status, StatusExt, google::rpc::ErrorInfo};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::{node::within, support::EchoClient};

struct Row {
    name: &'static str,
    /// The frames, each by its flags and payload.
    frames: &'static [(u8, &'static [u8])],
    /// What else follows.
    rest: &'static [u8],
    messages: usize,
    /// The status that the call ends with: its code, and how its message begins.
    end: &'static str,
}

const HI: (u8, &[u8]) = (0, b"\x0a\x02hi");
const ROW: Row = Row { name: "", frames: &[], rest: b"", messages: 1, end: "" };

#[rustfmt::skip]
const CONNECT: &[Row] = &[
    Row { name: "an honest one", frames: &[HI, HI, (2, b"{}")], messages: 2, end: "Ok: ", ..ROW },
    Row { name: "an honest error", frames: &[HI, (2, br#"{"error":{"code":"not_found","message":"gone"}}"#)], end: "NotFound: gone", ..ROW },
    Row { name: "metadata only", frames: &[HI, (2, br#"{"metadata":{"x":["1"]}}"#)], end: "Ok: ", ..ROW },
    Row { name: "no JSON", frames: &[HI, (2, b"{")], end: "Internal: the end of the stream does not parse: ", ..ROW },
    Row { name: "nothing at all", frames: &[HI, (2, b"")], end: "Internal: the end of the stream does not parse: ", ..ROW },
    Row { name: "no UTF-8", frames: &[HI, (2, b"{\"\xff\":1}")], end: "Internal: the end of the stream does not parse: ", ..ROW },
    Row { name: "a list", frames: &[HI, (2, b"[]")], end: "Internal: the end of the stream does not parse: it is no JSON object", ..ROW },
    Row { name: "metadata that is a list", frames: &[HI, (2, br#"{"metadata":[]}"#)], end: "Internal: the end of the stream does not parse: metadata is no object", ..ROW },
    Row { name: "an error beside metadata that is none", frames: &[HI, (2, br#"{"metadata":{"a b":["x"],"x":[1],"y":2},"error":{"code":"not_found","message":"gone"}}"#)], end: "NotFound: gone", ..ROW },
    Row { name: "an error whose details are none", frames: &[HI, (2, br#"{"error":{"code":"not_found","message":"gone","details":[{"type":"a.B","value":"!!"},1]}}"#)], end: "NotFound: gone", ..ROW },
    Row { name: "an error beside what is no text", frames: &[HI, (2, b"{\"error\":{\"code\":\"not_found\",\"message\":\"m\"},\"metadata\":{\"x\":[\"\xff\"]}}")], end: "NotFound: m", ..ROW },
    Row { name: "what is no text", frames: &[HI, (2, b"{\"x\":\"\xff\"}")], end: "Internal: the end of the stream does not parse: invalid utf-8 sequence of 1 bytes from index 6", ..ROW },
    Row { name: "more than anybody has asked for", frames: &[HI, (2, br#"{"x":1e999,"y":"\ud800","y":[[[]]]}"#)], end: "Ok: ", ..ROW },
    Row { name: "metadata that is no header", frames: &[HI, (2, br#"{"metadata":{"a b":["x"]}}"#)], end: "Internal: the end of the stream does not parse: metadata is no list of texts", ..ROW },
    Row { name: "metadata of numbers", frames: &[HI, (2, br#"{"metadata":{"x":[1]}}"#)], end: "Internal: the end of the stream does not parse: metadata is no list of texts", ..ROW },
    Row { name: "an error that is a text", frames: &[HI, (2, br#"{"error":"x"}"#)], end: "Internal: the end of the stream does not parse: error is no error of Connect", ..ROW },
    Row { name: "an error of an unknown code", frames: &[HI, (2, br#"{"error":{"code":"odd","message":"m"}}"#)], end: "Unknown: m", ..ROW },
    Row { name: "compressed, by nothing named", frames: &[HI, (3, b"{}")], end: "Internal: the last frame is compressed, but the headers name no encoding", ..ROW },
    Row { name: "two ends", frames: &[HI, (2, b"{}"), (2, b"{}")], end: "Internal: the server sent more behind the frame that ends the call", ..ROW },
    Row { name: "a message behind the end", frames: &[HI, (2, b"{}"), HI], end: "Internal: the server sent more behind the frame that ends the call", ..ROW },
    Row { name: "no end", frames: &[HI], end: "Internal: the server ended its answer without the frame that ends the call", ..ROW },
    Row { name: "flags of nobody", frames: &[HI, (4, b"{}")], end: "Internal: a frame has the flags 0x04, which the protocol does not define", ..ROW },
    Row { name: "those of gRPC-Web", frames: &[HI, (0x80, b"{}")], end: "Internal: a frame has the flags 0x80, which the protocol does not define", ..ROW },
    Row { name: "half a prefix", frames: &[HI], rest: &[2, 0, 0], end: "Internal: ", ..ROW },
    Row { name: "half an end", frames: &[HI], rest: &[2, 0, 0, 0, 9, b'{'], end: "Internal: ", ..ROW },
    Row { name: "an end of 4 GiB", frames: &[HI], rest: &[2, 0xff, 0xff, 0xff, 0xff], end: "ResourceExhausted: ", ..ROW },
];

#[rustfmt::skip]
const GRPC_WEB: &[Row] = &[
    Row { name: "an honest one", frames: &[HI, HI, (0x80, b"grpc-status:0\r\n")], messages: 2, end: "Ok: ", ..ROW },
    Row { name: "an honest error", frames: &[HI, (0x80, b"Grpc-Status: 5\r\nGrpc-Message: gone%21\r\n")], end: "NotFound: gone!", ..ROW },
    Row { name: "lines without returns", frames: &[HI, (0x80, b"grpc-status:0\nx:1\n")], end: "Ok: ", ..ROW },
    Row { name: "a line that is no field", frames: &[HI, (0x80, b"grpc-status:0\r\nwhat\r\n")], end: "Internal: the trailers have a line that is no field: \"what\"", ..ROW },
    Row { name: "an error beside lines that are no fields", frames: &[HI, (0x80, b"what\r\ngrpc-status:5\r\na b:1\r\ngrpc-message:gone\r\n")], end: "NotFound: gone", ..ROW },
    Row { name: "a name of no letters", frames: &[HI, (0x80, b"a b:1\r\n")], end: "Internal: the trailers have a line that is no field: \"a b:1\"", ..ROW },
    Row { name: "a value with a NUL", frames: &[HI, (0x80, b"x:\0\r\n")], end: "Internal: the trailers have a line that is no field: ", ..ROW },
    Row { name: "no status", frames: &[HI, (0x80, b"x:1\r\n")], end: "Internal: the server ended the call without a grpc-status", ..ROW },
    Row { name: "nothing at all", frames: &[HI, (0x80, b"")], end: "Internal: the server ended the call without a grpc-status", ..ROW },
    Row { name: "a status that is no number", frames: &[HI, (0x80, b"grpc-status:x\r\n")], end: "Unknown: ", ..ROW },
    Row { name: "compressed, by nothing named", frames: &[HI, (0x81, b"grpc-status:0\r\n")], end: "Internal: the last frame is compressed, but the headers name no encoding", ..ROW },
    Row { name: "two ends", frames: &[HI, (0x80, b"grpc-status:0\r\n"), (0x80, b"grpc-status:0\r\n")], end: "Internal: the server sent more behind the frame that ends the call", ..ROW },
    Row { name: "no end", frames: &[HI], end: "Internal: the server ended its answer without the frame that ends the call", ..ROW },
    Row { name: "that of Connect", frames: &[HI, (2, b"{}")], end: "Internal: a frame has the flags 0x02, which the protocol does not define", ..ROW },
    Row { name: "half an end", frames: &[HI], rest: &[0x80, 0, 0, 0, 9, b'g'], end: "Internal: ", ..ROW },
    Row { name: "an end of 4 GiB", frames: &[HI], rest: &[0x80, 0xff, 0xff, 0xff, 0xff], end: "ResourceExhausted: ", ..ROW },
];

/// So many lines or members, each of a name of its own, behind a beginning and before an end.
fn crowd(begin: &str, one: fn(usize) -> String, between: &str, end: &str) -> Vec<u8> {
    let fields: Vec<_> = (0..30_000).map(one).collect();
    format!("{begin}{}{end}", fields.join(between)).into_bytes()
}

/// More fields than HTTP's own map takes do not hide how the call ended.
#[tokio::test]
async fn a_crowd_of_fields() {
    let line: fn(usize) -> String = |n| format!("x{n}:1");
    let member: fn(usize) -> String = |n| format!(r#""x{n}":["1"]"#);
    let (web, connect) =
        ((Protocol::GrpcWeb, "application/grpc-web+proto"), (Protocol::Connect, "application/connect+proto"));
    let too_many = "ResourceExhausted: the frame that ends the call has more than 1000 values";
    for ((protocol, content_type), flags, payload, end) in [
        (web, 0x80, crowd("", line, "\n", "\ngrpc-status:0"), too_many),
        (web, 0x80, crowd("", line, "\n", "\ngrpc-status:5\ngrpc-message:gone"), "NotFound: gone"),
        (web, 0x80, format!("x-bin:{}\ngrpc-status:0", ",".repeat(1000)).into_bytes(), too_many),
        (connect, 2, crowd(r#"{"metadata":{"#, member, ",", "}}"), too_many),
        (
            connect,
            2,
            crowd(r#"{"metadata":{"#, member, ",", r#"},"error":{"code":"not_found","message":"gone"}}"#),
            "NotFound: gone",
        ),
    ] {
        let body = framed(&[(flags, &payload)]);
        assert_eq!(
            within(end, outcome(protocol, content_type, &body, 1 << 16, Then::Ends)).await.1,
            end,
            "{content_type}"
        );
    }
}

/// What ends the call has ended it, whether the body does or not.
#[tokio::test]
async fn bodies_that_do_not_end_with_their_call() {
    for then in [Then::Breaks, Then::Stays] {
        for (protocol, content_type, flags, payload, end) in [
            (Protocol::Connect, "application/connect+proto", 2, &b"{}"[..], "Ok: "),
            (
                Protocol::Connect,
                "application/connect+proto",
                2,
                br#"{"error":{"code":"not_found","message":"gone"}}"#,
                "NotFound: gone",
            ),
            (Protocol::GrpcWeb, "application/grpc-web+proto", 0x80, b"grpc-status:0\r\n", "Ok: "),
            (
                Protocol::GrpcWeb,
                "application/grpc-web+proto",
                0x80,
                b"grpc-status:5\r\ngrpc-message:gone\r\n",
                "NotFound: gone",
            ),
            (Protocol::GrpcWebText, "application/grpc-web-text+proto", 0x80, b"grpc-status:5\r\n", "NotFound: "),
        ] {
            let mut body = framed(&[HI, (flags, payload)]);
            if content_type.contains("text") {
                body = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, &body).into_bytes();
            }
            for room in [1 << 16, 3] {
                let outcome = within(end, outcome(protocol, content_type, &body, room, then)).await;
                assert_eq!(outcome, (1, end.to_owned()), "{content_type}, {then:?}");
            }
        }
    }
}

/// Errors of unary Connect: the HTTP status, the type and the body, and the status that the call ends with.
#[rustfmt::skip]
const ERRORS: &[(&str, &str, &str, &str)] = &[
    ("404 Not Found", "application/json", r#"{"code":"not_found","message":"gone"}"#, "NotFound: gone"),
    ("404 Not Found", "application/json", r#"{"code":"not_found"}"#, "NotFound: "),
    ("404 Not Found", "application/json", r#"{"code":"odd","message":"m"}"#, "Unimplemented: m"),
    ("503 Service Unavailable", "application/json", r#"{"message":"m"}"#, "Unavailable: m"),
    ("403 Forbidden", "application/json", r#"{"code":"not_found","message":"m","details":[{"type":"a.B","value":"!!"}]}"#, "NotFound: m"),
    ("403 Forbidden", "application/json", r#"{"code":"not_found","message":"m","details":[{"type":"a.B","value":"","debug":1e999}]}"#, "NotFound: m"),
    ("403 Forbidden", "application/json", r#"{"x":{"x":"\ud800"},"message":"m\ud800","x":1,"code":"not_found","details":{}}"#, "NotFound: m\\ud800"),
    ("403 Forbidden", "application/json", DEEP, "NotFound: m"),
    ("404 Not Found", "application/json", r#"{"error":{"code":404,"message":"no route","status":"NOT_FOUND"}}"#, r#"Unimplemented: the server answered with HTTP status 404 Not Found and no error of Connect: {"error":{"code":404,"message":"no route","status":"NOT_FOUND"}}"#),
    ("429 Too Many Requests", "application/json", r#"{"code":8,"message":"slower"}"#, r#"Unavailable: the server answered with HTTP status 429 Too Many Requests and no error of Connect: {"code":8,"message":"slower"}"#),
    ("404 Not Found", "application/json", "{}", "Unimplemented: the server answered with HTTP status 404 Not Found and no error of Connect: {}"),
    ("404 Not Found", "application/json", "[", "Unimplemented: the server answered with HTTP status 404 Not Found and no error of Connect: ["),
    ("502 Bad Gateway", "text/plain", "nobody is there\n", "Unavailable: the server answered with HTTP status 502 Bad Gateway and no error of Connect: nobody is there"),
    ("502 Bad Gateway", "text/plain", r#"{"code":"not_found","message":"gone"}"#, r#"Unavailable: the server answered with HTTP status 502 Bad Gateway and no error of Connect: {"code":"not_found","message":"gone"}"#),
    ("403 Forbidden", "text/html", "", "PermissionDenied: the server answered with HTTP status 403 Forbidden and no error of Connect"),
    ("503 Service Unavailable", "text/html\r\ncontent-encoding: br", "?", "Unavailable: the server answered with HTTP status 503 Service Unavailable and no error of Connect"),
    ("403 Forbidden", "text/html", LONG, "PermissionDenied: the server answered with HTTP status 403 Forbidden and no error of Connect"),
];

const DEEP: &str = concat!(
    r#"{"code":"not_found","message":"m","details":[{"type":"a.B","value":"","debug":"#,
    "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
    "]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
    "}]}",
);
const LONG: &str = match std::str::from_utf8(&[b'x'; 257]) {
    Ok(text) => text,
    Err(_) => "",
};

/// What becomes of an answer behind its bytes.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Then {
    Ends,
    /// It was to be longer.
    Breaks,
    /// It does not go on, and does not end.
    Stays,
}

/// A client of a server that answers so, of which so many bytes fit between them.
fn client(protocol: Protocol, http: &str, content_type: &str, body: &[u8], room: usize, then: Then) -> EchoClient {
    let head = format!(
        "HTTP/1.1 {http}\r\ncontent-type: {content_type}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len() + usize::from(then != Then::Ends)
    );
    let answer = [head.as_bytes(), body].concat();
    let connect = move |_| {
        let answer = answer.clone();
        async move {
            let (ours, mut theirs) = tokio::io::duplex(room);
            tokio::spawn(async move {
                let mut request = Vec::new();
                // As it is, or in base64.
                while !request.windows(4).any(|bytes| bytes == HI.1 || bytes == b"Amhp") {
                    theirs.read_buf(&mut request).await?;
                }
                theirs.write_all(&answer).await?;
                if then == Then::Stays {
                    theirs.read_to_end(&mut request).await?;
                }
                theirs.shutdown().await
            });
            Ok(ours)
        }
    };
    let channel =
        Channel::builder("http://test").protocol(protocol).http1_only().connect_with(connect).build().unwrap();
    EchoClient::new(channel)
}

fn said(status: &Status) -> String {
    format!("{:?}: {}", status.code(), status.message())
}

/// Asks for a stream, which is answered with this body.
async fn outcome(protocol: Protocol, content_type: &str, body: &[u8], room: usize, then: Then) -> (usize, String) {
    let mut messages = match client(protocol, "200 OK", content_type, body, room, then).down("hi".to_owned()).await {
        Ok(response) => response.into_inner(),
        Err(status) => return (0, said(&status)),
    };
    let mut count = 0;
    loop {
        match messages.message().await {
            Ok(Some(_)) => count += 1,
            Ok(None) => return (count, "Ok: ".to_owned()),
            Err(status) => return (count, said(&status)),
        }
    }
}

fn framed(frames: &[(u8, &[u8])]) -> Vec<u8> {
    frames
        .iter()
        .flat_map(|(flags, payload)| [&[*flags][..], &(payload.len() as u32).to_be_bytes(), payload].concat())
        .collect()
}

async fn come_to(protocol: Protocol, content_type: &str, rows: &[Row]) {
    for row in rows {
        let body = [framed(row.frames), row.rest.to_vec()].concat();
        for room in [1 << 16, 3] {
            let (messages, end) = within(row.name, outcome(protocol, content_type, &body, room, Then::Ends)).await;
            assert!(end.starts_with(row.end), "{content_type}, {}: {end}", row.name);
            assert_eq!(messages, row.messages, "{content_type}, {}: {end}", row.name);
        }
    }
}

#[tokio::test]
async fn ends_of_connect_streams() {
    come_to(Protocol::Connect, "application/connect+proto", CONNECT).await;
}

#[tokio::test]
async fn ends_of_grpc_web() {
    come_to(Protocol::GrpcWeb, "application/grpc-web+proto", GRPC_WEB).await;
}

#[tokio::test]
async fn errors_of_unary_connect() {
    for &(http, content_type, body, end) in ERRORS {
        for room in [1 << 16, 3] {
            let client = client(Protocol::Connect, http, content_type, body.as_bytes(), room, Then::Ends);
            let error = within(body, async { client.unary("hi".to_owned()).await }).await.unwrap_err();
            assert_eq!(said(&error), end, "{http}, {content_type}, {body}");
        }
    }
}

/// Trailers of an error are metadata as others are: without what is the protocol's, and with binary values apart.
#[tokio::test]
async fn trailers_of_errors_of_unary_connect() {
    let head = "application/json\r\nx-a: 1\r\ntrailer-x-a: 2\r\ntrailer-x-b-bin: AAE, Ag\r\ntrailer-grpc-status: 0\r\n\
                trailer-connect-x: 3\r\ntrailer-content-length: 4";
    let client = client(Protocol::Connect, "404 Not Found", head, br#"{"code":"not_found"}"#, 1 << 16, Then::Ends);
    let error = within("its end", async { client.unary("hi".to_owned()).await }).await.unwrap_err();
    let metadata = error.metadata();
    assert_eq!(metadata.get_all("x-a").iter().collect::<Vec<_>>(), ["1", "2"]);
    let binary: Vec<_> = metadata.get_all_bin("x-b-bin").iter().map(|value| value.to_bytes().unwrap()).collect();
    assert_eq!(binary, [&[0, 1][..], &[2]]);
    assert_eq!(metadata.keys_len(), 2, "{metadata:?}");
}

/// Some servers write the whole URL of a detail's type in place of its name.
#[tokio::test]
async fn details_by_their_url() {
    for (said, read) in [
        ("google.rpc.ErrorInfo", "type.googleapis.com/google.rpc.ErrorInfo"),
        ("type.googleapis.com/google.rpc.ErrorInfo", "type.googleapis.com/google.rpc.ErrorInfo"),
        ("example.com/google.rpc.ErrorInfo", "example.com/google.rpc.ErrorInfo"),
    ] {
        let body = format!(r#"{{"code":"aborted","details":[{{"type":"{said}","value":"CgFh"}}]}}"#);
        let client =
            client(Protocol::Connect, "409 Conflict", "application/json", body.as_bytes(), 1 << 16, Then::Ends);
        let error = within(said, async { client.unary("hi".to_owned()).await }).await.unwrap_err();
        assert_eq!(error.any_details()[0].type_url, read);
        assert_eq!(error.detail::<ErrorInfo>().unwrap().reason, "a");
    }
}

/// What HTTP has said of an answer counts where the rest of it is lost, or is of no use.
#[tokio::test]
async fn failures_by_http() {
    for (protocol, http, content_type, then, end) in [
        (Protocol::Connect, "403 Forbidden", "application/json", Then::Breaks, "PermissionDenied: "),
        (Protocol::Connect, "502 Bad Gateway", "text/plain", Then::Breaks, "Unavailable: "),
        (Protocol::GrpcWeb, "503 Service Unavailable", "text/html\r\ngrpc-encoding: lzma", Then::Ends, "Unavailable: "),
        (
            Protocol::GrpcWeb,
            "200 OK",
            "application/grpc-web+proto\r\ncontent-encoding: br",
            Then::Ends,
            "Internal: the server answered with content-encoding",
        ),
        (Protocol::GrpcWeb, "502 Bad Gateway", "text/html\r\ncontent-encoding: br", Then::Ends, "Unavailable: "),
        (Protocol::Connect, "200 OK", "Application/Proto", Then::Ends, "Internal: the message does not decode"),
        (
            Protocol::GrpcWeb,
            "200 OK",
            "application/grpc-web+proto\r\ngrpc-encoding: lzma",
            Then::Ends,
            "Internal: the encoding",
        ),
    ] {
        let client = client(protocol, http, content_type, br#"{"code":"not_found","message":"m"}"#, 1 << 16, then);
        let error = within(http, async { client.unary("hi".to_owned()).await }).await.unwrap_err();
        assert!(said(&error).starts_with(end), "{http}, {content_type}: {error}");
        assert!(!error.message().contains("not_found"), "{error}");
    }
    let content_type = "application/connect+proto\r\ncontent-encoding: gzip";
    let end = within("its end", outcome(Protocol::Connect, content_type, b"", 1 << 16, Then::Ends)).await.1;
    assert_eq!(end, "Internal: the server answered with content-encoding \"gzip\", which frames cannot have");
}
