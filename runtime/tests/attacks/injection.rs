//! What a caller says comes back in headers, and never as one of its own choice.

use rsgrpc::{Channel, Code};

use crate::{support::EchoClient, target::Target};

#[tokio::test]
async fn a_message_stays_a_message() {
    let target = Target::new().await;
    let client = EchoClient::new(Channel::connect(format!("http://{}", target.addr)).unwrap());
    for text in ["a\r\ngrpc-status: 0", "a\ngrpc-status: 0", "a\0b", "%0d%0agrpc-status: 0", "\u{2028}\u{85}"] {
        let status = client.unary(format!("!{text}")).await.unwrap_err();
        assert_eq!((status.code(), status.message()), (Code::InvalidArgument, text));
    }
    target.finish().await;
}

/// Over HTTP/1.1, where a line break would begin a header.
#[tokio::test]
async fn a_line_stays_a_line() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let target = Target::new().await;
    let body = r#""!a\r\nset-cookie: b=c\r\n\r\n<html>""#;
    for content_type in ["application/json", "application/connect+json"] {
        let mut socket = tokio::net::TcpStream::connect(target.addr).await.unwrap();
        let request = format!(
            "POST /test.Echo/Unary HTTP/1.1\r\nhost: test\r\ncontent-type: {content_type}\r\nconnection: close\r\n\
             content-length: {}\r\n\r\n{body}",
            body.len()
        );
        socket.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 4"), "{answer}");
        assert!(!answer.contains("\nset-cookie"), "{answer}");
    }
    target.finish().await;
}
