//! The service: what a call does is said by its first message.

use std::{collections::VecDeque, time::Duration};

use futures_util::{
    StreamExt,
    stream::{self, BoxStream},
};
use rsgrpc::{
    Code, Request, RequestExt, Response, ResponseExt, Status, Streaming,
    codegen::Stream,
    google::rpc,
    metadata::MetadataMap,
    prost::{Message, Name},
    prost_types::Any,
};

use super::{
    headers,
    proto::{
        BidiStreamRequest, BidiStreamResponse, ClientStreamRequest, ClientStreamResponse, ConformancePayload,
        ConformanceService, Error, Header, IdempotentUnaryRequest, IdempotentUnaryResponse, ServerStreamRequest,
        ServerStreamResponse, StreamResponseDefinition, UnaryRequest, UnaryResponse, UnaryResponseDefinition,
        conformance_payload::RequestInfo, unary_response_definition,
    },
};

/// Answers as its callers ask.
#[derive(Debug)]
pub struct Conformance;

type Answer<T> = Result<Response<T>, Status>;

impl ConformanceService for Conformance {
    async fn unary(&self, request: Request<UnaryRequest>) -> Answer<UnaryResponse> {
        let info = Info::of(&request).with(request.get_ref())?;
        let payload = answer_once(request.into_inner().response_definition, info).await?;
        Ok(payload.map(|payload| UnaryResponse { payload: Some(payload) }))
    }

    async fn idempotent_unary(&self, request: Request<IdempotentUnaryRequest>) -> Answer<IdempotentUnaryResponse> {
        let info = Info::of(&request).with(request.get_ref())?;
        let payload = answer_once(request.into_inner().response_definition, info).await?;
        Ok(payload.map(|payload| IdempotentUnaryResponse { payload: Some(payload) }))
    }

    async fn client_stream(&self, request: Request<Streaming<ClientStreamRequest>>) -> Answer<ClientStreamResponse> {
        let mut info = Info::of(&request);
        let mut messages = request.into_inner();
        let mut first = None;
        while let Some(message) = messages.message().await? {
            info = info.with(&message)?;
            first.get_or_insert(message);
        }
        let definition = first.and_then(|first| first.response_definition);
        let payload = answer_once(definition, info).await?;
        Ok(payload.map(|payload| ClientStreamResponse { payload: Some(payload) }))
    }

    async fn server_stream(
        &self,
        request: Request<ServerStreamRequest>,
    ) -> Answer<impl Stream<Item = Result<ServerStreamResponse, Status>>> {
        let info = Info::of(&request).with(request.get_ref())?;
        let definition = request.into_inner().response_definition.unwrap_or_default();
        let script = Script::new(definition, info)?;
        let response = script.open();
        Ok(response.map(|()| {
            script.rest().map(|payload| payload.map(|payload| ServerStreamResponse { payload: Some(payload) }))
        }))
    }

    async fn bidi_stream(
        &self,
        request: Request<Streaming<BidiStreamRequest>>,
    ) -> Answer<impl Stream<Item = Result<BidiStreamResponse, Status>>> {
        let mut info = Info::of(&request);
        let mut messages = request.into_inner();
        let first = messages.message().await?.unwrap_or_default();
        let full_duplex = first.full_duplex;
        info = info.with(&first)?;
        if !full_duplex {
            while let Some(message) = messages.message().await? {
                info = info.with(&message)?;
            }
        }
        let script = Script::new(first.response_definition.unwrap_or_default(), info)?;
        let response = script.open();
        let payloads = if full_duplex { script.in_turns(messages) } else { script.rest().boxed() };
        Ok(response
            .map(|()| payloads.map(|payload| payload.map(|payload| BidiStreamResponse { payload: Some(payload) }))))
    }
}

/// What was seen of a request.
#[derive(Debug, Clone, Default)]
struct Info(RequestInfo);

impl Info {
    fn of<T>(request: &Request<T>) -> Self {
        let timeout = request.time_remaining().map(|left| i64::try_from(left.as_millis()).unwrap_or(i64::MAX));
        Self(RequestInfo {
            request_headers: headers::from_metadata(request.metadata()),
            timeout_ms: timeout,
            ..RequestInfo::default()
        })
    }

    fn with<M: Message + Name>(mut self, message: &M) -> Result<Self, Status> {
        self.0.requests.push(any(message));
        Ok(self)
    }
}

fn any<M: Message + Name>(message: &M) -> Any {
    Any { type_url: M::type_url(), value: message.encode_to_vec() }
}

