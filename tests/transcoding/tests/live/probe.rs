//! A service of any group: it notes what it gets, and answers as the case says.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use futures_util::stream;
use rsgrpc::{
    Code, Method, Request, RequestExt, Response, ResponseExt, Service, ServiceDescriptor, Status, StatusExt,
    codegen::{Message, Reply, ServerCall},
    google::{api::HttpBody, rpc::PreconditionFailure},
    json::{Json, Options, Registry},
    metadata::{MetadataKey, MetadataMap},
};
use transcoding_tests::{
    cases::{Case, Group},
    generated::{Everything, MESSAGE_TYPES},
};

#[derive(Clone)]
pub struct Probe {
    descriptor: &'static ServiceDescriptor,
    group: Arc<Group>,
    observed: Arc<Mutex<HashMap<usize, Observed>>>,
}

/// What arrived at the handler.
#[derive(Debug)]
pub struct Observed {
    pub method: &'static str,
    pub messages: Vec<serde_json::Value>,
    /// Of the names that the case asks for.
    pub metadata: Vec<(String, String)>,
}

impl Probe {
    pub fn new(descriptor: &'static ServiceDescriptor, group: Arc<Group>) -> Self {
        Self { descriptor, group, observed: Arc::default() }
    }

    /// What arrived of the case in this line, and forgets it.
    pub fn observed(&self, line: usize) -> Option<Observed> {
        self.observed.lock().unwrap().remove(&line)
    }

    async fn run<In: Message + Json, Out: Message + Json>(
        self,
        mut call: ServerCall,
    ) -> Result<rsgrpc::Answer, Status> {
        let method = call.method();
        let line = call.metadata().get("case").and_then(|line| line.to_str().ok()?.parse().ok());
        let case = self.group.cases.iter().find(|case| Some(case.line) == line);
        let case = case.ok_or_else(|| Status::internal("no case"))?;
        let mut messages = Vec::new();
        let (metadata, extensions) = if method.kind.streams_requests() {
            let (metadata, extensions, mut stream) = call.many::<In>().into_parts();
            while let Some(message) = stream.message().await? {
                messages.push(value(&message));
            }
            (metadata, extensions)
        } else {
            let (metadata, extensions, message) = call.arrival::<In>().await.one()?.into_parts();
            messages.push(value(&message));
            (metadata, extensions)
        };
        let request = Request::from_parts(metadata, extensions, ());
        let mut names: Vec<_> = case.metadata.iter().map(|(name, _)| name).collect();
        names.dedup();
        let metadata = names.into_iter().flat_map(|name| values(&request, name)).collect();
        let observed = Observed { method: method.name(), messages, metadata };
        self.observed.lock().unwrap().insert(case.line, observed);
        Answers::<Out>::of(case).await.send(&mut call, method).await
    }
}

impl Service for Probe {
    fn descriptor(&self) -> &'static ServiceDescriptor {
        self.descriptor
    }

    fn call(&self, method: usize, call: ServerCall) -> Reply {
        let method = &self.group.methods[method];
        let probe = self.clone();
        match (method.input, method.output) {
            ("HttpBody", _) => Box::pin(probe.run::<HttpBody, Everything>(call)),
            (_, "HttpBody") => Box::pin(probe.run::<Everything, HttpBody>(call)),
            _ => Box::pin(probe.run::<Everything, Everything>(call)),
        }
    }
}

fn options() -> Options {
    Options::new().registry(Registry::new().with(MESSAGE_TYPES))
}

fn value(message: &dyn Json) -> serde_json::Value {
    serde_json::from_str(&options().to_string(message).unwrap()).unwrap()
}

/// The metadata of this name, each value; `timeout` is what is left of the deadline, in seconds.
fn values(request: &Request<()>, name: &str) -> Vec<(String, String)> {
    let pair = |value: &str| (name.to_owned(), value.to_owned());
    if name == "timeout" {
        let left = request.time_remaining().map_or("none".to_owned(), |left| format!("{:.0}", left.as_secs_f64()));
        return vec![pair(&left)];
    }
    let text = request.metadata().get_all(name).iter().filter_map(|value| value.to_str().ok().map(pair));
    let binary = request.metadata().get_all_bin(name).iter();
    text.chain(binary.map(|value| pair(std::str::from_utf8(value.as_encoded_bytes()).unwrap()))).collect()
}

/// What a case has the handler answer.
struct Answers<Out> {
    head: MetadataMap,
    trailers: MetadataMap,
    messages: Vec<Result<Out, Status>>,
}

impl<Out: Message + Json> Answers<Out> {
    async fn of(case: &Case) -> Self {
        let mut answers = Self { head: MetadataMap::new(), trailers: MetadataMap::new(), messages: Vec::new() };
        for part in &case.reply {
            let (word, rest) = part.split_once(' ').unwrap_or((part, ""));
            match word {
                "head" => insert(&mut answers.head, rest),
                "trailer" => insert(&mut answers.trailers, rest),
                "sleep" => std::future::pending().await,
                "end" => {}
                "detail" => {
                    let Some(Err(status)) = answers.messages.pop() else { panic!("no error for {part}") };
                    answers.messages.push(Err(status.with_detail(&PreconditionFailure::default())));
                }
                _ if part.starts_with('{') => answers.messages.push(Ok(options().from_str(part).unwrap())),
                name => answers.messages.push(Err(Status::new(code(name), rest))),
            }
        }
        if case.reply.is_empty() {
            answers.messages.push(Ok(Out::default()));
        }
        answers
    }

    async fn send(mut self, call: &mut ServerCall, method: &Method) -> Result<rsgrpc::Answer, Status> {
        // An error before the first message is the method's own, as in most handlers.
        if matches!(self.messages.first(), Some(Err(_))) || !method.kind.streams_responses() {
            let mut response = Response::new(self.messages.remove(0)?).with_trailers(self.trailers);
            *response.metadata_mut() = self.head;
            return call.reply(response);
        }
        let mut response = Response::new(stream::iter(self.messages)).with_trailers(self.trailers);
        *response.metadata_mut() = self.head;
        call.stream(response).await
    }
}

fn insert(map: &mut MetadataMap, text: &str) {
    let (name, value) = text.split_once(": ").unwrap();
    map.insert(MetadataKey::from_bytes(name.as_bytes()).unwrap(), value.parse().unwrap());
}

fn code(name: &str) -> Code {
    let shouted = |code: &Code| format!("{code:?}").to_uppercase() == name.replace('_', "");
    (0..17).map(Code::from).find(shouted).unwrap_or_else(|| panic!("no code {name}"))
}
