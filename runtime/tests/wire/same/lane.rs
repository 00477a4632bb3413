//! The ways to make a call, and how it ended for its caller.

use std::{collections::BTreeMap, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use futures_util::stream;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use rsgrpc::{
    Client, Code, Encoding, Protocol, Response, ResponseExt, Server, Status, StatusExt, Streaming, client, json,
    metadata::MetadataMap,
};

use super::recorder::Recorder;
use crate::{
    http1,
    peer::{Answer, Peer},
    rest::items::{
        Item,
        proto::{ItemsClient, MESSAGE_TYPES},
    },
};

/// What is sent, and by that which method is called.
#[derive(Debug, Clone)]
pub enum Sent {
    Create(Item),
    /// `id`, `act`, `text` and `int32` at most: REST has no others in its target.
    Get(Item),
    /// As with `Get`.
    Watch(Item),
    /// All with the `text` "t", which REST has from the path.
    Upload(Vec<Item>),
    Sync(Vec<Item>),
}

#[derive(Debug, Clone)]
pub struct Case {
    pub sent: Sent,
    /// Text, and bytes where the name ends with `-bin`.
    pub metadata: Vec<(&'static str, Vec<u8>)>,
    pub timeout: Option<Duration>,
    /// Whether messages are sent compressed, where the protocol has messages.
    pub gzip: bool,
}

/// How a call ended for its caller. Metadata is sorted; several values of one name are joined.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Outcome {
    pub messages: Vec<String>,
    pub error: Option<(Code, String, Vec<String>)>,
    pub metadata: BTreeMap<String, String>,
    pub trailers: BTreeMap<String, String>,
}

/// A way to call a server of its own.
pub struct Lane {
    pub name: String,
    pub recorder: Recorder,
    by: By,
}

enum By {
    Client(ItemsClient),
    Rest(Peer),
    RestOverHttp1(Server),
}

impl Lane {
    /// Every protocol that has a client, in protobuf and JSON, Connect also by GET where it can, then REST. Those of one
    /// answer only go over HTTP/1.1, too, which leaves trailers out.
    pub async fn all(server: impl Fn(Recorder) -> Server) -> Vec<Self> {
        let mut lanes = Vec::new();
        let mut add = |name: String, by: &dyn Fn(Server) -> By| {
            let recorder = Recorder::default();
            lanes.push(Self { name, by: by(server(recorder.clone())), recorder });
        };
        let posted =
            [Protocol::Grpc, Protocol::GrpcWeb, Protocol::GrpcWebText, Protocol::Connect].map(|by| (by, false));
        for (protocol, get) in posted.into_iter().chain([(Protocol::Connect, true)]) {
            let client = |server: Server| Client::from(server).protocol(protocol).get(get);
            let name = if get { format!("{protocol:?} by GET") } else { format!("{protocol:?}") };
            add(format!("{name}, protobuf"), &|server| By::Client(ItemsClient::new(client(server))));
            add(format!("{name}, JSON"), &|server| {
                By::Client(ItemsClient::new(client(server).json(json::Options::new())))
            });
        }
        add("REST over HTTP/1.1".to_owned(), &By::RestOverHttp1);
        let recorder = Recorder::default();
        let peer = Peer::connect(server(recorder.clone())).await;
        lanes.push(Self { name: "REST over HTTP/2".to_owned(), by: By::Rest(peer), recorder });
        lanes
    }

    /// Makes the call.
    pub async fn call(&self, case: &Case) -> Outcome {
        self.recorder.expect(case.timeout);
        match &self.by {
            By::Client(client) => by_client(client, case).await,
            By::Rest(peer) => {
                let send = async |path: &str, method: &str, headers: &[(&str, &str)], body: Vec<u8>| {
                    peer.send(path, method, headers, &[&body], true).await
                };
                by_rest(case, send).await
            }
            By::RestOverHttp1(server) => {
                let send = async |path: &str, method: &str, headers: &[(&str, &str)], body: Vec<u8>| {
                    http1::send(server.clone(), path, method, headers, &[body], true).await
                };
                by_rest(case, send).await
            }
        }
    }

    /// Whether the trailers of a stream arrive.
    pub fn has_trailers(&self) -> bool {
        !matches!(self.by, By::RestOverHttp1(_))
    }
}

async fn by_client(client: &ItemsClient, case: &Case) -> Outcome {
    match case.sent.clone() {
        Sent::Create(item) => one(refined(client.create(item), case).await),
        Sent::Get(item) => one(refined(client.get(item), case).await),
        Sent::Upload(items) => one(refined(client.upload(stream::iter(items)), case).await),
        Sent::Watch(item) => many(refined(client.watch(item), case).await).await,
        Sent::Sync(items) => many(refined(client.sync(stream::iter(items)), case).await).await,
    }
}

fn refined<'c, Q, R>(mut call: client::Call<'c, Q, R>, case: &Case) -> client::Call<'c, Q, R> {
    for (name, value) in &case.metadata {
        call = match std::str::from_utf8(value) {
            Ok(text) if !name.ends_with("-bin") => call.metadata(name, text),
            _ => call.metadata_bin(name, value),
        };
    }
    if let Some(timeout) = case.timeout {
        call = call.timeout(timeout);
    }
    if case.gzip { call.send_compressed(Encoding::Gzip) } else { call }
}

