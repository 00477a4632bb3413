//! The calls that the suite asks our client to make, and what came back.

use std::{
    error::Error,
    future::{Future, IntoFuture},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures_util::{Stream, StreamExt, stream};
use rsgrpc::{
    Channel, Client, ClientTls, Encoding, Identity, Protocol, Request, Response, ResponseExt, Status, StatusExt,
    Streaming, TrustRoots, json, prost::Message, prost_types::Any,
};
use tokio::{
    sync::mpsc,
    time::{Instant, sleep, sleep_until},
};

use super::{
    headers,
    proto::{
        self, BidiStreamRequest, BidiStreamResponse, ClientCompatRequest, ClientCompatResponse, ClientErrorResult,
        ClientResponseResult, ClientStreamRequest, ClientStreamResponse, Codec, Compression, ConformancePayload,
        ConformanceServiceClient, HttpVersion, IdempotentUnaryRequest, IdempotentUnaryResponse, ServerStreamRequest,
        ServerStreamResponse, StreamType, UnaryRequest, UnaryResponse, UnimplementedRequest, UnimplementedResponse,
        client_compat_request::cancel::CancelTiming, client_compat_response,
    },
};

/// Makes the call, and says what came back.
pub async fn call(request: ClientCompatRequest) -> ClientCompatResponse {
    let test_name = request.test_name.clone();
    let caller = Caller::new(request).map_err(|error| ClientErrorResult { message: error.to_string() });
    let result = match caller {
        Ok(caller) => client_compat_response::Result::Response(caller.run().await),
        Err(error) => client_compat_response::Result::Error(error),
    };
    ClientCompatResponse { test_name, result: Some(result) }
}

struct Caller {
    client: ConformanceServiceClient,
    request: ClientCompatRequest,
    outcome: ClientResponseResult,
}

impl Caller {
    fn new(request: ClientCompatRequest) -> Result<Self, Box<dyn Error>> {
        let client = ConformanceServiceClient::new(client(&request)?);
        Ok(Self { client, request, outcome: ClientResponseResult::default() })
    }

    async fn run(mut self) -> ClientResponseResult {
        let client = self.client.clone();
        let result = match (self.request.stream_type(), self.request.method()) {
            (StreamType::Unary, "IdempotentUnary") => {
                self.once(|request: Request<IdempotentUnaryRequest>| client.idempotent_unary(request)).await
            }
            (StreamType::Unary, "Unimplemented") => {
                self.once(|request: Request<UnimplementedRequest>| client.unimplemented(request)).await
            }
            (StreamType::Unary, _) => self.once(|request: Request<UnaryRequest>| client.unary(request)).await,
            (StreamType::ServerStream, _) => self.server_stream(&client).await,
            (StreamType::ClientStream, _) => self.client_stream(&client).await,
            (StreamType::FullDuplexBidiStream, _) => self.full_duplex(&client).await,
            _ => self.half_duplex(&client).await,
        };
        if let Err(status) = result {
            let metadata = headers::from_metadata(status.metadata());
            // The error of one answer has the metadata of its head and of its end, in one.
            if matches!(self.request.stream_type(), StreamType::Unary | StreamType::ClientStream) {
                self.outcome.response_headers.clone_from(&metadata);
            }
            self.outcome.response_trailers = metadata;
            self.outcome.error = Some(to_error(&status));
        }
        self.outcome
    }

    async fn once<Q, R, C>(&mut self, start: impl FnOnce(Request<Q>) -> C) -> Result<(), Status>
    where
        Q: Message + Default,
        R: Payload,
        C: IntoFuture<Output = Result<Response<R>, Status>>,
    {
        let request = self.refine(self.messages::<Q>()?.remove(0))?;
        self.pause().await;
        let response = self.within(start(request).into_future()).await?;
        self.keep_one(response);
        Ok(())
    }

    async fn server_stream(&mut self, client: &ConformanceServiceClient) -> Result<(), Status> {
        let request = self.refine(self.messages::<ServerStreamRequest>()?.remove(0))?;
        self.pause().await;
        let until = self.cancelled_at();
        let response = before(until, client.server_stream(request).into_future()).await?;
        let messages = self.keep_head(response);
        self.receive(messages, until).await
    }

    async fn client_stream(&mut self, client: &ConformanceServiceClient) -> Result<(), Status> {
        let (messages, sending) = self.sending::<ClientStreamRequest>()?;
        let request = self.refine(messages)?;
        let response = client.client_stream(request).into_future();
        let result = self.until_cancelled(response, &sending).await;
        self.outcome.num_unsent_requests = sending.unsent();
        self.keep_one(result?);
        Ok(())
    }

    async fn half_duplex(&mut self, client: &ConformanceServiceClient) -> Result<(), Status> {
        let (messages, sending) = self.sending::<BidiStreamRequest>()?;
        let request = self.refine(messages)?;
        let response = client.bidi_stream(request).into_future();
        let result = self.until_cancelled(response, &sending).await;
        self.outcome.num_unsent_requests = sending.unsent();
        let messages = self.keep_head(result?);
        let until = self.cancelled_at();
        self.receive(messages, until).await
    }

    /// One message out, one in, in turns.
    async fn full_duplex(&mut self, client: &ConformanceServiceClient) -> Result<(), Status> {
        let mut messages = self.messages::<BidiStreamRequest>()?.into_iter();
        let (send, mut queue) = mpsc::unbounded_channel();
        let request = self.refine(stream::poll_fn(move |cx| queue.poll_recv(cx)))?;
        let mut left = i32::try_from(messages.len()).unwrap_or(i32::MAX);
        let mut next = |send: &mpsc::UnboundedSender<BidiStreamRequest>, left: &mut i32| {
            let message = messages.next();
            *left -= i32::from(message.is_some());
            message.map(|message| send.send(message)).is_some()
        };
        self.pause().await;
        next(&send, &mut left);
        let response = client.bidi_stream(request).into_future().await;
        if response.is_err() {
            self.outcome.num_unsent_requests = left;
        }
        let mut answers = self.keep_head(response?);
        let after = self.cancel_after();
        loop {
            if after == Some(self.outcome.payloads.len()) {
                return Err(cancelled());
            }
            match answers.message().await {
                Ok(Some(message)) => self.outcome.payloads.extend(message.payload()),
                Ok(None) => break,
                Err(status) => {
                    self.outcome.num_unsent_requests = left;
                    return Err(status);
                }
            }
            if after == Some(self.outcome.payloads.len()) {
                return Err(cancelled());
            }
            self.pause().await;
            if !next(&send, &mut left) {
                break;
            }
        }
        if matches!(self.timing(), Some(CancelTiming::BeforeCloseSend(()))) {
            return Err(cancelled());
        }
        drop(send);
        let until = self.cancelled_at();
        self.receive(answers, until).await
    }

    async fn receive<R: Payload>(&mut self, mut messages: Streaming<R>, until: Option<Instant>) -> Result<(), Status> {
        let after = self.cancel_after();
        loop {
            if after == Some(self.outcome.payloads.len()) {
                return Err(cancelled());
            }
            match before(until, messages.message()).await? {
                Some(message) => self.outcome.payloads.extend(message.payload()),
                None => break,
            }
        }
        self.outcome.response_trailers = headers::from_metadata(&messages.trailers().await?);
        Ok(())
    }

    fn keep_one<R: Payload>(&mut self, response: Response<R>) {
        self.outcome.response_headers = headers::from_metadata(response.metadata());
        self.outcome.response_trailers = headers::from_metadata(&response.trailers());
        self.outcome.payloads.extend(response.into_inner().payload());
    }

    fn keep_head<R>(&mut self, response: Response<Streaming<R>>) -> Streaming<R> {
        self.outcome.response_headers = headers::from_metadata(response.metadata());
        response.into_inner()
    }

    /// The request with the metadata that is asked for.
    fn refine<T>(&self, message: T) -> Result<Request<T>, Status> {
        let mut request = Request::new(message);
        *request.metadata_mut() = headers::to_metadata(&self.request.request_headers)?;
        Ok(request)
    }

    fn messages<Q: Message + Default>(&self) -> Result<Vec<Q>, Status> {
        let decode = |any: &Any| Q::decode(&*any.value).map_err(|error| Status::internal(error.to_string()));
        self.request.request_messages.iter().map(decode).collect()
    }

    /// The messages as a stream that pauses before each, and how far it came.
    fn sending<Q>(&self) -> Result<(impl Stream<Item = Q> + Send + 'static, Sending), Status>
    where
        Q: Message + Default + 'static,
    {
        let messages = self.messages::<Q>()?;
        let sending = Sending { total: messages.len(), ..Sending::default() };
        let (sent, done) = (Arc::clone(&sending.sent), Arc::clone(&sending.done));
        let delay = self.delay();
        let stays_open = matches!(self.timing(), Some(CancelTiming::BeforeCloseSend(())));
        let messages = stream::iter(messages).then(move |message| {
            let sent = Arc::clone(&sent);
            async move {
                if !delay.is_zero() {
                    sleep(delay).await;
                }
                sent.fetch_add(1, Ordering::SeqCst);
                message
            }
        });
        let end = stream::once(async move {
            done.notify_one();
            if stays_open {
                std::future::pending::<()>().await;
            }
        });
        Ok((messages.chain(end.filter_map(|()| async { None })), sending))
    }

    /// The answer to a call that sends a stream, unless it is to be cancelled before.
    async fn until_cancelled<T>(
        &self,
        answer: impl Future<Output = Result<T, Status>>,
        sending: &Sending,
    ) -> Result<T, Status> {
        let cancel = async {
            let wait = match self.timing() {
                Some(CancelTiming::BeforeCloseSend(())) => Duration::ZERO,
                Some(CancelTiming::AfterCloseSendMs(millis)) => Duration::from_millis(millis.into()),
                _ => std::future::pending().await,
            };
            sending.done.notified().await;
            sleep(wait).await;
        };
        tokio::select! {
            result = answer => result,
            () = cancel => Err(cancelled()),
        }
    }

    async fn within<T>(&self, answer: impl Future<Output = Result<T, Status>>) -> Result<T, Status> {
        before(self.cancelled_at(), answer).await
    }

    fn timing(&self) -> Option<CancelTiming> {
        self.request.cancel.and_then(|cancel| cancel.cancel_timing)
    }

    fn cancelled_at(&self) -> Option<Instant> {
        match self.timing() {
            Some(CancelTiming::AfterCloseSendMs(millis)) => Some(Instant::now() + Duration::from_millis(millis.into())),
            _ => None,
        }
    }

    /// The number of answers after which the call is to be cancelled.
    fn cancel_after(&self) -> Option<usize> {
        match self.timing() {
            Some(CancelTiming::AfterNumResponses(count)) => Some(count as usize),
            _ => None,
        }
    }

    fn delay(&self) -> Duration {
        Duration::from_millis(self.request.request_delay_ms.into())
    }

    async fn pause(&self) {
        if !self.delay().is_zero() {
            sleep(self.delay()).await;
        }
    }
}

/// How far a stream of requests came.
#[derive(Default)]
struct Sending {
    total: usize,
    sent: Arc<AtomicUsize>,
    done: Arc<tokio::sync::Notify>,
}

impl Sending {
    fn unsent(&self) -> i32 {
        i32::try_from(self.total - self.sent.load(Ordering::SeqCst)).unwrap_or(i32::MAX)
    }
}

async fn before<T>(until: Option<Instant>, answer: impl Future<Output = Result<T, Status>>) -> Result<T, Status> {
    let Some(until) = until else { return answer.await };
    tokio::select! {
        result = answer => result,
        () = sleep_until(until) => Err(cancelled()),
    }
}

/// What a caller says of a call that it dropped.
fn cancelled() -> Status {
    Status::cancelled("the caller gave up")
}

fn to_error(status: &Status) -> proto::Error {
    proto::Error {
        code: status.code() as i32,
        message: Some(status.message().to_owned()),
        details: status.any_details(),
    }
}

fn client(request: &ClientCompatRequest) -> Result<Client, Box<dyn Error>> {
    let scheme = if request.server_tls_cert.is_empty() { "http" } else { "https" };
    let mut channel = Channel::builder(format!("{scheme}://{}:{}", request.host, request.port));
    channel = channel.protocol(match request.protocol() {
        proto::Protocol::GrpcWeb => Protocol::GrpcWeb,
        proto::Protocol::Connect => Protocol::Connect,
        _ => Protocol::Grpc,
    });
    if request.http_version() == HttpVersion::HttpVersion1 {
        channel = channel.http1_only();
    }
    if request.codec() == Codec::Json {
        channel = channel.json(json::Options::new());
    }
    if request.message_receive_limit > 0 {
        channel = channel.max_receive_message_bytes(request.message_receive_limit as usize);
    }
    if scheme == "https" {
        let mut tls = ClientTls::new().roots(TrustRoots::from_pem(&request.server_tls_cert)?);
        if let Some(credentials) = &request.client_tls_creds {
            tls = tls.identity(Identity::from_pem(&credentials.cert, &credentials.key)?);
        }
        channel = channel.tls(tls);
    }
    let mut client = Client::from(channel.build()?).get(request.use_get_http_method);
    match request.compression() {
        Compression::Gzip => client = client.send_compressed(Encoding::Gzip),
        Compression::Zstd => client = client.send_compressed(Encoding::Zstd),
        _ => {}
    }
    if let Some(millis) = request.timeout_ms {
        client = client.timeout(Duration::from_millis(millis.into()));
    }
    Ok(client)
}

/// An answer of the service.
trait Payload: Message + Default + 'static {
    fn payload(self) -> Option<ConformancePayload>;
}

macro_rules! payload {
    ($($message:ty),*) => {
        $(impl Payload for $message {
            fn payload(self) -> Option<ConformancePayload> {
                // One without is an answer, too.
                Some(self.payload.unwrap_or_default())
            }
        })*
    };
}

payload!(UnaryResponse, IdempotentUnaryResponse, ServerStreamResponse, ClientStreamResponse, BidiStreamResponse);

impl Payload for UnimplementedResponse {
    fn payload(self) -> Option<ConformancePayload> {
        None
    }
}
