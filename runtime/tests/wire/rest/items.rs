//! The service behind the rows of REST. It answers with its request, unless `act` says otherwise.

use std::time::Duration;

use futures_util::{FutureExt, StreamExt, stream};
use prost::Message;
use rsgrpc::{
    HttpStatus, Request, RequestExt, Response, ResponseExt, Rest, Server, ServerBuilder, Status, StatusExt, Streaming,
    codegen::Stream,
    google::{
        api::HttpBody,
        rpc::{BadRequest, bad_request::FieldViolation},
    },
    metadata::MetadataMap,
};

#[allow(clippy::all, dead_code, unreachable_pub, reason = "generated")]
pub mod proto {
    include!("../../../../tests/golden/rest/test.rest.rs");
}

pub use proto::{Attachment, Change, Item, Items, ItemsServer};

use crate::probe;

/// Without defaults in its answers, which would hide what a row is about.
pub fn server() -> Server {
    builder(Rest::new().emit_defaults(false)).build().unwrap()
}

pub fn builder(rest: Rest) -> ServerBuilder {
    probe::builder().add_service(ItemsServer::new(Handler)).rest(rest)
}

pub struct Handler;

type Answer<T> = Result<Response<T>, Status>;

/// Does what an item says.
async fn act(request: Request<Item>) -> Answer<Item> {
    let metadata = request.metadata().clone();
    let left = request.time_remaining();
    let method = request.method().map(|method| method.full_name());
    let item = request.into_inner();
    let (verb, rest) = item.act.split_once(':').unwrap_or((&item.act, ""));
    let text = |text: String| Ok(Response::new(Item { text, ..Item::default() }));
    match verb {
        "sleep" => std::future::pending().await,
        "panic" => panic!("as asked"),
        "code" => Err(Status::new(rest.parse::<i32>().unwrap().into(), "as \"asked\"")),
        "long" => text("x".repeat(rest.parse().unwrap())),
        "details" => {
            let violation = FieldViolation { field: rest.into(), ..FieldViolation::default() };
            Err(Status::invalid_argument("bad").with_detail(&BadRequest { field_violations: vec![violation] }))
        }
        "strange-details" => Err(Status::with_details(rsgrpc::Code::Aborted, "odd", strange_details().into())),
        "deny" => {
            let mut status = Status::unauthenticated("who are you");
            status.metadata_mut().insert("www-authenticate", "Basic realm=\"x\"".parse().unwrap());
            status.metadata_mut().insert("x-why", "because".parse().unwrap());
            Err(status)
        }
        "deadline" => text(format!("{:?}", left.map(|left| left.as_secs() / 60))),
        "method" => text(method.unwrap().to_owned()),
        "keys" => {
            let mut keys: Vec<String> = metadata.keys().map(|key| format!("{key:?}")).collect();
            keys.sort();
            text(keys.join(" "))
        }
        "echo-metadata" => {
            let mut response = Response::new(Item::default()).with_trailers(metadata.clone());
            *response.metadata_mut() = metadata;
            Ok(response)
        }
        "status" => {
            let mut response =
                Response::new(item.clone()).with_http_status(HttpStatus::new(rest.parse().unwrap()).unwrap());
            response.metadata_mut().insert("location", "/v1/items/7".parse().unwrap());
            Ok(response)
        }
        _ => Ok(Response::new(item)),
    }
}

/// Details of a type that no registry has.
fn strange_details() -> Vec<u8> {
    let detail = prost_types::Any { type_url: "type.example/no.such.Type".into(), value: vec![1, 2, 3] };
    rsgrpc::google::rpc::Status { code: 10, message: "odd".into(), details: vec![detail] }.encode_to_vec()
}

fn numbered(n: usize) -> Item {
    Item { text: n.to_string(), ..Item::default() }
}

fn piece(content_type: &str, data: &[u8]) -> HttpBody {
    HttpBody { content_type: content_type.into(), data: data.to_vec(), extensions: Vec::new() }
}

impl Items for Handler {
    async fn get(&self, request: Request<Item>) -> Answer<Item> {
        act(request).await
    }

    async fn latest(&self, request: Request<Item>) -> Answer<Item> {
        Ok(Response::new(Item { text: "latest".into(), ..request.into_inner() }))
    }

    async fn anything(&self, request: Request<Item>) -> Answer<Item> {
        Ok(Response::new(Item { text: "anything".into(), ..request.into_inner() }))
    }

    async fn one(&self, request: Request<Item>) -> Answer<Item> {
        Ok(Response::new(Item { text: "one".into(), ..request.into_inner() }))
    }

    async fn create(&self, request: Request<Item>) -> Answer<Item> {
        act(request).await
    }

