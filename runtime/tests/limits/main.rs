//! Every limit of docs/security.md that a server can set: by default it lets a request pass, set low it ends it, and the
//! server goes on. Over gRPC, gRPC-Web, Connect and REST, by HTTP/2 and by HTTP/1.1, wherever the limit exists, with the
//! very answer that each of them gives. Time is tokio's, so nobody waits.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, unreachable_pub, reason = "tests")]

#[allow(dead_code, reason = "a part of it is used")]
#[path = "../attacks/attacker.rs"]
mod attacker;
#[path = "../support/mod.rs"]
mod support;

mod accepted;
mod calls;
mod connections;
mod http1;
mod lane;
mod raw;
mod served;
mod unread;
