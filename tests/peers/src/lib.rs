//! The service of `peers.proto` on rsgrpc, and what rsgrpc's client checks of anyone who serves it.

pub mod checks;
pub mod proto;
mod service;

pub use service::PeersService;
