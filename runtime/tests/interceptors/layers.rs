//! Layers of tower, around all that a server answers.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use http::{Request, Response};
use rsgrpc::{Body, Client, Code, Peer};
use tower_layer::Layer;
use tower_service::Service;

use crate::{Log, clients, support::ECHO};

/// Writes its name down, and turns some away.
#[derive(Clone)]
struct Named(Log, &'static str);

#[derive(Clone)]
struct Around<S>(Named, S);

impl<S> Layer<S> for Named {
    type Service = Around<S>;

    fn layer(&self, inner: S) -> Around<S> {
        Around(self.clone(), inner)
    }
}

impl<S> Service<Request<Body>> for Around<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible, Future: Send + 'static>,
{
    type Response = Response<Body>;
    type Error = &'static str;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, &'static str>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), &'static str>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        assert!(request.extensions().get::<Arc<Peer>>().is_some());
        let Named(log, name) = self.0.clone();
        log.add(name);
        if request.headers().get("x-refused-by").is_some_and(|refused| refused == name) {
            return Box::pin(async { Err("refused") });
        }
        let answer = self.1.call(request);
        Box::pin(async move {
            let Ok(mut response) = answer.await;
            log.add(name);
            response.headers_mut().append("x-layers", name.parse().unwrap());
            Ok(response)
        })
    }
}

async fn call(client: &Client, refused_by: &str) -> Result<(String, Vec<String>), Code> {
    let call = client.unary::<String, String>(&ECHO.methods[0], "hi".to_owned()).metadata("x-refused-by", refused_by);
    let answer = call.await.map_err(|status| status.code())?;
    let layers = answer.metadata().get_all("x-layers").iter();
    let layers = layers.map(|name| name.to_str().unwrap().to_owned()).collect();
    Ok((answer.into_inner(), layers))
}

#[tokio::test]
async fn the_first_layer_is_the_outermost() {
    let log = Log::default();
    let (outer, inner) = (Named(log.clone(), "outer"), Named(log.clone(), "inner"));
    for client in clients(&log, |builder| builder.layer(outer.clone()).layer(inner.clone())).await {
        log.take();
        let (_, layers) = call(&client, "nobody").await.unwrap();
        assert_eq!(layers, ["inner", "outer"]);
        assert_eq!(log.take(), ["outer", "inner", "handler", "inner", "outer"]);
    }
}

#[tokio::test]
async fn an_error_of_a_layer_is_an_answer() {
    let log = Log::default();
    let (outer, inner) = (Named(log.clone(), "outer"), Named(log.clone(), "inner"));
    for client in clients(&log, |builder| builder.layer(outer.clone()).layer(inner.clone())).await {
        log.take();
        assert_eq!(call(&client, "inner").await.unwrap_err(), Code::Unavailable);
        assert_eq!(log.take(), ["outer", "inner", "outer"]);
        assert_eq!(call(&client, "outer").await.unwrap_err(), Code::Unavailable);
        assert_eq!(log.take(), ["outer"]);
    }
}