fn one(result: Result<Response<Item>, Status>) -> Outcome {
    match result {
        Ok(response) => Outcome {
            messages: vec![format!("{:?}", response.get_ref())],
            error: None,
            metadata: pairs(response.metadata()),
            trailers: pairs(&Response::trailers(&response)),
        },
        Err(status) => failed(Outcome::default(), &status),
    }
}

async fn many(result: Result<Response<Streaming<Item>>, Status>) -> Outcome {
    let response = match result {
        Ok(response) => response,
        Err(status) => return failed(Outcome::default(), &status),
    };
    let mut seen = Outcome { metadata: pairs(response.metadata()), ..Outcome::default() };
    let mut stream = response.into_inner();
    loop {
        match stream.message().await {
            Ok(Some(item)) => seen.messages.push(format!("{item:?}")),
            Ok(None) => break,
            Err(status) => return failed(seen, &status),
        }
    }
    Outcome { trailers: pairs(&stream.trailers().await.unwrap()), ..seen }
}

fn failed(seen: Outcome, status: &Status) -> Outcome {
    let details = status.any_details().iter().map(shown).collect();
    let error = Some((status.code(), status.message().to_owned(), details));
    Outcome { error, trailers: pairs(status.metadata()), ..seen }.of_error()
}

impl Outcome {
    /// An error in place of a head has the metadata of its status only, and where both arrive together no protocol but
    /// REST tells the two apart. Those of a status have names of their own in these calls.
    fn of_error(mut self) -> Self {
        self.trailers.retain(|name, _| name.starts_with("x-end-"));
        if self.messages.is_empty() {
            self.metadata.clear();
        }
        self
    }
}

