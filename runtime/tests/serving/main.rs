//! Servers as processes: what they listen on, what stops them, what replaces them.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, unreachable_pub, reason = "tests")]

#[path = "../support/mod.rs"]
mod support;

mod child;
mod endings;
mod listeners;
mod processes;
mod restart;
