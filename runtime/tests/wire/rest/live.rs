//! Streams while they run: what is there is sent, and both sides may go on.

use std::{io::Write, time::Duration};

use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use http::Request;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, DuplexStream};

use super::items::{self, Item, proto::ItemsClient};
use crate::peer::Peer;

/// The next data of an answer.
async fn next(body: &mut h2::RecvStream) -> String {
    let data = tokio::time::timeout(Duration::from_secs(5), body.data()).await.expect("data in time");
    let data = data.expect("more data").expect("no reset");
    let _ = body.flow_control().release_capacity(data.len());
    String::from_utf8(data.to_vec()).unwrap()
}

async fn connect() -> h2::client::SendRequest<Bytes> {
    let (ours, theirs) = tokio::io::duplex(64 * 1024);
    let server = items::server();
    tokio::spawn(async move { server.serve_connection(theirs).await });
    let (send, connection) = h2::client::handshake(ours).await.unwrap();
    tokio::spawn(connection);
    send.ready().await.unwrap()
}

// docs/rest.md 6.6
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_are_flushed_one_by_one() {
    let mut send = connect().await;
    let request = Request::get("http://test/v1/watch/hang-2").header("accept", "text/event-stream").body(()).unwrap();
    let (response, _) = send.send_request(request, true).unwrap();
    let mut body = response.await.unwrap().into_body();
    // The stream goes on, but what it gave is here.
    let mut got = String::new();
    while got.matches("\n\n").count() < 2 {
        got += &next(&mut body).await;
    }
    assert_eq!(got, "data: {\"text\":\"0\"}\n\ndata: {\"text\":\"1\"}\n\n");
}

/// A part of a request, which can be understood without what follows: as it is, or as part of what is compressed.
fn part(encoder: Option<&mut GzEncoder<Vec<u8>>>, text: &str) -> Bytes {
    let Some(encoder) = encoder else { return Bytes::copy_from_slice(text.as_bytes()) };
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.flush().unwrap();
    std::mem::take(encoder.get_mut()).into()
}

