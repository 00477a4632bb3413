//! Calls that nobody thought of, made in each way.

use std::hash::{BuildHasher, RandomState};

use futures_util::{StreamExt, future::join_all, stream};
use rsgrpc::{
    Code, Request, Response, ResponseExt, Rest, Server, Status, StatusExt, Streaming,
    codegen::Stream,
    google::rpc::{BadRequest, bad_request::FieldViolation},
    metadata::MetadataMap,
};

use super::{
    calls::comparable,
    lane::{Case, Lane},
    message::{LIMIT, Random},
    recorder::Recorder,
};
use crate::{
    rest::items::{Item, Items, ItemsServer},
    support::Answer,
};

/// Says how many calls a run makes; CI also makes those of a hundred thousand requests.
const CALLS: &str = "RSGRPC_CALLS";
const CALLS_BY_DEFAULT: u64 = 10_000;
/// Each random request is sent in so many ways.
const WAYS: u64 = 11;

/// One request in so many waits until its deadline passes, which takes time.
const SLEEPERS: usize = 1400;

/// Repeats the one call that a failure names.
const SEED: &str = "RSGRPC_SEED";

/// Does what each message says.
struct Obeys;

impl Obeys {
    async fn obey(item: Item) -> Result<Item, Status> {
        match item.act.as_str() {
            "fail" => Err(failure(item)),
            "sleep" => std::future::pending().await,
            "panic" => panic!("as asked"),
            "long" => Ok(Item { text: "x".repeat(LIMIT + 1), ..Item::default() }),
            _ => Ok(item),
        }
    }

    async fn one(request: Request<Item>) -> Answer<Item> {
        let echo = Echo::of(&request);
        match Self::obey(request.into_inner()).await {
            Ok(item) => Ok(echo.onto(item)),
            Err(status) => Err(echo.fail(status)),
        }
    }
}

/// A status made of a message: the code of `int32`, the text of `name`, and a detail with the tags, if there are any.
fn failure(item: Item) -> Status {
    let status = Status::new(Code::from_i32(1 + item.int32.rem_euclid(16)), item.name);
    let violation = |tag| FieldViolation { field: tag, description: item.text.clone(), ..FieldViolation::default() };
    let field_violations: Vec<_> = item.tags.into_iter().map(violation).collect();
    if field_violations.is_empty() { status } else { status.with_detail(&BadRequest { field_violations }) }
}

/// The metadata of a request comes back at the head, and under other names at the end, whatever the end is.
struct Echo {
    head: MetadataMap,
    end: MetadataMap,
}

impl Echo {
    fn of<T>(request: &Request<T>) -> Self {
        let mut end = http::HeaderMap::new();
        let head = request.metadata().clone();
        for (name, value) in &head.clone().into_headers() {
            let Some(name) = name.as_str().strip_prefix("x-") else { continue };
            let name = format!("x-end-{name}");
            end.append(http::HeaderName::try_from(name).unwrap(), value.clone());
        }
        Self { head, end: MetadataMap::from_headers(end) }
    }

    fn fail(&self, mut status: Status) -> Status {
        *status.metadata_mut() = self.end.clone();
        status
    }

    fn onto<T>(self, message: T) -> Response<T> {
        let mut response = Response::new(message).with_trailers(self.end);
        *response.metadata_mut() = self.head;
        response
    }
}

impl Items for Obeys {
    async fn create(&self, request: Request<Item>) -> Answer<Item> {
        Self::one(request).await
    }

    async fn get(&self, request: Request<Item>) -> Answer<Item> {
        Self::one(request).await
    }

    async fn watch(&self, request: Request<Item>) -> Answer<impl Stream<Item = Result<Item, Status>>> {
        let (echo, end) = (Echo::of(&request), Echo::of(&request));
        let item = request.into_inner();
        let numbered = (0..item.int32.rem_euclid(4)).map(|int32| Ok(Item { int32, ..Item::default() }));
        let last = async move { Self::obey(item).await.map_err(|status| end.fail(status)) };
        Ok(echo.onto(stream::iter(numbered).chain(stream::once(last))))
    }

