//! `cargo run -p user-service`: serves, calls every method once, and keeps serving.

#![expect(clippy::print_stdout, reason = "a command line program prints")]

use std::error::Error;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitCode;

use rsgrpc::Channel;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use user_service::flags::{Flags, HELP};
use user_service::{App, demo};

#[tokio::main]
async fn main() -> ExitCode {
    let flags = match Flags::parse(std::env::args_os().skip(1)) {
        Ok(flags) => flags,
        Err(problem) => {
            eprintln!("user-service: {problem}");
            return ExitCode::from(2);
        }
    };
    if flags.help {
        println!("{HELP}");
        return ExitCode::SUCCESS;
    }
    match run(&flags).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("user-service: {problem}");
            ExitCode::FAILURE
        }
    }
}

async fn run(flags: &Flags) -> Result<(), Box<dyn Error>> {
    let app = App::open(flags.db.as_deref()).map_err(|error| format!("cannot open the database: {error}"))?;
    let server = app.server()?;
    let listener = TcpListener::bind(flags.listen)
        .await
        .map_err(|error| format!("cannot listen on {}: {error}; choose another address by --listen", flags.listen))?;
    let address = listener.local_addr()?;
    let (stop, stopped) = oneshot::channel::<()>();
    let serving =
        tokio::spawn(async move { server.serve_with_shutdown(listener, async { drop(stopped.await) }).await });
    println!("Serving on {address}.");

    demo::run(Channel::connect(format!("http://{}", reachable(address)))?).await?;

    if !flags.once {
        // Whoever reads the line may press Ctrl-C at once, so waiting for it comes first.
        let announced = async { println!("\nServing on {address}. Ctrl-C stops it.") };
        let (pressed, ()) = tokio::join!(biased; tokio::signal::ctrl_c(), announced);
        pressed?;
    }
    app.close();
    drop(stop);
    serving.await??;
    Ok(())
}

/// Where this machine reaches a server that listens on all addresses.
fn reachable(address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() { SocketAddr::from((Ipv4Addr::LOCALHOST, address.port())) } else { address }
}
