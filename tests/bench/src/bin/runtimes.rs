//! What the choice of a runtime costs: small unary calls to servers on two cores, each on the runtimes that it has, in
//! turn. Prints a table of Markdown with the medians of the rounds.
//!
//!     cargo build --release -p rsgrpc-bench && target/release/runtimes [ROUNDS]

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, reason = "a tool")]

use std::{
    net::{SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command},
    thread::sleep,
    time::Duration,
};

const CALLS: u64 = 400_000;

/// Connections, and calls in flight on each: many of both, and few connections with many calls, as behind a proxy.
const LOADS: [(usize, usize); 2] = [(32, 8), (4, 64)];

const SERVERS: [(&str, &str, &str); 5] = [
    ("rsgrpc, a runtime for each core", "server-rsgrpc", "per-core"),
    ("rsgrpc, tokio's multi-thread runtime", "server-rsgrpc", "multi"),
    ("rsgrpc, one thread", "server-rsgrpc", "single"),
    ("tonic, tokio's multi-thread runtime", "server-tonic", "multi"),
    ("tonic, one thread", "server-tonic", "single"),
];

fn main() {
    let rounds = std::env::args().nth(1).map_or(5, |rounds| rounds.parse().expect("a number of rounds"));
    let bin = std::env::current_exe().unwrap().parent().unwrap().to_owned();
    println!("| server | connections, calls in flight on each | calls a second | server's CPU time a call |");
    println!("|---|---:|---:|---:|");
    for (connections, in_flight) in LOADS {
        let mut results = SERVERS.map(|_| Vec::new());
        for _ in 0..rounds {
            for ((_, program, runtime), results) in SERVERS.iter().zip(&mut results) {
                results.push(measure(&bin, program, runtime, connections, in_flight));
            }
        }
        for ((name, ..), results) in SERVERS.iter().zip(results) {
            let rate = median(results.iter().map(|(rate, _)| *rate));
            let cpu = median(results.iter().map(|(_, cpu)| *cpu));
            println!("| {name} | {connections}, {in_flight} | {:.1} k | {cpu:.1} µs |", rate / 1e3);
        }
    }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<_> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Calls a second, and microseconds of the server's CPU time for each.
fn measure(bin: &Path, program: &str, runtime: &str, connections: usize, in_flight: usize) -> (f64, f64) {
    let server = Server::start(bin.join(program), runtime);
    let call = |count: u64| {
        let numbers = [
            ("--port", u64::from(server.addr.port())),
            ("--connections", connections as u64),
            ("--in-flight", in_flight as u64),
            ("--count", count),
        ];
        let mut client = Command::new(bin.join("client-rsgrpc"));
        for (name, value) in numbers {
            client.arg(name).arg(value.to_string());
        }
        let output = client.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let elapsed = String::from_utf8(output.stdout).unwrap();
        elapsed.split_whitespace().next().unwrap().parse::<f64>().unwrap()
    };
    call(CALLS / 20);
    let cpu = server.cpu();
    let nanoseconds = call(CALLS);
    let used = server.cpu() - cpu;
    (CALLS as f64 / nanoseconds * 1e9, used.as_secs_f64() * 1e6 / CALLS as f64)
}

struct Server {
    child: Child,
    addr: SocketAddr,
}

impl Server {
    fn start(program: PathBuf, runtime: &str) -> Self {
        let addr = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let arguments = ["--port", &addr.port().to_string(), "--runtime", runtime];
        let child = Command::new(program).args(arguments).spawn().expect("the server");
        while TcpStream::connect(addr).is_err() {
            sleep(Duration::from_millis(20));
        }
        Self { child, addr }
    }

    /// Of all threads, those that have ended included.
    fn cpu(&self) -> Duration {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        let fields: Vec<_> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
        Duration::from_millis((fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()) * 10)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
