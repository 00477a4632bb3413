//! Attacks a server process by raw frames and prints what that cost it, one row an attack, as a table of Markdown: what
//! docs/security.md shows. The attacks themselves are those of `runtime/tests/attacks`, which asserts how they end.
//!
//!     cargo build --release -p rsgrpc-bench && (ulimit -n 20000; target/release/attack target/release/server-rsgrpc)

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, reason = "a tool")]

#[allow(dead_code, unreachable_pub, reason = "shared with the tests")]
#[path = "../../../../../runtime/tests/attacks/attacker.rs"]
mod attacker;
mod rows;
mod server;
mod victim;

use std::time::{Duration, Instant};

use rows::{ROWS, Sent};
use server::Server;
use victim::Victim;

/// How long memory is watched after an attack.
const AFTERWARDS: Duration = Duration::from_secs(2);

fn main() {
    let program = std::env::args().nth(1).expect("the path of server-rsgrpc");
    let wanted = std::env::args().nth(2).unwrap_or_default();
    println!(
        "| attack | sent | ended by | after | memory above idle: peak, 2 s later | CPU | a caller's p99, errors |"
    );
    println!("|---|---|---|---|---|---|---|");
    for (name, attack) in ROWS.iter().filter(|(name, _)| name.contains(&wanted)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let server = Server::start(&program).await;
            let victim = Victim::start(server.addr);
            tokio::time::sleep(Duration::from_millis(500)).await;
            let (memory, cpu) = (server.memory(), server.cpu());
            let began = Instant::now();
            let Sent { what, outcome, held } = attack(server.addr).await;
            let took = began.elapsed();
            drop(held);
            tokio::time::sleep(AFTERWARDS).await;
            let used = server.cpu() - cpu;
            let (p99, errors) = victim.finish().await;
            let mib = |bytes: u64| bytes.saturating_sub(memory) as f64 / f64::from(1 << 20);
            println!(
                "| {name} | {what} | {outcome} | {took:.1?} | {:.1}, {:.1} MiB | {used} ms | {p99:.1?}, {errors} |",
                mib(server.peak()),
                mib(server.memory()),
            );
        });
    }
}
