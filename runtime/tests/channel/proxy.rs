//! Through an HTTP proxy.

use std::sync::{Arc, Mutex};

use rsgrpc::{Channel, Code};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};

use crate::{node::Node, support::EchoClient};

/// A proxy that answers so, and leads every tunnel to one server; with what it was asked.
async fn proxy(answer: &'static str, server: std::net::SocketAddr) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&asked);
    tokio::spawn(async move {
        loop {
            let mut stream = BufReader::new(listener.accept().await.unwrap().0);
            let mut line = String::new();
            while stream.read_line(&mut line).await.unwrap() > 2 {
                heard.lock().unwrap().push(std::mem::take(&mut line).trim().to_owned());
            }
            stream.write_all(answer.as_bytes()).await.unwrap();
            tokio::spawn(async move {
                let mut server = TcpStream::connect(server).await.unwrap();
                let _ = tokio::io::copy_bidirectional(&mut stream, &mut server).await;
            });
        }
    });
    (addr.to_string(), asked)
}

#[tokio::test]
async fn calls_go_through_a_proxy_that_looks_the_host_up() {
    let node = Node::start("a").await;
    let (addr, asked) = proxy("HTTP/1.1 200 Fine\r\nVia: here\r\n\r\n", node.addr).await;
    let channel =
        Channel::builder("dns:///greeter.invalid:5").proxy(format!("http://me:secret@{addr}")).build().unwrap();
    assert_eq!(EchoClient::new(channel).unary(String::new()).await.unwrap().into_inner(), "a");
    let expected =
        ["CONNECT greeter.invalid:5 HTTP/1.1", "Host: greeter.invalid:5", "Proxy-Authorization: Basic bWU6c2VjcmV0"];
    assert_eq!(*asked.lock().unwrap(), expected);
}

#[tokio::test]
async fn what_a_proxy_refuses_is_told() {
    let node = Node::start("a").await;
    let (addr, _) = proxy("HTTP/1.1 407 Who are you?\r\n\r\n", node.addr).await;
    let channel = Channel::builder("dns:///greeter.invalid:5").proxy(&addr).build().unwrap();
    let error = EchoClient::new(channel).unary(String::new()).await.unwrap_err();
    assert_eq!(error.code(), Code::Unavailable);
    let expected = format!("the proxy {addr} makes no tunnel to greeter.invalid:5: \"HTTP/1.1 407 Who are you?\"");
    assert!(error.message().ends_with(&expected), "{error}");
}
