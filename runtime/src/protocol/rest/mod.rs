//! REST and JSON as `google.api.http` describes them (google/api/http.proto, AIP-127).
//!
//! A request's target and method choose a rule of a method ([`router`]). What the rule says about the request's parts is
//! done where a message is read and written: [`Transcoding`] is the codec of the call, so that the handler, the
//! interceptors and the core see the same call as by any other protocol.

mod accept;
mod client;
mod decompressed;
mod elements;
mod error;
mod framing;
mod headers;
mod options;
mod path;
mod percent;
mod query;
mod router;
mod server;
mod site;
mod transcoding;

pub(crate) use client::{Rest as ClientRest, default_options};
pub use options::{HttpStatus, Rest};
pub(crate) use server::Rest as ServerRest;
pub(crate) use site::Site;
pub(crate) use transcoding::Transcoding;
