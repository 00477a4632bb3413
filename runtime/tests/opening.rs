//! What a server makes of the first bytes of a connection.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use rsgrpc::Server;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

#[tokio::test]
async fn what_is_not_http_is_closed_without_a_word() {
    for garbage in ["INVALID CONNECTION PREFACE\r\n\r\n", "PRI * HTTP/3.0\r\n\r\n", "GET /\n", "\u{1}\u{2}\u{3}"] {
        assert_eq!(answer(garbage).await, "", "{garbage:?}");
    }
}

#[tokio::test]
async fn a_request_line_of_http_1_is_answered() {
    for request in ["GET / HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n", "\r\nGET / HTTP/1.0\r\n\r\n"] {
        assert!(answer(request).await.starts_with("HTTP/1."), "{request:?}");
    }
    // A request line that is wrong in the middle is a bad request, and so is one for no host, or for two.
    for request in [
        "G\u{2}ET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nconnection: close\r\n\r\n",
        "GET / HTTP/1.1\r\nhost: test\r\nhost: other\r\nconnection: close\r\n\r\n",
    ] {
        let answer = answer(request).await;
        assert!(answer.starts_with("HTTP/1.1 400 "), "{request:?}: {answer:?}");
    }
}

/// Sends the bytes in two parts, so that no read has all of them, and reads until the server closes the connection.
async fn answer(request: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = Server::builder().build().unwrap();
    tokio::spawn(async move { server.serve_with_shutdown(listener, std::future::pending()).await });
    let mut stream = TcpStream::connect(address).await.unwrap();
    let (first, second) = request.split_at(2);
    stream.write_all(first.as_bytes()).await.unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    // The server may have closed it already.
    let _ = stream.write_all(second.as_bytes()).await;
    let mut answer = Vec::new();
    // A connection that is closed with bytes unread ends in a reset, which is as good as its end.
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8(answer).unwrap()
}
