//! Runs the checks of rsgrpc's client against a server: `peer-client http://127.0.0.1:PORT`.

use std::process::ExitCode;

use rsgrpc_peers::checks;

#[tokio::main]
async fn main() -> ExitCode {
    let Some(address) = std::env::args().nth(1) else {
        eprintln!("usage: peer-client http://127.0.0.1:PORT");
        return ExitCode::from(2);
    };
    match checks::run(&address, checks::Trailers::Full).await {
        Ok(failures) if failures.is_empty() => ExitCode::SUCCESS,
        Ok(failures) => {
            eprintln!("{}", failures.join("\n"));
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