/// Without compression and with it.
fn encoders() -> [(&'static str, Option<GzEncoder<Vec<u8>>>); 2] {
    [("identity", None), ("gzip", Some(GzEncoder::new(Vec::new(), Compression::default())))]
}

/// What two messages and the end are in each shape.
const SHAPES: [(&str, [&str; 3]); 3] = [
    ("application/json", [r#"[{"id":"a"}"#, r#",{"id":"b"}"#, "]"]),
    ("application/x-ndjson", ["{\"id\":\"a\"}\n", "{\"id\":\"b\"}\n", ""]),
    ("text/event-stream", ["data: {\"id\":\"a\"}\n\n", "data: {\"id\":\"b\"}\n\n", ""]),
];

/// The second message is sent when the first has come back, so neither side waits for the end of the other.
// docs/rest.md 5.14 5.15 6.6
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_sides_talk_over_http2() {
    let each = SHAPES.into_iter().flat_map(|shape| encoders().map(|encoder| (shape, encoder)));
    for ((accept, [first, second, end]), (encoding, mut encoder)) in each {
        let mut send = connect().await;
        let request =
            Request::post("http://test/v1/sync").header("accept", accept).header("content-encoding", encoding);
        let (response, mut stream) = send.send_request(request.body(()).unwrap(), false).unwrap();
        stream.send_data(part(encoder.as_mut(), "{\"id\":\"a\"}\n"), false).unwrap();
        let mut body = response.await.unwrap().into_body();
        assert_eq!(next(&mut body).await, first, "{encoding}");
        stream.send_data(part(encoder.as_mut(), "{\"id\":\"b\"}\n"), false).unwrap();
        assert_eq!(next(&mut body).await, second, "{encoding}");
        stream.send_data(encoder.map_or_else(Bytes::new, |encoder| encoder.finish().unwrap().into()), true).unwrap();
        // The end may come in a frame of its own.
        let mut rest = Vec::new();
        while let Some(data) = body.data().await {
            rest.extend_from_slice(&data.unwrap());
        }
        assert_eq!(rest, end.as_bytes());
    }
}

/// The next line or chunk of an answer over HTTP/1.1; a chunk has its length before it.
async fn next_of(peer: &mut BufReader<DuplexStream>, is_chunk: bool) -> String {
    let read = async {
        let mut line = String::new();
        peer.read_line(&mut line).await.unwrap();
        let length = if is_chunk { usize::from_str_radix(line.trim_end(), 16).unwrap() } else { return line };
        let mut chunk = vec![0; length + 2];
        peer.read_exact(&mut chunk).await.unwrap();
        String::from_utf8(chunk[..length].to_vec()).unwrap()
    };
    tokio::time::timeout(Duration::from_secs(5), read).await.expect("data in time")
}

// docs/rest.md 5.15 6.6
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_sides_talk_over_http1() {
    for (accept, [first, second, end]) in SHAPES {
        let (ours, theirs) = tokio::io::duplex(64 * 1024);
        let server = items::server();
        tokio::spawn(async move { server.serve_connection(theirs).await });
        let mut peer = BufReader::new(ours);
        let head = "POST /v1/sync HTTP/1.1\r\nhost: test\r\ntransfer-encoding: chunked\r\n";
        peer.write_all(format!("{head}accept: {accept}\r\n\r\na\r\n{{\"id\":\"a\"}}\r\n").as_bytes()).await.unwrap();
        assert_eq!(next_of(&mut peer, false).await, "HTTP/1.1 200 OK\r\n");
        while next_of(&mut peer, false).await != "\r\n" {}
        assert_eq!(next_of(&mut peer, true).await, first);
        peer.write_all(b"a\r\n{\"id\":\"b\"}\r\n").await.unwrap();
        assert_eq!(next_of(&mut peer, true).await, second);
        peer.write_all(b"0\r\n\r\n").await.unwrap();
        let mut rest = next_of(&mut peer, true).await;
        while !rest.is_empty() && rest.len() < end.len() {
            rest += &next_of(&mut peer, true).await;
        }
        assert_eq!(rest, end);
    }
}

/// An upload is worked on while it comes: what is there is answered before there is more.
// docs/rest.md 5.13 5.14
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_is_read_piece_by_piece() {
    for (path, piece, answer) in [
        ("/v1/uploads/p", "[{\"id\":\"a\"},{\"act\":\"enough\"}", r#"{"text":"p","tags":["a"]}"#),
        ("/v1/uploads/p", "{\"id\":\"a\"}\n{\"act\":\"enough\"}", r#"{"text":"p","tags":["a"]}"#),
        ("/v1/store", "enough", r#"{"data":"ZW5vdWdo","tags":["application/json"]}"#),
    ] {
        for (encoding, mut encoder) in encoders() {
            let mut send = connect().await;
            let request = Request::post(format!("http://test{path}")).header("content-type", "application/json");
            let request = request.header("content-encoding", encoding).body(()).unwrap();
            let (response, mut stream) = send.send_request(request, false).unwrap();
            stream.send_data(part(encoder.as_mut(), piece), false).unwrap();
            let mut body = response.await.unwrap().into_body();
            assert_eq!(next(&mut body).await, answer, "{path}, {encoding}");
        }
    }
}

/// Bytes have no place for an error, so a part of them must not look like all: over HTTP/2, over HTTP/1.1 and in process.
// docs/rest.md 6.8
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_download_that_fails_breaks_off() {
    let path = "/v1/files/cut-later:tail";
    let answer = Peer::connect(items::server()).await.send(path, "GET", &[], &[], true).await;
    assert_eq!((answer.http, answer.reset), (200, Some(h2::Reason::CANCEL)));

    let (mut ours, theirs) = tokio::io::duplex(64 * 1024);
    let server = items::server();
    tokio::spawn(async move { server.serve_connection(theirs).await });
    ours.write_all(format!("GET {path} HTTP/1.1\r\nhost: test\r\n\r\n").as_bytes()).await.unwrap();
    let mut answer = String::new();
    ours.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("\r\n\r\n4\r\na,b\n\r\n"), "{answer}");

    let client = ItemsClient::new(rsgrpc::Client::from(items::server()).protocol(rsgrpc::Protocol::Rest));
    let mut pieces = client.tail(Item { id: "cut-later".into(), ..Item::default() }).await.unwrap().into_inner();
    assert_eq!(pieces.message().await.unwrap().unwrap().data, b"a,b\n");
    assert_eq!(pieces.message().await.unwrap_err().message(), "lost");
}

/// Its pieces are no messages of their own, between which a stream may rest.
#[tokio::test(start_paused = true)]
async fn an_upload_of_bytes_that_stands_still_is_answered() {
    let began = tokio::time::Instant::now();
    let (response, mut stream) =
        connect().await.send_request(Request::post("http://test/v1/store").body(()).unwrap(), false).unwrap();
    stream.send_data(Bytes::from_static(b"abc"), false).unwrap();
    assert_eq!(response.await.unwrap().status(), 504);
    assert_eq!(began.elapsed().as_secs(), 30);

    let (mut ours, theirs) = tokio::io::duplex(64 * 1024);
    tokio::spawn(async move { items::server().serve_connection(theirs).await });
    ours.write_all(b"POST /v1/store HTTP/1.1\r\nhost: test\r\ncontent-length: 9\r\n\r\nabc").await.unwrap();
    let mut answer = vec![0; 4096];
    let len = ours.read(&mut answer).await.unwrap();
    let answer = String::from_utf8_lossy(&answer[..len]);
    assert!(answer.starts_with("HTTP/1.1 504"), "{answer}");
    assert!(answer.contains("nothing more of a message arrived for 30s"), "{answer}");
    assert_eq!(began.elapsed().as_secs(), 60);
}

/// Over HTTP/1.1, where a body can be framed wrongly.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn chunks_that_are_none() {
    for chunks in ["zz\r\n{}\r\n", "FFFFFFFFFFFFFFFFF\r\n{}\r\n", "-1\r\n", "2\r\n{}}\r\n"] {
        let (mut ours, theirs) = tokio::io::duplex(64 * 1024);
        let server = items::server();
        tokio::spawn(async move { server.serve_connection(theirs).await });
        let head = "POST /v1/items HTTP/1.1\r\nhost: test\r\ntransfer-encoding: chunked\r\n\r\n";
        ours.write_all(format!("{head}{chunks}").as_bytes()).await.unwrap();
        let mut answer = String::new();
        ours.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 400 "), "{chunks:?}: {answer}");
        assert!(answer.contains("the chunks of the request cannot be read: "), "{chunks:?}: {answer}");
    }
}
