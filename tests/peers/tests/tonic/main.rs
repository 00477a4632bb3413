//! tonic against rsgrpc, both ways.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod client;
mod mount;
mod server;

use std::net::SocketAddr;

use rsgrpc::Server;
use rsgrpc_peers::{PeersService, checks, proto::ours::PeersServer};
use tokio::net::TcpListener;

#[tokio::test]
async fn our_client_on_tonics_server() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(server::serve(listener));
    let failures = checks::run(&format!("http://{address}"), checks::Trailers::OnlyWithErrors).await.unwrap();
    assert!(failures.is_empty(), "{failures:#?}");
}

/// The checks themselves hold for our own server, too.
#[tokio::test]
async fn our_client_on_our_server() {
    let failures = checks::run(&format!("http://{}", our_server().await), checks::Trailers::Full).await.unwrap();
    assert!(failures.is_empty(), "{failures:#?}");
}

/// Starts our server and returns its address.
async fn our_server() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = Server::builder().add_service(PeersServer::new(PeersService::default())).build().unwrap();
    tokio::spawn(async move { server.serve_with_shutdown(listener, std::future::pending()).await });
    address
}