    async fn upload(&self, request: Request<Streaming<Item>>) -> Answer<Item> {
        let echo = Echo::of(&request);
        let mut items = request.into_inner();
        let mut all = Item::default();
        while let Some(item) = items.message().await? {
            let item = Self::obey(item).await.map_err(|status| echo.fail(status))?;
            all.items.push(item);
        }
        Ok(echo.onto(all))
    }

    async fn sync(&self, request: Request<Streaming<Item>>) -> Answer<impl Stream<Item = Result<Item, Status>>> {
        let (echo, end) = (Echo::of(&request), Echo::of(&request));
        let obeyed = stream::unfold((request.into_inner(), end), |(mut items, end)| async move {
            let answer = match items.message().await.transpose()? {
                Ok(item) => Self::obey(item).await.map_err(|status| end.fail(status)),
                Err(status) => Err(status),
            };
            Some((answer, (items, end)))
        });
        Ok(echo.onto(obeyed))
    }
}

fn server(recorder: Recorder) -> Server {
    let server = Server::builder().add_service(ItemsServer::new(Obeys)).interceptor(recorder);
    server
        .rest(Rest::new().emit_defaults(false))
        .max_receive_message_bytes(LIMIT)
        .max_send_message_bytes(LIMIT)
        .build()
        .unwrap()
}

/// What is not the same in two ways, if anything is.
async fn difference(lanes: &[Lane], case: &Case) -> Option<String> {
    let calls = lanes.iter().map(|lane| async {
        let outcome = comparable(lane.call(case).await, true);
        (outcome, lane.recorder.ended().await)
    });
    let ended = join_all(calls).await;
    let other = ended.iter().zip(lanes).find(|(end, _)| **end != ended[0]);
    other.map(|(end, lane)| format!("{}: {:?}\n{}: {end:?}", lanes[0].name, ended[0], lane.name))
}

/// Thousands of handlers panic as asked; printing that takes more time than the calls.
fn quiet_panics() {
    let loud = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if info.payload().downcast_ref() != Some(&"as asked") {
            loud(info);
        }
    }));
}

/// Sends every so many-th of the requests whose seeds these are, until one tells two ways apart.
#[tokio::main(flavor = "current_thread")]
async fn first_difference(seeds: std::iter::StepBy<std::ops::Range<u64>>) -> Option<String> {
    // A connection of HTTP/1.1 to each call takes too long, and it has no trailers.
    let lanes: Vec<_> = Lane::all(server).await.into_iter().filter(Lane::has_trailers).collect();
    assert_eq!(lanes.len() as u64, WAYS);
    for seed in seeds {
        let case = Random(seed).case(SLEEPERS);
        if let Some(difference) = difference(&lanes, &case).await {
            return Some(format!("{SEED}={seed} repeats this: {case:?}\n{difference}"));
        }
    }
    None
}

#[test]
fn random_calls_are_the_same_in_each_way() {
    quiet_panics();
    let first = number(SEED).unwrap_or_else(|| RandomState::new().hash_one(0) >> 16);
    let requests = match number(SEED) {
        Some(_) => 1,
        None => number(CALLS).unwrap_or(CALLS_BY_DEFAULT).div_ceil(WAYS),
    };
    let seeds = first..first + requests;
    let halves = [0, 1].map(|half| {
        let seeds = (seeds.start + half..seeds.end).step_by(2);
        std::thread::spawn(move || first_difference(seeds))
    });
    for half in halves {
        let difference = half.join().unwrap();
        assert!(difference.is_none(), "{}", difference.unwrap_or_default());
    }
}

/// What a variable of the environment says.
fn number(variable: &str) -> Option<u64> {
    let value = std::env::var(variable).ok()?;
    Some(value.parse().unwrap_or_else(|_| panic!("{variable} is a number")))
}
