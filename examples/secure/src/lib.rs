//! Accounts behind TLS: people come with tokens, services with certificates. The README leads through it.

pub mod accounts;
pub mod app;
pub mod certificates;
pub mod demo;
pub mod flags;
pub mod servers;
pub mod telemetry;
pub mod tokens;

/// The code of `proto/secure/v1`.
pub mod v1 {
    rsgrpc::include_proto!("secure.v1");
}

/// What goes wrong at the start.
pub type Error = Box<dyn std::error::Error + Send + Sync>;