    async fn field(&self, request: Request<Item>) -> Answer<Item> {
        act(request).await
    }

    async fn delete(&self, request: Request<Item>) -> Answer<Item> {
        act(request).await
    }

    async fn r#move(&self, request: Request<Item>) -> Answer<Item> {
        Ok(Response::new(Item { text: "moved".into(), ..request.into_inner() }))
    }

    async fn update(&self, request: Request<Change>) -> Answer<Change> {
        Ok(Response::new(request.into_inner()))
    }

    async fn part(&self, request: Request<Item>) -> Answer<Item> {
        act(request).await
    }

    async fn watch(&self, request: Request<Item>) -> Answer<impl Stream<Item = Result<Item, Status>>> {
        let item = request.into_inner();
        let (verb, count) = item.id.split_once('-').unwrap_or((&item.id, "0"));
        let some = stream::iter((0..count.parse().unwrap_or(0).min(9)).map(|n| Ok(numbered(n))));
        let rest: futures_util::stream::BoxStream<'_, Result<Item, Status>> = match verb {
            "refuse" => return Err(Status::not_found("nothing to watch")),
            "break" => stream::iter([Err(Status::data_loss("broke"))]).boxed(),
            "hang" => stream::pending().boxed(),
            "panic" => stream::poll_fn(|_| panic!("as asked")).boxed(),
            "slow" => stream::once(async {
                tokio::time::sleep(Duration::from_millis(20)).await;
                Ok(Item { text: "late".into(), ..Item::default() })
            })
            .boxed(),
            _ => stream::empty().boxed(),
        };
        let mut trailers = MetadataMap::new();
        trailers.insert("x-end", "yes".parse().unwrap());
        let response = Response::new(some.chain(rest)).with_trailers(trailers);
        Ok(match verb {
            "status" => response.with_http_status(HttpStatus::new(count.parse().unwrap()).unwrap()),
            _ => response,
        })
    }

    async fn upload(&self, request: Request<Streaming<Item>>) -> Answer<Item> {
        let mut messages = request.into_inner();
        let mut all = Item::default();
        while let Some(item) = messages.message().await? {
            if item.act == "enough" {
                break;
            }
            all.text = item.text;
            all.tags.push(item.id);
        }
        Ok(Response::new(all))
    }

    async fn gather(&self, request: Request<Streaming<Item>>) -> Answer<Item> {
        let mut messages = request.into_inner();
        let mut all = Item::default();
        while let Some(item) = messages.message().await? {
            all.items.push(item);
        }
        Ok(Response::new(all))
    }

    async fn sync(&self, request: Request<Streaming<Item>>) -> Answer<impl Stream<Item = Result<Item, Status>>> {
        Ok(Response::new(request.into_inner()))
    }

    async fn download(&self, request: Request<Item>) -> Answer<HttpBody> {
        match request.get_ref().id.as_str() {
            "none" => Err(Status::not_found("no such file")),
            id => Ok(Response::new(piece("image/png", &[b"\x89PNG\0\xff", id.as_bytes()].concat()))),
        }
    }

    async fn tail(&self, request: Request<Item>) -> Answer<impl Stream<Item = Result<HttpBody, Status>>> {
        let first = || piece("text/csv", b"a,b\n");
        let lost = async { Err(Status::internal("lost")) };
        let pieces = match request.get_ref().id.as_str() {
            "broken" => stream::once(lost).boxed(),
            "cut" => stream::iter([Ok(first())]).chain(stream::once(lost)).boxed(),
            "cut-later" => {
                let pause = tokio::time::sleep(Duration::from_millis(20));
                stream::iter([Ok(first())]).chain(stream::once(pause.then(|()| lost))).boxed()
            }
            _ => stream::iter([Ok(first()), Ok(piece("ignored/later", b"1,2\n"))]).boxed(),
        };
        Ok(Response::new(pieces))
    }

    async fn echo(&self, request: Request<HttpBody>) -> Answer<HttpBody> {
        Ok(Response::new(request.into_inner()))
    }

    async fn attach(&self, request: Request<Attachment>) -> Answer<Attachment> {
        Ok(Response::new(request.into_inner()))
    }

    async fn store(&self, request: Request<Streaming<HttpBody>>) -> Answer<Item> {
        let mut pieces = request.into_inner();
        let mut all = Item::default();
        while let Some(piece) = pieces.message().await? {
            all.data.extend_from_slice(&piece.data);
            all.tags.push(piece.content_type);
            all.tags.dedup();
            if piece.data == b"enough" {
                break;
            }
        }
        Ok(Response::new(all))
    }
}
