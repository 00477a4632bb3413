//! Our service in the servers of tonic and axum, tonic's service in ours, and our client over theirs.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
};

use axum::{
    Router,
    extract::Request,
    middleware::{self, Next},
};
use rsgrpc::{Body, Client, Server, tower::ForTonic};
use rsgrpc_peers::{
    PeersService, checks,
    proto::ours::{PeersClient, PeersServer, Question},
};
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{codegen::Service, service::Routes, transport::Channel};

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

#[tokio::test]
async fn our_client_through_an_axum_router() {
    let server = Server::builder().add_service(PeersServer::new(PeersService::default())).build().unwrap();
    let router = Router::new().nest_service("/api", server);
    let client = || Ok(Client::through(router.clone(), "http://axum.test/api".parse()?));
    let failures = checks::run_with(client, checks::Trailers::Full).await.unwrap();
    assert!(failures.is_empty(), "{failures:#?}");
}

/// tonic's channel, which has a body of its own.
#[derive(Clone)]
struct Tonics(Channel);

impl Service<http::Request<Body>> for Tonics {
    type Response = http::Response<tonic::body::Body>;
    type Error = tonic::transport::Error;
    type Future = <Channel as Service<http::Request<tonic::body::Body>>>::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        self.0.call(request.map(tonic::body::Body::new))
    }
}

#[tokio::test]
async fn our_client_through_tonics_channel() {
    let address = format!("http://{}", crate::our_server().await);
    let client =
        || Ok(Client::through(Tonics(Channel::from_shared(address.clone())?.connect_lazy()), address.parse()?));
    let failures = checks::run_with(client, checks::Trailers::Full).await.unwrap();
    assert!(failures.is_empty(), "{failures:#?}");
    // Nobody is there.
    let (listener, address) = listener().await;
    drop(listener);
    let channel = Channel::from_shared(address.clone()).unwrap().connect_lazy();
    let client = PeersClient::new(Client::through(Tonics(channel), address.parse().unwrap()));
    let status = client.unary(Question::default()).await.unwrap_err();
    assert_eq!(status.code(), rsgrpc::Code::Unavailable);
    assert!(status.message().contains("refused"), "{status:?}");
}
