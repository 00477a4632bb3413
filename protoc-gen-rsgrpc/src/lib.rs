//! Generates Rust from protocol buffers: messages for `prost`, and for each service a trait, a server and a client
//! for `rsgrpc`.
//!
//! Two ways in, both pure functions: [`run`] answers protoc's plugin protocol, [`generate`] is for build scripts.
//!
//! The pipeline: [`Request`] → descriptors → symbol pool → resolved model → tokens → [`GeneratedFile`]s. Everything
//! that is decided about a proto is decided on the way to the model; what prints it only reads.

mod descriptor;
mod diagnostic;
mod emit;
mod extensions;
mod features;
mod files;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod model;
mod options;
mod plugin;
mod pool;
mod print;
mod request;
mod resolve;

pub use diagnostic::{Diagnostic, Diagnostics};
pub use files::GeneratedFile;
pub use options::Options;
pub use plugin::run;
pub use request::{Error, Request};

/// Generates Rust for the files of a request. No IO; the same request and options give the same files, in the order of
/// their names.
///
/// # Errors
/// Everything that is wrong with the protos and the options, at once.
pub fn generate(request: &Request, options: &Options) -> Result<Vec<GeneratedFile>, Diagnostics> {
    let packages = resolve::resolve(request, options)?;
    Ok(files::files(&packages, options))
}
