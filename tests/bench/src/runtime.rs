use std::{error::Error, process::ExitCode, str::FromStr};

use tokio::runtime::Builder;

/// What a server runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Runtime {
    /// One thread, as each server is pinned to one core.
    Single,
    /// tokio's multi-thread runtime, as `#[tokio::main]` makes it.
    Multi,
    /// A runtime of one thread for each core.
    PerCore,
}

impl FromStr for Runtime {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            "single" => Ok(Self::Single),
            "multi" => Ok(Self::Multi),
            "per-core" => Ok(Self::PerCore),
            _ => Err(format!("unknown runtime `{name}`; known are single, multi and per-core")),
        }
    }
}

/// Runs a server or a client on one thread, and prints what went wrong.
pub fn run<F: Future<Output = Result<(), Box<dyn Error>>>>(main: F) -> ExitCode {
    run_on(Runtime::Single, main)
}

/// Runs a server, and prints what went wrong.
pub fn run_on<F: Future<Output = Result<(), Box<dyn Error>>>>(runtime: Runtime, main: F) -> ExitCode {
    let mut builder = match runtime {
        Runtime::Single | Runtime::PerCore => Builder::new_current_thread(),
        Runtime::Multi => Builder::new_multi_thread(),
    };
    match builder.enable_all().build().map_err(Into::into).and_then(|runtime| runtime.block_on(main)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
