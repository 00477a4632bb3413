//! The Connect protocol (connectrpc.com/docs/protocol): unary calls as plain HTTP, as POST or GET, and streams in
//! envelopes that end with a frame of JSON.

mod client;
mod error;
mod get;
mod headers;
mod loose;
mod stream;
mod unary;

pub(crate) use client::Connect as ClientConnect;
pub(crate) use get::Get;
pub(super) use get::is_allowed as may_get;
pub(crate) use stream::Stream;
pub(crate) use unary::Unary;
