//! `cargo run -p web-chat`: serves the page and the chat.

#![expect(clippy::print_stdout, reason = "a command line program prints")]

use std::error::Error;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use tokio::net::TcpListener;
use web_chat::{Room, app};

const HELP: &str = "\
Serves a chat, and the web page for it.

Usage: web-chat [--listen ADDR] [--web DIR] [--allow-origin ORIGIN]...

  --listen ADDR          where to serve (127.0.0.1:8080)
  --web DIR              the folder of the page (web, beside the sources)
  --allow-origin ORIGIN  pages from there may chat, too, such as https://chat.example
  --help                 print this";

struct Flags {
    listen: SocketAddr,
    web: PathBuf,
    origins: Vec<String>,
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
            eprintln!("web-chat: {problem}");
            return ExitCode::from(2);
        }
    };
    match run(&flags).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("web-chat: {problem}");
            ExitCode::FAILURE
        }
    }
}

/// `None` if help is asked for.
fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Option<Flags>, String> {
    let web = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/web"));
    let mut flags = Flags { listen: SocketAddr::from(([127, 0, 0, 1], 8080)), web, origins: Vec::new() };
    while let Some(flag) = arguments.next() {
        let mut value = || arguments.next().ok_or(format!("{flag} needs a value"));
        match flag.as_str() {
            "--listen" => {
                let address = value()?;
                let wanted = "an address and a port such as 127.0.0.1:8080";
                flags.listen = address.parse().map_err(|_| format!("--listen takes {wanted}, not `{address}`"))?;
            }
            "--web" => flags.web = value()?.into(),
            "--allow-origin" => flags.origins.push(value()?),
            "--help" => return Ok(None),
            _ => return Err(format!("unknown argument `{flag}`; see --help")),
        }
    }
    Ok(Some(flags))
}

async fn run(flags: &Flags) -> Result<(), Box<dyn Error>> {
    let room = Arc::new(Room::default());
    let app = app(&room, &flags.web, &flags.origins)?;
    let listener = TcpListener::bind(flags.listen)
        .await
        .map_err(|error| format!("cannot listen on {}: {error}; choose another address by --listen", flags.listen))?;
    println!("Open http://{}/ in a browser. Ctrl-C stops the server.", listener.local_addr()?);
    let stopped = async move {
        if let Err(error) = tokio::signal::ctrl_c().await {
            eprintln!("web-chat: cannot wait for Ctrl-C: {error}");
        }
        room.close();
    };
    Ok(axum::serve(listener, app).with_graceful_shutdown(stopped).await?)
}
