//! The limits of docs/security.md that a server can set: what the same peer comes to by default and with the limit set, to
//! the very answer, and that the server goes on. Calls are made over gRPC, gRPC-Web, Connect and REST, by HTTP/2 and by
//! HTTP/1.1, connections by gRPC and REST. Time is tokio's, so nobody waits.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, unreachable_pub, reason = "tests")]

#[allow(dead_code, reason = "a part of it is used")]
#[path = "../attacks/attacker.rs"]
mod attacker;
#[path = "../support/mod.rs"]
mod support;

mod accepted;
mod calls;
mod connections;
mod deadlines;
mod http1;
mod lane;
mod raw;
mod served;
mod turns;
mod unread;
