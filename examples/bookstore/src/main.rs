//! `cargo run -p bookstore`: serves, makes some calls, and keeps serving.

#![expect(clippy::print_stdout, reason = "a command line program prints")]

use std::{error::Error, net::SocketAddr, path::PathBuf, process::ExitCode};

use bookstore::{demo, server};
use rsgrpc::Channel;
use tokio::{net::TcpListener, sync::oneshot};

const HELP: &str = "\
Serves the bookstore over gRPC and REST, makes some calls, and keeps serving.

Usage: bookstore [--listen ADDR] [--db PATH] [--once]

  --listen ADDR  where to serve (127.0.0.1:8080)
  --db PATH      the SQLite file that keeps the books (none: in memory)
  --once         stop after the calls
  --help         print this";

struct Flags {
    listen: SocketAddr,
    db: Option<PathBuf>,
    once: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    let flags = match parse(std::env::args().skip(1)) {
        Ok(Some(flags)) => flags,
        Ok(None) => {
            println!("{HELP}");
            return ExitCode::SUCCESS;
        }
        Err(problem) => {
            eprintln!("bookstore: {problem}");
            return ExitCode::from(2);
        }
    };
    match run(&flags).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("bookstore: {problem}");
            ExitCode::FAILURE
        }
    }
}

/// `None` if help is asked for.
fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Option<Flags>, String> {
    let mut flags = Flags { listen: SocketAddr::from(([127, 0, 0, 1], 8080)), db: None, once: false };
    while let Some(flag) = arguments.next() {
        let mut value = || arguments.next().ok_or(format!("{flag} needs a value"));
        match flag.as_str() {
            "--listen" => {
                let address = value()?;
                let wanted = "an address and a port such as 127.0.0.1:8080";
                flags.listen = address.parse().map_err(|_| format!("--listen takes {wanted}, not `{address}`"))?;
            }
            "--db" => flags.db = Some(value()?.into()),
            "--once" => flags.once = true,
            "--help" => return Ok(None),
            _ => return Err(format!("unknown argument `{flag}`; see --help")),
        }
    }
    Ok(Some(flags))
}

async fn run(flags: &Flags) -> Result<(), Box<dyn Error>> {
    let server = server(flags.db.as_deref()).map_err(|error| format!("cannot open the database: {error}"))?;
    let listener = TcpListener::bind(flags.listen)
        .await
        .map_err(|error| format!("cannot listen on {}: {error}; choose another address by --listen", flags.listen))?;
    let address = listener.local_addr()?;
    let (stop, stopped) = oneshot::channel::<()>();
    let serving =
        tokio::spawn(async move { server.serve_with_shutdown(listener, async { drop(stopped.await) }).await });
    println!("Serving on {address}.");

    let local = SocketAddr::from(([127, 0, 0, 1], address.port()));
    demo::run(Channel::connect(format!("http://{local}"))?, local).await?;

    if !flags.once {
        println!("\nServing on {address}. Ctrl-C stops it.");
        tokio::signal::ctrl_c().await?;
    }
    drop(stop);
    serving.await??;
    Ok(())
}