/// A detail as REST writes it.
fn shown(detail: &prost_types::Any) -> String {
    let known = json::to_string(detail).ok();
    let read = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap().to_string();
    known.map_or_else(|| format!(r#"{{"@type":"{}","value":"AQID"}}"#, detail.type_url), |text| read(&text))
}

/// The metadata that is neither the protocol's nor HTTP's. Padding of base64 does not matter.
pub fn pairs(metadata: &MetadataMap) -> BTreeMap<String, String> {
    let mut pairs = BTreeMap::<_, Vec<String>>::new();
    for (name, value) in &metadata.clone().into_headers() {
        if name.as_str().starts_with("x-") {
            pairs.entry(name.to_string()).or_default().push(value.to_str().unwrap().to_owned());
        }
    }
    pairs.into_iter().map(|(name, values)| (name.clone(), unpadded(&name, values.join(", ")))).collect()
}

fn unpadded(name: &str, value: String) -> String {
    if name.ends_with("-bin") { value.trim_end_matches('=').to_owned() } else { value }
}

/// Method, target and body of REST.
fn target(sent: &Sent) -> (&'static str, String, Vec<u8>) {
    let json = options();
    let array = |items: &[Item]| {
        let elements: Vec<_> = items.iter().map(|item| json.to_string(item).unwrap()).collect();
        format!("[{}]", elements.join(",")).into_bytes()
    };
    match sent {
        Sent::Create(item) => ("POST", "/v1/items".to_owned(), json.to_vec(item).unwrap()),
        Sent::Upload(items) => ("POST", "/v1/uploads/t".to_owned(), array(items)),
        Sent::Sync(items) => ("POST", "/v1/sync".to_owned(), array(items)),
        Sent::Get(item) | Sent::Watch(item) => {
            let below = if matches!(sent, Sent::Get(_)) { "items" } else { "watch" };
            let [id, act, text] =
                [&item.id, &item.act, &item.text].map(|text| utf8_percent_encode(text, NON_ALPHANUMERIC));
            ("GET", format!("/v1/{below}/{id}?int32={}&act={act}&text={text}", item.int32), Vec::new())
        }
    }
}

/// As the client of the service has them: an `Any` may hold the messages that the service knows.
fn options() -> json::Options {
    json::Options::new().registry(json::Registry::new().with(MESSAGE_TYPES))
}

/// Sends the case as REST does, by this way to send.
async fn by_rest(case: &Case, send: impl AsyncFnOnce(&str, &str, &[(&str, &str)], Vec<u8>) -> Answer) -> Outcome {
    let (method, path, body) = target(&case.sent);
    let text = |name: &str, value: &[u8]| match name.ends_with("-bin") {
        true => STANDARD.encode(value),
        false => String::from_utf8(value.to_vec()).unwrap(),
    };
    let metadata = case.metadata.iter().map(|(name, value)| (format!("grpc-metadata-{name}"), text(name, value)));
    let timeout = case.timeout.map(|timeout| ("grpc-timeout".to_owned(), format!("{}m", timeout.as_millis())));
    let headers: Vec<_> = metadata.chain(timeout).collect();
    let mut headers: Vec<_> = headers.iter().map(|(name, value)| (&**name, &**value)).collect();
    headers.push(("content-type", "application/json"));
    outcome(&case.sent, &send(&path, method, &headers, body).await)
}

fn outcome(sent: &Sent, answer: &Answer) -> Outcome {
    let with = |prefix: &str, fields: &BTreeMap<String, String>| -> BTreeMap<String, String> {
        let own = fields.iter().filter_map(|(name, value)| Some((name.strip_prefix(prefix)?, value)));
        own.map(|(name, value)| (name.to_owned(), unpadded(name, value.clone()))).collect()
    };
    let mut seen = Outcome {
        metadata: with("grpc-metadata-", &answer.head),
        trailers: with("grpc-trailer-", &answer.head),
        ..Outcome::default()
    };
    seen.trailers.extend(with("grpc-trailer-", &answer.trailers));
    let body: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
    let mut elements = match body {
        serde_json::Value::Array(elements) if matches!(sent, Sent::Watch(_) | Sent::Sync(_)) => elements,
        other => vec![other],
    };
    if elements.last().is_some_and(|last| last.get("error").is_some()) {
        seen.error = elements.pop().map(|last| error(&last["error"]));
    } else {
        assert_eq!(answer.http, 200);
    }
    let item = |element: &serde_json::Value| options().from_str::<Item>(&element.to_string()).unwrap();
    seen.messages = elements.iter().map(|element| format!("{:?}", item(element))).collect();
    if seen.error.is_some() { seen.of_error() } else { seen }
}

fn error(error: &serde_json::Value) -> (Code, String, Vec<String>) {
    let code = (1..=16).map(Code::from_i32).find(|code| name(*code) == error["status"]).unwrap();
    let details = error["details"].as_array().unwrap().iter().map(ToString::to_string).collect();
    (code, error["message"].as_str().unwrap().to_owned(), details)
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