async fn answer_once(definition: Option<UnaryResponseDefinition>, info: Info) -> Answer<ConformancePayload> {
    let Some(definition) = definition else {
        return Ok(Response::new(ConformancePayload { data: Vec::new(), request_info: Some(info.0) }));
    };
    pause(definition.response_delay_ms).await;
    let (leading, trailing) = (&definition.response_headers, &definition.response_trailers);
    let data = match definition.response {
        Some(unary_response_definition::Response::Error(error)) => {
            let metadata = headers::to_metadata(leading.iter().chain(trailing))?;
            return Err(to_status(error, Some(info), metadata));
        }
        Some(unary_response_definition::Response::ResponseData(data)) => data,
        None => Vec::new(),
    };
    let response = Response::new(ConformancePayload { data, request_info: Some(info.0) });
    with_metadata(response, leading, trailing)
}

fn with_metadata<T>(mut response: Response<T>, leading: &[Header], trailing: &[Header]) -> Answer<T> {
    *response.metadata_mut() = headers::to_metadata(leading)?;
    Ok(response.with_trailers(headers::to_metadata(trailing)?))
}

async fn pause(millis: u32) {
    if millis > 0 {
        tokio::time::sleep(Duration::from_millis(millis.into())).await;
    }
}

fn to_status(error: Error, info: Option<Info>, metadata: MetadataMap) -> Status {
    let mut details = error.details;
    details.extend(info.map(|info| any(&info.0)));
    let message = error.message.unwrap_or_default();
    let packed = rpc::Status { code: error.code, message: message.clone(), details };
    let details = if packed.details.is_empty() { Vec::new() } else { packed.encode_to_vec() };
    Status::with_details_and_metadata(Code::from(error.code), message, details.into(), metadata)
}

/// A stream of answers that is still to be given.
struct Script {
    leading: MetadataMap,
    trailing: MetadataMap,
    data: VecDeque<Vec<u8>>,
    delay: u32,
    error: Option<Error>,
    /// What the next answer tells of the request.
    info: Option<Info>,
    started: bool,
}

impl Script {
    fn new(definition: StreamResponseDefinition, info: Info) -> Result<Self, Status> {
        Ok(Self {
            leading: headers::to_metadata(&definition.response_headers)?,
            trailing: headers::to_metadata(&definition.response_trailers)?,
            data: definition.response_data.into(),
            delay: definition.response_delay_ms,
            error: definition.error,
            info: Some(info),
            started: false,
        })
    }

    fn open(&self) -> Response<()> {
        let mut response = Response::new(());
        *response.metadata_mut() = self.leading.clone();
        response.with_trailers(self.trailing.clone())
    }

    /// The next answer, or how the stream ends.
    async fn next(&mut self) -> Result<Option<ConformancePayload>, Status> {
        let Some(data) = self.data.pop_front() else {
            let info = self.info.take().filter(|_| !self.started);
            let metadata = self.trailing.clone();
            return self.error.take().map_or(Ok(None), |error| Err(to_status(error, info, metadata)));
        };
        pause(self.delay).await;
        self.started = true;
        Ok(Some(ConformancePayload { data, request_info: self.info.take().map(|info| info.0) }))
    }

    /// All answers, one after the other.
    fn rest(self) -> impl Stream<Item = Result<ConformancePayload, Status>> + Send {
        stream::unfold(Some(self), |script| async {
            let mut script = script?;
            match script.next().await.transpose()? {
                Ok(payload) => Some((Ok(payload), Some(script))),
                Err(status) => Some((Err(status), None)),
            }
        })
    }

    /// One answer for each message, then those that are left.
    fn in_turns(
        self,
        messages: Streaming<BidiStreamRequest>,
    ) -> BoxStream<'static, Result<ConformancePayload, Status>> {
        let turns = Turns { script: self, messages: Some(messages), first: true };
        let payloads = stream::unfold(Some(turns), |turns| async {
            let mut turns = turns?;
            match turns.next().await.transpose()? {
                Ok(payload) => Some((Ok(payload), Some(turns))),
                Err(status) => Some((Err(status), None)),
            }
        });
        payloads.boxed()
    }
}

/// A script that waits for a message before each answer.
struct Turns {
    script: Script,
    /// `None` once they ended.
    messages: Option<Streaming<BidiStreamRequest>>,
    /// The first message was read before the answers began.
    first: bool,
}

impl Turns {
    async fn next(&mut self) -> Result<Option<ConformancePayload>, Status> {
        if !std::mem::take(&mut self.first)
            && let Some(messages) = &mut self.messages
        {
            match messages.message().await? {
                Some(message) => self.script.info = Some(Info::default().with(&message)?),
                None => self.messages = None,
            }
        }
        self.script.next().await
    }
}
