//! The headers that gRPC defines.

use http::{HeaderName, HeaderValue};

pub(in crate::protocol) const STATUS: HeaderName = HeaderName::from_static("grpc-status");
pub(in crate::protocol) const MESSAGE: HeaderName = HeaderName::from_static("grpc-message");
pub(in crate::protocol) const DETAILS: HeaderName = HeaderName::from_static("grpc-status-details-bin");
pub(in crate::protocol) const ENCODING: HeaderName = HeaderName::from_static("grpc-encoding");
pub(in crate::protocol) const ACCEPT_ENCODING: HeaderName = HeaderName::from_static("grpc-accept-encoding");

pub(super) const GRPC: HeaderValue = HeaderValue::from_static("application/grpc");
pub(super) const GRPC_JSON: HeaderValue = HeaderValue::from_static("application/grpc+json");
