//! One core: a call by REST is the call by gRPC. The same methods are driven by both, and message, status, details,
//! metadata, deadline, limits, cancellation and what an interceptor sees are compared.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use rsgrpc::{
    Answer as Ended, Call, Code, Interceptor, Next, Response, ResponseExt, Rest, Server, Status, StatusExt, json,
};

use super::items::{self, Item, proto::ItemsClient};
use crate::{
    http1,
    peer::{Answer, Peer},
    table::{Row, UNARY},
};

/// Notes all that an interceptor can see.
#[derive(Clone, Default)]
struct Recorder(Arc<Mutex<Vec<String>>>);

impl Recorder {
    fn note(&self, what: String) {
        self.0.lock().unwrap().push(what);
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }

    /// Waits until the call is over, however it ended.
    async fn ended(&self) -> Vec<String> {
        for _ in 0..500 {
            if self.0.lock().unwrap().last().is_some_and(|last| last == "over") {
                return self.take();
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("the call goes on: {:?}", self.take());
    }
}

/// Notes the end of a call, even of one that is dropped.
struct Over(Recorder);

impl Drop for Over {
    fn drop(&mut self) {
        self.0.note("over".into());
    }
}

impl Interceptor for Recorder {
    async fn intercept(&self, mut call: Call, next: Next) -> Result<Ended, Status> {
        let _over = Over(self.clone());
        let token = call.metadata().get("x-token").map(|token| token.to_str().unwrap().to_owned());
        let deadline = call.deadline().is_some();
        self.note(format!("{} token {token:?} deadline {deadline}", call.method().full_name()));
        let (requests, responses) = (self.clone(), self.clone());
        call.on_request(move |payload| {
            let mut item: Item = payload.decode()?;
            requests.note(format!("request {item:?}"));
            item.tags.push("seen".into());
            payload.replace(&item)
        });
        call.on_response(move |payload| {
            let mut item: Item = payload.decode()?;
            responses.note(format!("response {item:?}"));
            item.tags.push("answered".into());
            payload.replace(&item)
        });
        call.on_head(|metadata| drop(metadata.insert("x-head", "on".parse().unwrap())));
        let result = next.run(call).await;
        self.note(format!("ended {:?}", result.as_ref().map(drop).map_err(Status::code)));
        result
    }
}

/// How a call ended for its caller.
#[derive(Debug, PartialEq)]
struct Outcome {
    message: Option<Item>,
    error: Option<(Code, String, Vec<String>)>,
    metadata: Vec<(String, String)>,
    trailers: Vec<(String, String)>,
}

/// What both ways to call have in common.
struct Case {
    name: &'static str,
    request: Item,
    token: bool,
    timeout: bool,
}

fn cases() -> Vec<Case> {
    let case = |name, act: &str| Case {
        name,
        request: Item { id: "a/b ü".into(), act: act.into(), int64: -5, labels: labels(), ..Item::default() },
        token: true,
        timeout: false,
    };
    let mut cases: Vec<Case> = (1..=16).map(|code| case("a status", &format!("code:{code}"))).collect();
    cases.extend([
        case("an echo", ""),
        Case { token: false, ..case("no metadata", "") },
        case("the method", "method"),
        case("metadata", "echo-metadata"),
        case("details", "details:a.b"),
        case("details of an unknown type", "strange-details"),
        case("a panic", "panic"),
        case("an answer over the limit", "long:1048576"),
        Case { timeout: true, ..case("a deadline", "sleep") },
        Case { timeout: true, ..case("a deadline that is met", "") },
    ]);
    cases.push(Case { request: Item { text: "x".repeat(1 << 20), ..Item::default() }, ..case("over the limit", "") });
    cases
}

fn labels() -> std::collections::HashMap<String, String> {
    [("k".to_owned(), "v".to_owned())].into()
}

fn server() -> (Server, Recorder) {
    let recorder = Recorder::default();
    let server = items::builder(Rest::new().emit_defaults(false)).interceptor(recorder.clone()).build().unwrap();
    (server, recorder)
}

/// A detail as REST writes it.
fn shown(detail: &prost_types::Any) -> String {
    let known = json::to_string(detail).ok();
    let read = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap().to_string();
    known.map_or_else(|| format!(r#"{{"@type":"{}","value":"AQID"}}"#, detail.type_url), |text| read(&text))
}

async fn by_grpc(server: Server, case: &Case) -> Outcome {
    let client = ItemsClient::new(server);
    let mut call = client.create(case.request.clone());
    if case.token {
        call = call.metadata("x-token", "t");
    }
    if case.timeout {
        call = call.timeout(Duration::from_millis(100));
    }
    let ours = |map: &rsgrpc::metadata::MetadataMap| {
        let headers = map.clone().into_headers();
        let pairs = headers.iter().filter(|(name, _)| name.as_str().starts_with("x-"));
        let mut pairs: Vec<_> =
            pairs.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect();
        pairs.sort();
        pairs
    };
    match call.await {
        Ok(response) => {
            let (metadata, trailers) = (ours(response.metadata()), ours(&Response::trailers(&response)));
            Outcome { message: Some(response.into_inner()), error: None, metadata, trailers }
        }
        Err(status) => {
            let details = status.any_details().iter().map(shown).collect();
            let error = Some((status.code(), status.message().to_owned(), details));
            Outcome { message: None, error, metadata: Vec::new(), trailers: ours(status.metadata()) }
        }
    }
}

fn row(case: &Case) -> Row {
    const TOKEN: (&str, &str) = ("grpc-metadata-x-token", "t");
    const TIMEOUT: (&str, &str) = ("grpc-timeout", "100m");
    let headers: super::Headers = match (case.token, case.timeout) {
        (false, _) => &[],
        (true, false) => &[TOKEN],
        (true, true) => &[TOKEN, TIMEOUT],
    };
    Row { name: case.name, path: "/v1/items", headers, ..UNARY }
}

fn outcome(answer: &Answer) -> Outcome {
    let with = |prefix: &str| -> Vec<(String, String)> {
        let own = answer.head.iter().filter_map(|(name, value)| Some((name.strip_prefix(prefix)?, value)));
        own.map(|(name, value)| (name.to_owned(), value.clone())).collect()
    };
    let (metadata, trailers) = (with("grpc-metadata-"), with("grpc-trailer-"));
    if answer.http == 200 {
        let message = Some(json::from_slice(&answer.body).unwrap());
        return Outcome { message, error: None, metadata, trailers };
    }
    let error: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
    let error = &error["error"];
    assert_eq!(error["code"], answer.http);
    let code = (1..=16).map(Code::from_i32).find(|code| name(*code) == error["status"]).unwrap();
    let details = error["details"].as_array().unwrap().iter().map(ToString::to_string).collect();
    let error = Some((code, error["message"].as_str().unwrap().to_owned(), details));
    Outcome { message: None, error, metadata, trailers }
}

/// `INVALID_ARGUMENT` of `InvalidArgument`.
fn name(code: Code) -> String {
    let mut name = String::new();
    for (index, letter) in format!("{code:?}").char_indices() {
        if letter.is_uppercase() && index > 0 {
            name.push('_');
        }
        name.push(letter.to_ascii_uppercase());
    }
    name
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_call_by_grpc_and_by_rest() {
    for case in cases() {
        let (server, recorder) = server();
        let mut wanted = by_grpc(server.clone(), &case).await;
        let trace = recorder.ended().await;
        let body = json::Options::new().to_vec(&case.request).unwrap();
        let over_http2 = Peer::connect(server.clone()).await.send_row(&row(&case), &[&body]).await;
        let http2_trace = recorder.ended().await;
        let over_http1 = http1::exchange_with(server, &row(&case), &[body]).await;
        let http1_trace = recorder.ended().await;
        // A size is the size of the form it has.
        let sizes = |outcome: &mut Outcome| {
            if let Some((Code::ResourceExhausted, message, _)) = &mut outcome.error {
                message.retain(|letter| !letter.is_ascii_digit());
            }
        };
        sizes(&mut wanted);
        for (answer, their_trace) in [(over_http2, http2_trace), (over_http1, http1_trace)] {
            let mut got = outcome(&answer);
            sizes(&mut got);
            assert_eq!(got, wanted, "{}: {:?}", case.name, case.request.act);
            assert_eq!(their_trace, trace, "{}: {:?}", case.name, case.request.act);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_goes_away_cancels_the_call() {
    let (server, recorder) = server();
    let client = ItemsClient::new(server.clone());
    let request = || Item { act: "sleep".into(), ..Item::default() };
    let call = async { client.create(request()).await.map(drop) };
    tokio::time::timeout(Duration::from_millis(50), call).await.unwrap_err();
    let trace = recorder.ended().await;
    assert_eq!(trace.len(), 3, "no end but that of the future: {trace:?}");

    let case = Case { name: "cancelled", request: request(), token: false, timeout: false };
    let body = json::Options::new().to_vec(&case.request).unwrap();
    let peer = Peer::connect(server.clone()).await;
    let call = async { peer.send_row(&row(&case), &[&body]).await };
    tokio::time::timeout(Duration::from_millis(50), call).await.unwrap_err();
    assert_eq!(recorder.ended().await, trace, "over HTTP/2");
    let call = async { http1::exchange_with(server, &row(&case), &[body]).await };
    tokio::time::timeout(Duration::from_millis(50), call).await.unwrap_err();
    assert_eq!(recorder.ended().await, trace, "over HTTP/1.1");
}
