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

/// In a process of its own, whose environment names a proxy.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_environment_names_a_proxy() {
    let node = Node::start("a").await;
    let (addr, asked) = proxy("HTTP/1.1 200 Fine\r\n\r\n", node.addr).await;
    let child = crate::child::Process::start("true", "proxy::calls_as_the_environment_says", |command| {
        command.env("HTTPS_PROXY", format!("http://{addr}")).env("NO_PROXY", "10.0.0.0/8,.excepted.invalid");
        command.env_remove("https_proxy").env_remove("no_proxy");
    });
    tokio::task::spawn_blocking(|| child.succeeds()).await.unwrap();
    assert_eq!(*asked.lock().unwrap(), ["CONNECT greeter.invalid:5 HTTP/1.1", "Host: greeter.invalid:5"]);
}

#[cfg(unix)]
#[tokio::test]
#[ignore = "started by `the_environment_names_a_proxy`"]
async fn calls_as_the_environment_says() {
    let call = |channel: rsgrpc::ChannelBuilder| async move {
        EchoClient::new(channel.build().unwrap()).unary(String::new()).await.map(rsgrpc::Response::into_inner)
    };
    assert_eq!(call(Channel::builder("dns:///greeter.invalid:5")).await.unwrap(), "a");
    let host = "a.excepted.invalid";
    for channel in
        [Channel::builder(format!("http://{host}")), Channel::builder(host), Channel::builder("x.invalid").no_proxy()]
    {
        let error = call(channel).await.unwrap_err();
        assert_eq!(error.code(), Code::Unavailable);
        assert!(error.message().starts_with("cannot find "), "{error}");
    }
}
