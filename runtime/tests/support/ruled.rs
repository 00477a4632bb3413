//! The service with a rule for each of its methods.

use rsgrpc::{
    BodySelector, Content, HttpRule, Method, Segment, Service, ServiceDescriptor, Template,
    codegen::{Reply, ServerCall},
};

use super::{ECHO, ECHO_METHODS, Echo, EchoServer};

/// The service with rules for REST.
#[derive(Debug)]
pub struct Ruled<T>(pub EchoServer<T>);

pub static RULED: ServiceDescriptor = ServiceDescriptor {
    methods: &[
        ruled(0, &[post("/v1/unary", &[Segment::Literal("v1"), Segment::Literal("unary")])]),
        ruled(1, &[post("/v1/down", &[Segment::Literal("v1"), Segment::Literal("down")])]),
        ruled(2, &[post("/v1/up", &[Segment::Literal("v1"), Segment::Literal("up")])]),
        ruled(3, &[post("/v1/both", &[Segment::Literal("v1"), Segment::Literal("both")])]),
        ruled(4, &[post("/v1/look", &[Segment::Literal("v1"), Segment::Literal("look")])]),
    ],
    ..ECHO
};

const fn ruled(index: usize, http: &'static [HttpRule]) -> Method {
    let Method { path, kind, idempotency, input, output, .. } = ECHO_METHODS[index];
    Method { path, kind, idempotency, input, output, http }
}

/// A rule for POST of a whole message.
pub const fn post(text: &'static str, segments: &'static [Segment]) -> HttpRule {
    HttpRule {
        verb: "POST",
        template: Template { text, segments, verb: "", variables: &[] },
        body: BodySelector::All,
        response_body: "",
        request: Content::Json,
        response: Content::Json,
        update_mask: "",
    }
}

impl<T: Echo> Service for Ruled<T> {
    fn descriptor(&self) -> &'static ServiceDescriptor {
        &RULED
    }

    fn call(&self, method: usize, call: ServerCall) -> Reply {
        self.0.call(method, call)
    }
}
