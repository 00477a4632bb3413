//! Attacks on a live server by raw frames over TCP, while another connection goes on calling. What is asserted depends
//! on no clock: what ends the connection, within how many frames, and that no other call fails. Where time is the limit
//! it is tokio's, which waits for nobody. What the attacks cost is measured by `tests/bench/attacks`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, unreachable_pub, reason = "tests")]

#[path = "../support/mod.rs"]
mod support;

mod attacker;
mod bodies;
mod floods;
mod heads;
mod injection;
mod late;
mod log;
mod peer;
mod provocations;
mod resets;
mod slow;
mod stalled;
mod target;
