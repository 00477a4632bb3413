//! Servers as processes: what they listen on, what stops them, what replaces them.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, unreachable_pub, reason = "tests")]

#[allow(dead_code, reason = "shared with other tests")]
#[path = "../attacks/attacker.rs"]
mod attacker;
#[path = "../support/mod.rs"]
mod support;

mod child;
mod endings;
mod listeners;
mod processes;
mod restart;
