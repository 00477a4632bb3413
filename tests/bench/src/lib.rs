//! What the servers and clients under measurement share: the flags, the load, and the way a client reports itself.

mod flags;
mod load;
mod proto;
mod runtime;

pub use flags::Flags;
pub use load::{Client, Workload, drive};
pub use proto::{ours, tonic_proto};
pub use runtime::{Runtime, run, run_on};
