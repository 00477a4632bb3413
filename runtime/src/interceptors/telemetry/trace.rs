//! A span for each call.

use http::uri::Authority;
use tonic::{Code, Status};
use tracing::{Instrument, Span, field::Empty};

use super::code_name;
use crate::{
    client::{self, ClientInterceptor, Incoming, Outgoing},
    handler::{Answer, Call},
    interceptor::{Interceptor, Next},
    interceptors::outcome::{observe, observe_client},
};

/// Runs each call in a span of [`tracing`], on a server and on a client, with the attributes of OpenTelemetry's semantic
/// conventions for RPC (those for gRPC, release candidate of 2026): `rpc.system.name`, `rpc.method`,
/// `rpc.response.status_code`, `error.type`, `server.address` and `server.port`, and on a server `network.peer.address` and
/// `network.peer.port`.
///
/// The span is as long as the call, streams included, and its status is the real one. On a server what counts as an
/// error is what the server is to blame for; on a client, all that is not OK.
///
/// With the feature `otel` the span of a server continues the trace that the caller is in, and that of a client is told
/// to the server: in the metadata, by the propagator that the program chose for OpenTelemetry (for W3C's `traceparent`:
/// `global::set_text_map_propagator(TraceContextPropagator::new())`).
#[derive(Debug, Clone, Copy, Default)]
pub struct Trace;

impl Interceptor for Trace {
    async fn intercept(&self, call: Call, next: Next) -> Result<Answer, Status> {
        let span = tracing::info_span!(
            target: "rsgrpc::call",
            "call",
            otel.name = call.method().full_name(),
            otel.kind = "server",
            otel.status_code = Empty,
            error.type = Empty,
            rpc.system.name = "grpc",
            rpc.method = call.method().full_name(),
            rpc.response.status_code = Empty,
            server.address = Empty,
            server.port = Empty,
            network.peer.address = Empty,
            network.peer.port = Empty,
        );
        let peer = call.peer();
        for (at, [address, port]) in [
            (peer.local_addr, ["server.address", "server.port"]),
            (peer.remote_addr, ["network.peer.address", "network.peer.port"]),
        ] {
            if let Some(at) = at {
                span.record(address, tracing::field::display(at.ip()));
                span.record(port, at.port());
            }
        }
        #[cfg(feature = "otel")]
        super::propagation::continue_trace(&span, call.metadata());
        let ended = span.clone();
        observe(call, next, move |code| record(&ended, code, is_server_s_fault(code))).instrument(span).await
    }
}

impl ClientInterceptor for Trace {
    #[cfg_attr(not(feature = "otel"), allow(unused_mut, reason = "without propagation nothing is written"))]
    async fn intercept(&self, mut call: Outgoing, next: client::Next) -> Result<Incoming, Status> {
        let span = tracing::info_span!(
            target: "rsgrpc::call",
            "call",
            otel.name = call.method().full_name(),
            otel.kind = "client",
            otel.status_code = Empty,
            error.type = Empty,
            rpc.system.name = "grpc",
            rpc.method = call.method().full_name(),
            rpc.response.status_code = Empty,
            server.address = next.authority().map(Authority::host),
            server.port = next.authority().and_then(Authority::port_u16),
        );
        #[cfg(feature = "otel")]
        super::propagation::hand_on_trace(&span, call.metadata_mut());
        let ended = span.clone();
        observe_client(call, next, move |code| record(&ended, code, code != Code::Ok)).instrument(span).await
    }
}

fn record(span: &Span, code: Code, is_error: bool) {
    // For OpenTelemetry a span ends where it was last left.
    let _entered = span.enter();
    span.record("rpc.response.status_code", code_name(code));
    if is_error {
        span.record("otel.status_code", "ERROR");
        span.record("error.type", code_name(code));
    }
}

/// By the semantic conventions for gRPC.
fn is_server_s_fault(code: Code) -> bool {
    matches!(
        code,
        Code::Unknown
            | Code::DeadlineExceeded
            | Code::Unimplemented
            | Code::Internal
            | Code::Unavailable
            | Code::DataLoss
    )
}
