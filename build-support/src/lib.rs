//! Generates rsgrpc code from `build.rs`: messages, and per service a trait, a server and a client.
//!
//! ```no_run
//! // build.rs
//! fn main() -> Result<(), rsgrpc_build::Error> {
//!     rsgrpc_build::compile(&["proto/user.proto"])
//! }
//! ```
//!
//! ```text
//! // src/main.rs, for `package example.v1;`
//! rsgrpc::include_proto!("example.v1");
//! ```
//!
//! Nothing has to be installed: protoc comes with this crate, and so do the protos of `google/protobuf`, `google/api`,
//! `google/rpc`, `grpc/health` and `grpc/reflection`, which every proto can import. [`configure`] is for everything
//! else.

mod builder;
mod cargo;
mod error;
mod includes;
mod output;
mod proto_text;
mod protoc;

pub use builder::{Builder, configure};
pub use error::Error;

use std::path::Path;

/// Generates the code of these protos, and of the imported ones whose types they use, into `OUT_DIR`.
///
/// Paths are relative to the folder of `Cargo.toml`. Imports are looked up below the folder of each proto, less the
/// part of it that spells the proto's package: `proto/user.proto` imports relative to `proto`, and so does
/// `proto/example/v1/user.proto` if its package is `example.v1`. Protos that
/// would have one name by that have longer ones, from the folder that holds all protos, and are imported by these.
/// [`Builder::include`] names other folders.
///
/// # Errors
///
/// All that is wrong with the protos, each with its place; or that protoc cannot be run, or a file cannot be written.
pub fn compile(protos: &[impl AsRef<Path>]) -> Result<(), Error> {
    configure().compile(protos)
}
