//! Interceptors for what most servers need: who calls, what they may do, how much at once, and what it looked like.
//!
//! They decide on the method as the server routes it ([`Call::method`](crate::Call::method)), never on the text of a
//! path, so they hold for every protocol alike and a path written in another way is another method or none.
//!
//! A good order is [`Trace`], [`RequestId`], [`AccessLog`], [`ConcurrencyLimit`], [`BearerAuth`], [`Permissions`]: what is refused
//! is still logged, and costs little.

mod access_log;
mod bearer;
mod concurrency;
#[cfg(feature = "jwt")]
mod jwt;
#[cfg(feature = "jwt")]
mod key_file;
pub(crate) mod outcome;
mod permissions;
mod propagate;
mod request_id;
#[cfg(feature = "auth")]
mod static_tokens;
mod telemetry;
mod tonic;

pub use access_log::AccessLog;
pub use bearer::{BearerAuth, BearerToken, Denied, Verifier};
pub use concurrency::ConcurrencyLimit;
#[cfg(feature = "jwt")]
pub use jwt::{Claims, JwksError, JwtVerifier};
pub use permissions::Permissions;
pub use propagate::PropagateMetadata;
pub use request_id::{Id, RequestId};
#[cfg(feature = "auth")]
pub use static_tokens::{StaticTokens, TokenName};
pub use telemetry::Trace;
#[cfg(feature = "otel")]
pub use telemetry::{ClientMetrics, ServerMetrics};
pub use tonic::FromTonic;
