//! Serves the echo on a port until it is told to end: `serve ours|axum|pbjson|rest_over_grpc|connectrpc PORT`. All on one thread.

use std::{error::Error, net::Ipv4Addr};

use axum::{
    Json, Router,
    extract::Path,
    routing::{get, post},
};
use connectrpc::{ConnectRpcService, Encodable, RequestContext, ServiceRequest, ServiceResult};
use rest_over_grpc::serving::RestService;
use rsgrpc::{Request, Response, Rest, Server, Status};
use rsgrpc_json_bench::{
    buffa::shapes as connect,
    hand, ours,
    pbjson::{Transcoder, shapes},
};
use serde::{Serialize, de::DeserializeOwned};
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};

type Outcome = Result<(), Box<dyn Error>>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [server, port] = arguments.as_slice() else {
        return Err("usage: serve ours|axum|pbjson|rest_over_grpc|connectrpc PORT".into());
    };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port.parse()?)).await?;
    match server.as_str() {
        "ours" => ours(listener).await,
        "axum" => router(listener, routes::<hand::Nested, _>(|name| hand::Small { name })).await,
        "pbjson" => router(listener, routes::<shapes::Nested, _>(|name| shapes::Small { name })).await,
        "rest_over_grpc" => {
            let bridge = shapes::__rest_over_grpc_bridge_Echo::EchoRestBridge::externally_authenticated(Echo);
            router(listener, Router::new().fallback_service(RestService::new(Transcoder::new(bridge)))).await
        }
        "connectrpc" => connectrpc(listener).await,
        other => Err(format!("there is no server {other}").into()),
    }
}

async fn ours(listener: TcpListener) -> Outcome {
    // The others leave defaults out of their answers, too.
    let rest = Rest::new().emit_defaults(false);
    let server = Server::builder().add_service(ours::EchoServer::new(Echo)).rest(rest).build()?;
    let mut terminate = signal(SignalKind::terminate())?;
    server
        .serve_with_shutdown(listener, async move {
            let _ = terminate.recv().await;
        })
        .await?;
    Ok(())
}

async fn router(listener: TcpListener, router: Router) -> Outcome {
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        served = async { axum::serve(listener, router).await } => Ok(served?),
        _ = terminate.recv() => Ok(()),
    }
}

/// With the dispatcher that connectrpc calls the fast path.
async fn connectrpc(listener: TcpListener) -> Outcome {
    let service = ConnectRpcService::new(connect::EchoServer::new(Echo));
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        served = connectrpc::Server::from_listener(listener).serve_with_service(service) => served.map_err(|error| error as _),
        _ = terminate.recv() => Ok(()),
    }
}

/// What one writes by hand, whoever made the types.
fn routes<N, S>(small: fn(String) -> S) -> Router
where
    N: Serialize + DeserializeOwned + Send + 'static,
    S: Serialize + DeserializeOwned + Send + 'static,
{
    Router::new()
        .route("/v1/hello", post(async |Json(message): Json<S>| Json(message)))
        .route("/v1/hello/{name}", get(async move |Path(name): Path<String>| Json(small(name))))
        .route("/v1/orders", post(async |Json(message): Json<N>| Json(message)))
}

#[derive(Clone)]
struct Echo;

impl ours::Echo for Echo {
    async fn hello(&self, request: Request<ours::Small>) -> Result<Response<ours::Small>, Status> {
        Ok(Response::new(request.into_inner()))
    }

    async fn order(&self, request: Request<ours::Nested>) -> Result<Response<ours::Nested>, Status> {
        Ok(Response::new(request.into_inner()))
    }
}

#[tonic::async_trait]
impl shapes::echo_server::Echo for Echo {
    async fn hello(&self, request: Request<shapes::Small>) -> Result<Response<shapes::Small>, Status> {
        Ok(Response::new(request.into_inner()))
    }

    async fn order(&self, request: Request<shapes::Nested>) -> Result<Response<shapes::Nested>, Status> {
        Ok(Response::new(request.into_inner()))
    }
}

impl connect::Echo for Echo {
    async fn hello<'a>(
        &'a self,
        _: RequestContext,
        request: ServiceRequest<'_, connect::Small>,
    ) -> ServiceResult<impl Encodable<connect::Small> + Send + use<'a>> {
        connectrpc::Response::ok(request.to_owned_message())
    }

    async fn order<'a>(
        &'a self,
        _: RequestContext,
        request: ServiceRequest<'_, connect::Nested>,
    ) -> ServiceResult<impl Encodable<connect::Nested> + Send + use<'a>> {
        connectrpc::Response::ok(request.to_owned_message())
    }
}
