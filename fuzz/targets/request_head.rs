//! Whatever the head of a request says, there is an answer that follows its protocol, and a handler meets only metadata
//! that it can read.

#![no_main]

use std::{sync::LazyLock, time::Duration};

use bytes::Bytes;
use http::{Request as HttpRequest, Uri};
use libfuzzer_sys::fuzz_target;
use rsgrpc::{
    Cors, Request, RequestExt, Response, Server,
    metadata::{KeyAndValueRef, MetadataMap},
};
use rsgrpc_fuzz::{
    answer, fields,
    support::{Answer, Echo, EchoServer},
};

struct Reads;

impl Echo for Reads {
    async fn unary(&self, request: Request<String>) -> Answer<String> {
        let year = Duration::from_secs(365 * 24 * 3600);
        assert!(request.time_remaining().is_none_or(|left| left <= year));
        let mut response = Response::new(request.get_ref().clone());
        *response.metadata_mut() = read(request.metadata());
        Ok(response)
    }
}

/// All of the metadata, which is what a handler may do.
fn read(metadata: &MetadataMap) -> MetadataMap {
    for entry in metadata.iter() {
        if let KeyAndValueRef::Binary(key, value) = entry {
            assert!(value.to_bytes().is_ok(), "{key:?}: {value:?}");
        }
    }
    metadata.clone()
}

static SERVER: LazyLock<Server> = LazyLock::new(|| {
    let server =
        Server::builder().add_service(EchoServer::new(Reads)).cors(Cors::origins([FRIEND]).allow_credentials());
    server.build().expect("a server")
});

/// The one origin whose pages may call.
const FRIEND: &str = "https://app.example";

const BODIES: [&[u8]; 4] = [b"\0\0\0\0\x04\x0a\x02hi", b"\x0a\x02hi", b"AAAAAAQKAmhp", b""];

// The first line is method and target, the others are headers; the first byte behind them chooses a body.
fuzz_target!(|data: &[u8]| {
    let end = data.iter().position(|&b| b == b'\n').unwrap_or(data.len());
    let mut rest = data.get(end + 1..).unwrap_or_default();
    let (line, headers) = (&data[..end], fields(&mut rest));
    let space = line.iter().position(|&b| b == b' ').unwrap_or(line.len());
    let Ok(method) = http::Method::from_bytes(&line[..space]) else { return };
    let Ok(uri) = Uri::try_from(line.get(space + 1..).unwrap_or_default()) else { return };
    let body = BODIES[usize::from(rest.first().copied().unwrap_or(0)) % BODIES.len()];

    let mut request = HttpRequest::new(vec![Bytes::from_static(body)]);
    (*request.method_mut(), *request.uri_mut(), *request.headers_mut()) = (method, uri, headers.clone());
    *request.version_mut() = http::Version::HTTP_2;
    let answer = answer(&SERVER, request);

    assert!((200..600).contains(&answer.status), "{answer:?}");
    let allowed = answer.head.get("access-control-allow-origin");
    let friend = headers.get("origin").is_some_and(|origin| origin == FRIEND);
    assert_eq!(allowed.is_some(), friend, "{headers:?}\n{answer:?}");
    assert!(allowed.is_none_or(|origin| origin == FRIEND) && answer.head.contains_key("vary"), "{answer:?}");
    let is_grpc = |headers: &http::HeaderMap| {
        let value = headers.get("content-type").map_or(&b""[..], |value| value.as_bytes());
        value == b"application/grpc" || value.starts_with(b"application/grpc+")
    };
    if answer.status == 200 && is_grpc(&answer.head) {
        let code: u8 = answer.code().expect("a status").parse().expect("a number");
        assert!(code <= 16, "{answer:?}");
        let timeouts: Vec<_> = headers.get_all("grpc-timeout").iter().collect();
        if let [timeout] = timeouts[..]
            && code == 0
        {
            let (unit, digits) = timeout.as_bytes().split_last().expect("a unit");
            assert!(b"HMSmun".contains(unit) && (1..=8).contains(&digits.len()), "{timeout:?}");
            assert!(digits.iter().all(u8::is_ascii_digit), "{timeout:?}");
        }
    }
});
