//! What the generator knows about a service, as tables: names, kinds, options and HTTP bindings.

use crate::json::Type;

/// A service: its full name and its methods, in the order of the proto.
#[derive(Debug)]
pub struct ServiceDescriptor {
    /// The full proto name, such as `example.v1.UserService`.
    pub name: &'static str,
    /// The methods; the index in this table is how generated code names a method.
    pub methods: &'static [Method],
    /// The messages of the service's package and of the packages it imports, for the [`Registry`](crate::json::Registry)
    /// in which an `Any` finds its type.
    pub message_types: &'static [&'static [Type]],
    /// A serialized `google.protobuf.FileDescriptorSet` with the service's file and all it imports, or empty when the
    /// generator was told to leave it out. Reflection answers from it.
    pub file_descriptor_set: &'static [u8],
}

/// One rpc of a service.
#[derive(Debug)]
pub struct Method {
    /// The path that names it on the wire, `/package.Service/Method`.
    pub path: &'static str,
    /// Which sides stream.
    pub kind: MethodKind,
    /// The proto option `idempotency_level`.
    pub idempotency: Idempotency,
    /// The JSON of what the caller sends; `None` for messages without.
    pub input: Option<Type>,
    /// The JSON of what the server answers; `None` for messages without.
    pub output: Option<Type>,
    /// The HTTP bindings of `google.api.http`: the rule itself, then its `additional_bindings`.
    pub http: &'static [HttpRule],
}

impl Method {
    /// A method at this path, `/package.Service/Method`, of which nothing else is known.
    pub const fn new(path: &'static str, kind: MethodKind) -> Self {
        Self { path, kind, idempotency: Idempotency::Unknown, input: None, output: None, http: &[] }
    }

    /// With this `idempotency_level`.
    #[must_use]
    pub const fn with_idempotency(self, idempotency: Idempotency) -> Self {
        Self { idempotency, ..self }
    }

    /// With the JSON of what the caller sends.
    #[must_use]
    pub const fn with_input(self, input: Type) -> Self {
        Self { input: Some(input), ..self }
    }

    /// With the JSON of what the server answers.
    #[must_use]
    pub const fn with_output(self, output: Type) -> Self {
        Self { output: Some(output), ..self }
    }

    /// With these HTTP bindings.
    #[must_use]
    pub const fn with_http(self, http: &'static [HttpRule]) -> Self {
        Self { http, ..self }
    }

    /// The full name of the service, such as `example.v1.UserService`.
    pub fn service(&self) -> &'static str {
        self.split().0
    }

    /// The method's own name, such as `GetUser`.
    pub fn name(&self) -> &'static str {
        self.split().1
    }

    /// Both, such as `example.v1.UserService/GetUser`.
    pub fn full_name(&self) -> &'static str {
        self.path.strip_prefix('/').unwrap_or(self.path)
    }

    fn split(&self) -> (&'static str, &'static str) {
        self.full_name().rsplit_once('/').unwrap_or((self.full_name(), ""))
    }
}

/// The four kinds of RPC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MethodKind {
    /// One request, one response.
    Unary,
    /// One request, a stream of responses.
    ServerStreaming,
    /// A stream of requests, one response.
    ClientStreaming,
    /// A stream each way, independent of each other.
    BidiStreaming,
}

impl MethodKind {
    /// Whether the caller sends a stream.
    pub fn streams_requests(self) -> bool {
        matches!(self, Self::ClientStreaming | Self::BidiStreaming)
    }

    /// Whether the server answers with a stream.
    pub fn streams_responses(self) -> bool {
        matches!(self, Self::ServerStreaming | Self::BidiStreaming)
    }
}

/// The proto option `idempotency_level` of a method (descriptor.proto).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Idempotency {
    /// Nothing is promised.
    #[default]
    Unknown,
    /// The call changes nothing; it may be sent as an HTTP GET and repeated.
    NoSideEffects,
    /// Sending it twice has the effect of sending it once.
    Idempotent,
}

/// One binding of a method to HTTP, compiled from `google.api.http` (google/api/http.proto).
#[derive(Debug, PartialEq, Eq)]
pub struct HttpRule {
    /// The HTTP method, `*` for any.
    pub verb: &'static str,
    /// The path template.
    pub template: Template,
    /// Which part of the request message the HTTP body carries.
    pub body: BodySelector,
    /// The response field that is the HTTP body; empty for the whole message.
    pub response_body: &'static str,
    /// What the HTTP body of a request is.
    pub request: Content,
    /// What the HTTP body of a response is.
    pub response: Content,
    /// The request's only `google.protobuf.FieldMask`, by its proto name, where the rule is a PATCH whose body is a
    /// field: a caller may leave it out, and it is filled from the body. Empty otherwise.
    pub update_mask: &'static str,
}

/// What an HTTP body is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// ProtoJSON.
    Json,
    /// The bytes of a `google.api.HttpBody`, with its content type.
    HttpBody,
}

/// A path template, parsed: `/v1/{name=shelves/*}:move`.
#[derive(Debug, PartialEq, Eq)]
pub struct Template {
    /// As written in the proto.
    pub text: &'static str,
    /// The segments between the slashes; a variable stands as the segments of its pattern.
    pub segments: &'static [Segment],
    /// The custom verb after the last colon, without the colon; empty for none.
    pub verb: &'static str,
    /// The variables, in order.
    pub variables: &'static [Variable],
}

/// One segment of a path template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Segment {
    /// A literal, as the template has it.
    Literal(&'static str),
    /// `*`: exactly one non-empty segment.
    Wildcard,
    /// `**`: zero or more segments.
    Rest,
}

/// A variable of a path template.
#[derive(Debug, PartialEq, Eq)]
pub struct Variable {
    /// The request field it sets, as a path of proto names.
    pub field: &'static [&'static str],
    /// The first segment it captures.
    pub start: usize,
    /// The segment behind the last one it captures.
    pub end: usize,
}

/// Which part of the request message the HTTP body carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodySelector {
    /// None: everything comes from path and query.
    None,
    /// `*`: the body is the message.
    All,
    /// The body is this top-level field, by its proto name.
    Field(&'static str),
}
