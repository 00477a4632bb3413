//! The channel: how it finds servers, spreads calls over them, and gets along with what happens to them.

#![allow(clippy::unwrap_used, clippy::panic, unreachable_pub, reason = "tests")]

#[path = "../support/mod.rs"]
mod support;

mod balance;
mod config;
#[cfg(feature = "dns")]
mod dns;
mod faults;
mod health;
mod node;
mod pool;
mod proxy;
mod raw;
mod states;
