//! `cargo run -p secure`: serves, makes each kind of call, and keeps serving.

#![expect(clippy::print_stdout, reason = "a command line program prints")]

use std::process::ExitCode;

use secure::{
    Error,
    app::App,
    demo,
    flags::{Flags, HELP},
    telemetry,
};

#[tokio::main]
async fn main() -> ExitCode {
    let flags = match Flags::parse(std::env::args_os().skip(1)) {
        Ok(flags) => flags,
        Err(problem) => {
            eprintln!("secure: {problem}; see --help");
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
            eprintln!("secure: {problem}");
            ExitCode::FAILURE
        }
    }
}

async fn run(flags: &Flags) -> Result<(), Error> {
    telemetry::trace()?;
    let app = App::start(&flags.folder, flags.listen).await?;
    println!("certificates and tokens: {}", flags.folder.display());
    println!("with tokens:             https://localhost:{}", app.public.port());
    println!("with certificates:       https://localhost:{}", app.internal.port());
    println!("metrics:                 http://{}/metrics", app.metrics);
    demo::run(&app, &flags.folder).await?;
    if !flags.once {
        println!("\nServing. Ctrl-C stops it.");
        tokio::signal::ctrl_c().await?;
    }
    app.stop().await
}
