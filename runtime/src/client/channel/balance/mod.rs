//! How calls are spread over backends.

mod balancer;
mod guarded;
mod least_request;
mod locality;
mod pick_first;
mod policy;
mod ring_hash;
mod round_robin;
mod weighted;

pub(super) use balancer::Settled;
pub use balancer::{Balance, LoadBalancer, Pick, PickCall, Picker};
pub(super) use guarded::{Guarded, MakeBalancer};
pub(super) use locality::PreferLocality;
pub use policy::LoadBalancing;
