//! Services and their methods.

use proc_macro2::Ident;

use super::http::HttpRule;
use super::message::Docs;
use super::path::TypeRef;

pub(crate) struct Service {
    /// Its name from the package on, such as `a.v1.Greeter`.
    pub(crate) full_name: String,
    pub(crate) docs: Docs,
    /// The trait; `None` for the trait and the server if servers are switched off.
    pub(crate) server: Option<ServerIdents>,
    pub(crate) client: Option<Ident>,
    /// The static with the method table.
    pub(crate) descriptor: Ident,
    /// A name for a type parameter that no type of the package has.
    pub(crate) parameter: Ident,
    pub(crate) methods: Vec<Method>,
}

pub(crate) struct ServerIdents {
    pub(crate) handler: Ident,
    pub(crate) server: Ident,
}

pub(crate) struct Method {
    /// `/package.Service/Method`.
    pub(crate) path: String,
    pub(crate) ident: Ident,
    pub(crate) docs: Docs,
    pub(crate) deprecated: bool,
    pub(crate) kind: MethodKind,
    pub(crate) idempotency: Idempotency,
    pub(crate) input: TypeRef,
    pub(crate) output: TypeRef,
    /// The full proto names of input and output; `None` without JSON.
    pub(crate) input_json: Option<String>,
    pub(crate) output_json: Option<String>,
    /// The rule itself and then its additional bindings.
    pub(crate) http: Vec<HttpRule>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum MethodKind {
    Unary,
    ServerStreaming,
    ClientStreaming,
    BidiStreaming,
}

impl MethodKind {
    pub(crate) fn streams_in(self) -> bool {
        matches!(self, Self::ClientStreaming | Self::BidiStreaming)
    }

    pub(crate) fn streams_out(self) -> bool {
        matches!(self, Self::ServerStreaming | Self::BidiStreaming)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Idempotency {
    Unknown,
    NoSideEffects,
    Idempotent,
}
