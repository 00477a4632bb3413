//! The channel: how it finds servers, spreads calls over them, and gets along with what happens to them.

#![allow(clippy::unwrap_used, clippy::panic, unreachable_pub, reason = "tests")]

#[path = "../support/mod.rs"]
mod support;

mod backoff;
mod balance;
#[cfg(unix)]
#[path = "../serving/child.rs"]
#[allow(dead_code, reason = "shared with the tests of servers")]
mod child;
mod config;
#[cfg(feature = "dns")]
mod dns;
mod faults;
#[cfg(unix)]
mod fleet;
mod health;
mod hostile_ends;
mod http1;
mod node;
mod panics;
mod pool;
mod proxy;
mod raw;
mod states;
mod verbs;
