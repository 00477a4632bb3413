//! Runs one of gRPC's interop tests; the flags are those of grpc-go's client.

use std::{error::Error, process::ExitCode};

use rsgrpc_suites::interop::{self, ClientFlags};

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn Error>> {
    let flags = ClientFlags::parse()?;
    interop::run(&flags.test_case, || flags.channel()).await
}
