//! Streams while they run: what is there is sent, and both sides may go on.

use std::time::Duration;

use bytes::Bytes;
use http::Request;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::items;

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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_sides_talk_over_http2() {
    let mut send = connect().await;
    let request = Request::post("http://test/v1/sync").header("accept", "application/x-ndjson").body(()).unwrap();
    let (response, mut stream) = send.send_request(request, false).unwrap();
    stream.send_data(Bytes::from_static(b"{\"id\":\"a\"}\n"), false).unwrap();
    let mut body = response.await.unwrap().into_body();
    assert_eq!(next(&mut body).await, "{\"id\":\"a\"}\n");
    stream.send_data(Bytes::from_static(b"{\"id\":\"b\"}\n"), false).unwrap();
    assert_eq!(next(&mut body).await, "{\"id\":\"b\"}\n");
    stream.send_data(Bytes::new(), true).unwrap();
    // The end may come in a frame of its own.
    while let Some(rest) = body.data().await {
        assert_eq!(rest.unwrap(), "");
    }
}

/// An upload is worked on while it comes: the first piece is answered before there is a second.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_is_read_element_by_element() {
    let mut send = connect().await;
    let request = Request::post("http://test/v1/uploads/p").body(()).unwrap();
    let (response, mut stream) = send.send_request(request, false).unwrap();
    stream.send_data(Bytes::from_static(b"[{\"id\":\"a\"},{\"act\":\"enough\"}"), false).unwrap();
    let mut body = response.await.unwrap().into_body();
    assert_eq!(next(&mut body).await, "{\"text\":\"p\",\"tags\":[\"a\"]}");
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
