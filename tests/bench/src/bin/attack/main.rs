//! Attacks a server process by raw frames and prints what that cost it, one row an attack, as a table of Markdown: the one
//! that docs/security.md shows. It fails where one does not end as it has to, takes more memory than it may, or disturbs others. The attacks themselves are those of `runtime/tests/attacks`, which asserts how they end.
//!
//!     cargo build --release -p rsgrpc-bench --features tls && (ulimit -n 20000; target/release/attack [ROW])
//!
//! `attack --small-frames ADDRESS COUNT` is a client: it sends so many small messages, each in a frame of its own, to a
//! bench server and fails unless all are taken.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, reason = "a tool")]

#[allow(dead_code, unreachable_pub, reason = "shared with the tests")]
#[path = "../../../../../runtime/tests/attacks/attacker.rs"]
mod attacker;
mod bodies;
mod connections;
mod frames;
#[cfg(feature = "tls")]
#[allow(dead_code, unreachable_pub, reason = "shared with the tests")]
#[path = "../../../../../runtime/tests/tls/pki.rs"]
mod pki;
#[allow(unreachable_pub, reason = "shared with the tests")]
#[path = "../../../../../runtime/tests/attacks/provocations.rs"]
mod provocations;
mod rows;
mod server;
mod victim;

use std::{
    process::ExitCode,
    time::{Duration, Instant},
};

use rows::{Row, Sent, rows};
use server::Server;
use victim::{Suffered, Victim};

/// How slow the calls of others may become.
const P99: Duration = Duration::from_millis(10);
/// How long the calls of others are watched after an attack.
const AFTERSHOCK: Duration = Duration::from_millis(200);
/// How long memory is watched after an attack.
const AFTERWARDS: Duration = Duration::from_secs(2);

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    if let [flag, address, count] = &arguments[..]
        && flag == "--small-frames"
    {
        let sent = runtime.block_on(frames::small(address.parse().unwrap(), count.parse().unwrap()));
        println!("{}: {}", sent.what, sent.outcome);
        return if sent.outcome == frames::WELL { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    let wanted = arguments.first().map_or("", String::as_str);
    println!("| attack | sent | ended by | memory | CPU | p99, latest | tonic, connectrpc, hyper |");
    println!("|---|---|---|---|---|---|---|");
    let mut missed = Vec::new();
    for row in rows().iter().filter(|row| row.name.contains(wanted)) {
        missed.extend(runtime.block_on(measure(row)).into_iter().map(|what| format!("{}: {what}", row.name)));
    }
    for what in &missed {
        eprintln!("{what}");
    }
    if missed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Attacks, prints what it cost, and gives what of that is not as it has to be.
async fn measure(row: &Row) -> Vec<String> {
    let program = std::env::current_exe().unwrap().with_file_name("server-rsgrpc");
    let server = Server::start(&program, row.tls).await;
    let victim = Victim::start(server.callers());
    tokio::time::sleep(Duration::from_millis(500)).await;
    let (memory, cpu) = (server.memory(), server.cpu());
    victim.count(true);
    let began = Instant::now();
    let Sent { what, outcome, held } = (row.attack)(&server).await;
    let took = began.elapsed();
    // So that there are calls after an attack that is over at once.
    tokio::time::sleep(AFTERSHOCK).await;
    victim.count(false);
    drop(held);
    tokio::time::sleep(AFTERWARDS).await;
    let used = server.cpu() - cpu;
    let Suffered { p99, latest, failed } = victim.finish();
    let mib = server.peak().saturating_sub(memory) as f64 / f64::from(1 << 20);
    let failures = if failed > 0 { format!(", **{failed} calls failed**") } else { String::new() };
    println!(
        "| {} | {what} | {outcome}, {took:.1?} | {mib:.1} MiB | {used} ms | {p99:.1?}, {latest:.1?}{failures} | {} |",
        row.name, row.others
    );
    let bars = [
        (!row.ends.iter().any(|end| outcome.starts_with(end)), format!("it may end with {:?}", row.ends)),
        (mib > row.memory, format!("it may take {} MiB", row.memory)),
        (p99 > P99, format!("the others' p99 may be {P99:?}")),
        (failed > 0, format!("{failed} calls of others failed")),
    ];
    bars.into_iter().filter_map(|(missed, what)| missed.then_some(what)).collect()
}
