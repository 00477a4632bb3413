//! From the name of a service to its servers.

mod dns;
mod lookup;
mod resolver;
#[cfg(feature = "dns")]
mod texts;
mod watch;

pub(super) use dns::Dns;
pub use resolver::{Refresh, Resolution, Resolutions, Resolver};
#[cfg(feature = "dns")]
use texts::Texts;
pub(super) use watch::Watch;
