//! The network channel: from a target to connections.
//!
//! ```text
//! target ─→ Resolver ─→ endpoints ─→ LoadBalancer ─→ Picker ─→ Backend ─→ connection
//!           who is there             who is used     each call  one server
//! ```
//!
//! A [`Channel`] resolves its target by a [`Resolver`], has a [`LoadBalancer`] look at the servers, and sends each call on
//! a connection to the [`Backend`] that the balancer's [`Picker`] chooses.

mod address;
mod asked;
mod backend;
mod backoff;
mod balance;
mod build;
mod builder;
mod connector;
mod core;
mod greeting;
mod handle;
mod health;
mod http1;
mod http2;
mod manager;
mod outlier;
mod proxy;
mod random;
mod resolve;
mod state;
mod target;

pub use address::{Address, Endpoint};
pub use backend::Backend;
pub use balance::{Balance, LoadBalancer, LoadBalancing, Pick, PickCall, Picker};
pub use build::ChannelError;
pub use builder::ChannelBuilder;
pub use handle::Channel;
pub use outlier::{FailurePercentage, OutlierDetection, SuccessRate};
pub use resolve::{Refresh, Resolution, Resolutions, Resolver};
pub use state::{BackendFigures, ChannelFigures, ConnectivityState};
