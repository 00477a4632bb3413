//! Requests by REST: any method, target and body meet an answer that is whole and says what is wrong, and what a message
//! was read from says the same when it is written and read again.
#![no_main]

use std::sync::LazyLock;

use bytes::Bytes;
use http::{Method, Request, Uri};
use libfuzzer_sys::fuzz_target;
use prost_types::Struct;
use rsgrpc::{Response, Rest, Server, Status, json};
use rsgrpc_fuzz::{Whole, answer};

#[allow(clippy::all, dead_code, unreachable_pub, reason = "generated, and not all of it is used")]
mod proto {
    include!("../../tests/golden/rest/test.rest.rs");
}

use proto::{Change, Item, Items, ItemsServer};

/// Answers with its request.
struct Echo;

impl Items for Echo {
    async fn get(&self, request: rsgrpc::Request<Item>) -> Result<Response<Item>, Status> {
        Ok(Response::new(request.into_inner()))
    }

    async fn create(&self, request: rsgrpc::Request<Item>) -> Result<Response<Item>, Status> {
        Ok(Response::new(request.into_inner()))
    }

    async fn update(&self, request: rsgrpc::Request<Change>) -> Result<Response<Change>, Status> {
        Ok(Response::new(request.into_inner()))
    }

    async fn part(&self, request: rsgrpc::Request<Item>) -> Result<Response<Item>, Status> {
        Ok(Response::new(request.into_inner()))
    }

    async fn sync(
        &self,
        request: rsgrpc::Request<rsgrpc::Streaming<Item>>,
    ) -> Result<Response<impl rsgrpc::codegen::Stream<Item = Result<Item, Status>>>, Status> {
        Ok(Response::new(request.into_inner()))
    }
}

static SERVER: LazyLock<Server> = LazyLock::new(|| {
    let items = ItemsServer::new(Echo);
    Server::builder().add_service(items).rest(Rest::new().emit_defaults(false)).build().expect("a server")
});

fn send(method: &Method, target: &Uri, body: &[u8]) -> Whole {
    let request = Request::builder().method(method).uri(target).body(vec![Bytes::copy_from_slice(body)]);
    answer(&SERVER, request.expect("a request"))
}

/// The first line is the method and the target, the rest is the body.
fn parse(data: &[u8]) -> Option<(Method, Uri, &[u8])> {
    let end = data.iter().position(|&byte| byte == b'\n').unwrap_or(data.len());
    let (line, body) = (&data[..end], data.get(end + 1..).unwrap_or_default());
    let space = line.iter().position(|&byte| byte == b' ')?;
    let method = Method::from_bytes(&line[..space]).ok()?;
    Some((method, Uri::try_from(&line[space + 1..]).ok()?, body))
}

fuzz_target!(|data: &[u8]| {
    let Some((method, target, body)) = parse(data) else { return };
    let whole = send(&method, &target, body);
    match whole.status {
        200 | 204 => {}
        400 | 404 | 405 | 414 | 429 | 500 | 501 => {
            if method != Method::HEAD {
                let error: Struct = json::from_slice(&whole.body).expect("an error is JSON");
                assert!(error.fields.contains_key("error"), "{whole:?}");
            }
            // What a caller sends is no failure of ours; but a mask may say in a query what JSON cannot.
            let unwritable = || String::from_utf8_lossy(&whole.body).contains("cannot be written as JSON");
            assert!(whole.status != 500 || method == Method::HEAD || unwritable(), "{whole:?}");
        }
        other => panic!("{other}: {whole:?}"),
    }
    if whole.status == 200 && method == Method::POST && target.path() == "/v1/items" && !whole.body.is_empty() {
        let again = send(&method, &target, &whole.body);
        assert_eq!((again.status, normal(&again.body)), (200, normal(&whole.body)), "read, written and read again");
    }
});

/// An answer without the order of its maps.
fn normal(body: &[u8]) -> Struct {
    json::from_slice(body).expect("an answer is JSON")
}
