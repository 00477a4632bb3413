//! From the name of a service to its servers.

mod dns;
mod lookup;
mod resolver;

pub(super) use dns::Dns;
pub use resolver::{Refresh, Resolution, Resolutions, Resolver};
