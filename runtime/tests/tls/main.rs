//! TLS over real sockets: who is served, who is refused, and what both sides read about it.

#![allow(clippy::unwrap_used, clippy::expect_used, unreachable_pub, reason = "tests")]

#[path = "../support/mod.rs"]
mod support;

mod log;
mod pki;
mod raw;
mod refused;
mod served;
mod settings;

use std::net::SocketAddr;

use rsgrpc::{Channel, ChannelBuilder, Request, RequestExt, Response, Server, ServerTls, Status};
use support::{Answer, Echo, EchoClient, EchoServer};
use tokio::net::TcpListener;

/// Answers with what it knows about the peer.
struct WhoAmI;

impl Echo for WhoAmI {
    async fn unary(&self, request: Request<String>) -> Answer<String> {
        let Some(tls) = &request.peer().unwrap().tls else {
            return Ok(Response::new("no TLS".to_owned()));
        };
        Ok(Response::new(format!(
            "{} sni={} certificates={} dns={:?} uris={:?} spiffe={}",
            tls.version(),
            tls.server_name().unwrap_or("-"),
            tls.certificates().len(),
            tls.dns_names(),
            tls.uris(),
            tls.spiffe_id().unwrap_or("-"),
        )))
    }
}

/// A server on a free port; without TLS settings it speaks none.
async fn start(tls: Option<ServerTls>) -> (Server, SocketAddr) {
    let builder = Server::builder().add_service(EchoServer::new(WhoAmI));
    let server = match tls {
        Some(tls) => builder.tls(tls),
        None => builder,
    };
    let server = server.build().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let serving = server.clone();
    tokio::spawn(async move { serving.serve_with_shutdown(listener, std::future::pending()).await });
    (server, addr)
}

fn channel(addr: SocketAddr) -> ChannelBuilder {
    Channel::builder(format!("https://localhost:{}", addr.port()))
}

async fn ask(channel: ChannelBuilder) -> Result<String, Status> {
    let client = EchoClient::new(channel.build().unwrap());
    Ok(client.unary("who am I?".to_owned()).await?.into_inner())
}
