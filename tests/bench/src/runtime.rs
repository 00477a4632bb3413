use std::{error::Error, process::ExitCode};

/// Runs a server or a client on one thread, as each is pinned to one core, and prints what went wrong.
pub fn run<F: Future<Output = Result<(), Box<dyn Error>>>>(main: F) -> ExitCode {
    let done = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(Into::into)
        .and_then(|runtime| runtime.block_on(main));
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
