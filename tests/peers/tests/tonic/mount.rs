//! Our service in the servers of tonic and axum, and tonic's service in ours.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use axum::{
    Router,
    extract::Request,
    middleware::{self, Next},
};
use rsgrpc::{Server, tower::ForTonic};
use rsgrpc_peers::{PeersService, checks, proto::ours::PeersServer};
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::service::Routes;

use crate::server;

async fn listener() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    (listener, address)
}

async fn check(address: &str, trailers: checks::Trailers) {
    let failures = checks::run(address, trailers).await.unwrap();
    assert!(failures.is_empty(), "{failures:#?}");
}

#[tokio::test]
async fn our_service_in_tonics_routes() {
    let (listener, address) = listener().await;
    let routes = Routes::new(ForTonic::new(PeersServer::new(PeersService::default())).unwrap());
    let server = tonic::transport::Server::builder().add_routes(routes);
    tokio::spawn(server.serve_with_incoming(TcpListenerStream::new(listener)));
    check(&address, checks::Trailers::Full).await;
}

#[tokio::test]
async fn our_server_in_an_axum_router() {
    let (listener, address) = listener().await;
    let server = Server::builder().add_service(PeersServer::new(PeersService::default())).build().unwrap();
    // Any layer of tower may be around it.
    let requests = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&requests);
    let layer = middleware::from_fn(move |request: Request, next: Next| {
        count.fetch_add(1, Ordering::Relaxed);
        next.run(request)
    });
    let router = Router::new().fallback_service(server).layer(layer);
    tokio::spawn(async move { axum::serve(listener, router).await });
    check(&address, checks::Trailers::Full).await;
    assert!(requests.load(Ordering::Relaxed) > 0);
}

#[tokio::test]
async fn tonics_service_in_our_server() {
    let (listener, address) = listener().await;
    let server = Server::builder().add_tonic_service(server::service()).build().unwrap();
    tokio::spawn(async move { server.serve_with_shutdown(listener, std::future::pending()).await });
    check(&address, checks::Trailers::OnlyWithErrors).await;
}
