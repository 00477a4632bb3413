//! TLS over real sockets: who is served, who is refused, and what both sides read about it.

#![allow(clippy::unwrap_used, clippy::expect_used, unreachable_pub, reason = "tests")]

#[path = "../support/mod.rs"]
mod support;

mod pki;

use std::net::SocketAddr;

use pki::{Ca, Pair};
use rsgrpc::{Channel, ChannelBuilder, ClientTls, Request, RequestExt, Response, Server, ServerTls};
use support::{Answer, Echo, EchoClient, EchoServer};
use tokio::net::TcpListener;

/// Answers with what it knows about the peer.
struct WhoAmI;

impl Echo for WhoAmI {
    async fn unary(&self, request: Request<String>) -> Answer<String> {
        let tls = request.peer().unwrap().tls.as_ref().unwrap();
        Ok(Response::new(format!(
            "{} {:?} certificates={} dns={:?} spiffe={:?}",
            tls.version(),
            tls.server_name(),
            tls.certificates().len(),
            tls.dns_names(),
            tls.spiffe_id(),
        )))
    }
}

async fn start(tls: ServerTls) -> (Server, SocketAddr) {
    let server = Server::builder().add_service(EchoServer::new(WhoAmI)).tls(tls).build().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let serving = server.clone();
    tokio::spawn(async move { serving.serve_with_shutdown(listener, std::future::pending()).await });
    (server, addr)
}

fn channel(addr: SocketAddr) -> ChannelBuilder {
    Channel::builder(format!("https://localhost:{}", addr.port()))
}

async fn ask(channel: ChannelBuilder) -> Result<String, rsgrpc::Status> {
    let client = EchoClient::new(channel.build().unwrap());
    Ok(client.unary("who am I?".to_owned()).await?.into_inner())
}

#[tokio::test]
async fn a_call_over_tls() {
    let ca = Ca::new("ca");
    let (_, addr) = start(ServerTls::new(ca.issue(&["localhost"]).identity())).await;
    let answer = ask(channel(addr).tls(ClientTls::new().roots(ca.roots()))).await.unwrap();
    assert_eq!(answer, r#"TLSv1_3 Some("localhost") certificates=0 dns=[] spiffe=None"#);
}

#[tokio::test]
async fn a_certificate_of_the_client_is_seen_by_the_handler() {
    let ca = Ca::new("ca");
    let server = ca.issue(&["localhost"]).identity();
    let (_, addr) = start(ServerTls::new(server).require_client_certificate(ca.roots())).await;
    let client = ca.issue(&["client.test", "spiffe://test/client"]).identity();
    let answer = ask(channel(addr).tls(ClientTls::new().roots(ca.roots()).identity(client))).await.unwrap();
    assert_eq!(
        answer,
        r#"TLSv1_3 Some("localhost") certificates=1 dns=["client.test"] spiffe=Some("spiffe://test/client")"#
    );
}

#[tokio::test]
async fn a_self_signed_certificate_is_refused() {
    let (_, addr) = start(ServerTls::new(Pair::self_signed(&["localhost"]).identity())).await;
    let status = ask(channel(addr).tls(ClientTls::new().roots(Ca::new("ca").roots()))).await.unwrap_err();
    assert_eq!(status.code(), rsgrpc::Code::Unavailable);
    assert_eq!(
        status.message(),
        format!(
            "cannot connect to localhost:{}: the server's certificate is refused: it is signed by no authority that is \
             trusted here",
            addr.port()
        )
    );
}
