//! From the name of a service to its servers.

mod dns;
mod lookup;
mod resolver;
#[cfg(feature = "dns")]
mod texts;

pub(super) use dns::Dns;
pub use resolver::{Refresh, Resolution, Resolutions, Resolver};
#[cfg(feature = "dns")]
use texts::Texts;
