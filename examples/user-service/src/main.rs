//! `cargo run -p user-service`: serves, makes every kind of call, and keeps serving.

use std::error::Error;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitCode;

use rsgrpc::Channel;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use user_service::flags::{Flags, HELP};
use user_service::{App, demo, say};

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
        say!("{HELP}");
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
    say!("Serving on {address}.");

    demo::run(Channel::connect(format!("http://{}", reachable(address)))?).await?;

    if !flags.once {
        // Whoever reads the line may press Ctrl-C at once, so waiting for it comes first.
        let announced = async { say!("\nServing on {address}. Ctrl-C stops it.") };
        let (asked, ()) = tokio::join!(biased; asked_to_stop(), announced);
        asked?;
    }
    app.close();
    drop(stop);
    serving.await??;
    Ok(())
}

/// Waits for Ctrl-C, or for SIGTERM, with which containers and services are stopped.
#[cfg(unix)]
async fn asked_to_stop() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminated = signal(SignalKind::terminate())?;
    tokio::select! {
        pressed = tokio::signal::ctrl_c() => pressed,
        _ = terminated.recv() => Ok(()),
    }
}

#[cfg(not(unix))]
async fn asked_to_stop() -> std::io::Result<()> {
    tokio::signal::ctrl_c().await
}

/// Where this machine reaches a server that listens on all addresses.
fn reachable(address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() { SocketAddr::from((Ipv4Addr::LOCALHOST, address.port())) } else { address }
}
