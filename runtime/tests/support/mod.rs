//! A service written by hand as the generator writes it, with every kind of call, on plain strings.

#![allow(
    dead_code,
    unreachable_pub,
    unused_imports,
    missing_docs,
    reason = "shared by test files, each of which uses a part"
)]

mod bulk;
mod ruled;

use std::{future::Future, sync::Arc};

pub use bulk::{Bulk, RuledBulk};
pub use ruled::{RULED, Ruled};

use rsgrpc::{
    Client, Idempotency, Method, MethodKind, Request, Response, Service, ServiceDescriptor, Status, Streaming,
    codegen::{Reply, ServerCall, Stream},
    json::Type,
};

const fn method(path: &'static str, kind: MethodKind) -> Method {
    const STRING: Option<Type> = Some(Type::of::<String>("google.protobuf.StringValue"));
    Method { path, kind, idempotency: Idempotency::Unknown, input: STRING, output: STRING, http: &[] }
}

pub static ECHO: ServiceDescriptor =
    ServiceDescriptor { name: "test.Echo", message_types: &[], methods: ECHO_METHODS, file_descriptor_set: &[] };

pub const ECHO_METHODS: &[Method] = &[
    method("/test.Echo/Unary", MethodKind::Unary),
    method("/test.Echo/Down", MethodKind::ServerStreaming),
    method("/test.Echo/Up", MethodKind::ClientStreaming),
    method("/test.Echo/Both", MethodKind::BidiStreaming),
    Method { idempotency: Idempotency::NoSideEffects, ..method("/test.Echo/Look", MethodKind::Unary) },
];

pub type Answer<T> = Result<Response<T>, Status>;

pub trait Echo: Send + Sync + 'static {
    fn unary(&self, request: Request<String>) -> impl Future<Output = Answer<String>> + Send {
        let _ = request;
        rsgrpc::codegen::unimplemented_unary(&ECHO.methods[0])
    }

    fn down(
        &self,
        request: Request<String>,
    ) -> impl Future<Output = Answer<impl Stream<Item = Result<String, Status>> + Send>> + Send {
        let _ = request;
        rsgrpc::codegen::unimplemented_streaming(&ECHO.methods[1])
    }

    fn up(&self, request: Request<Streaming<String>>) -> impl Future<Output = Answer<String>> + Send {
        let _ = request;
        rsgrpc::codegen::unimplemented_unary(&ECHO.methods[2])
    }

    fn both(
        &self,
        request: Request<Streaming<String>>,
    ) -> impl Future<Output = Answer<impl Stream<Item = Result<String, Status>> + Send>> + Send {
        let _ = request;
        rsgrpc::codegen::unimplemented_streaming(&ECHO.methods[3])
    }
}

#[derive(Debug)]
pub struct EchoServer<T>(pub Arc<T>);

impl<T: Echo> EchoServer<T> {
    pub fn new(service: T) -> Self {
        Self(Arc::new(service))
    }
}

impl<T: Echo> Service for EchoServer<T> {
    fn descriptor(&self) -> &'static ServiceDescriptor {
        &ECHO
    }

    fn call(&self, method: usize, mut call: ServerCall) -> Reply {
        let service = Arc::clone(&self.0);
        match method {
            0 | 4 => Box::pin(async move {
                let request = call.arrival().await.one()?;
                call.reply(service.unary(request).await?)
            }),
            1 => Box::pin(async move {
                let request = call.arrival().await.one()?;
                call.stream(service.down(request).await?).await
            }),
            2 => Box::pin(async move {
                let request = call.many();
                call.reply(service.up(request).await?)
            }),
            3 => Box::pin(async move {
                let request = call.many();
                call.stream(service.both(request).await?).await
            }),
            _ => call.unknown_method(),
        }
    }
}

#[derive(Debug, Clone)]
pub struct EchoClient(Client, &'static ServiceDescriptor);

impl EchoClient {
    pub fn new(client: impl Into<Client>) -> Self {
        Self::of(client, &ECHO)
    }

    /// Of a service with the same methods.
    pub fn of(client: impl Into<Client>, service: &'static ServiceDescriptor) -> Self {
        Self(client.into().of(service), service)
    }

    pub fn unary(&self, request: impl rsgrpc::IntoRequest<String>) -> rsgrpc::UnaryCall<'_, String, String> {
        self.0.unary(&self.1.methods[0], request)
    }

    /// Has no side effects.
    pub fn look(&self, request: impl rsgrpc::IntoRequest<String>) -> rsgrpc::UnaryCall<'_, String, String> {
        self.0.unary(&self.1.methods[4], request)
    }

    pub fn down(&self, request: impl rsgrpc::IntoRequest<String>) -> rsgrpc::ServerStreamingCall<'_, String, String> {
        self.0.server_streaming(&self.1.methods[1], request)
    }

    pub fn up<S>(&self, requests: S) -> rsgrpc::ClientStreamingCall<'_, S::Stream, String>
    where
        S: rsgrpc::IntoStreamingRequest<Message = String>,
    {
        self.0.client_streaming(&self.1.methods[2], requests)
    }

    pub fn both<S>(&self, requests: S) -> rsgrpc::BidiStreamingCall<'_, S::Stream, String>
    where
        S: rsgrpc::IntoStreamingRequest<Message = String>,
    {
        self.0.bidi_streaming(&self.1.methods[3], requests)
    }
}
