//! How calls are spread over backends.

mod policy;

pub use policy::LoadBalancing;
