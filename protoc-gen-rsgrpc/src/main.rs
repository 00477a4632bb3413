//! The plugin's process: standard input to standard output.

use std::env;
use std::io::{self, Read, Write};
use std::process::ExitCode;

use protoc_gen_rsgrpc::{Options, run};

fn main() -> ExitCode {
    match answer() {
        Ok(output) => match io::stdout().write_all(&output) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => fail(&format!("cannot write the response: {error}")),
        },
        Err(message) => fail(&message),
    }
}

fn answer() -> Result<Vec<u8>, String> {
    let arguments: Vec<String> =
        env::args_os().skip(1).map(|argument| argument.to_string_lossy().into_owned()).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => answer_request(),
        ["--version"] => Ok(format!("protoc-gen-rsgrpc {}\n", env!("CARGO_PKG_VERSION")).into()),
        ["--help"] => Ok(help().into()),
        _ => Err(format!(
            "unexpected arguments: {}; protoc starts this plugin without any, see --help",
            arguments.join(" ")
        )),
    }
}

fn answer_request() -> Result<Vec<u8>, String> {
    let mut request = Vec::new();
    io::stdin().read_to_end(&mut request).map_err(|error| format!("cannot read the request: {error}"))?;
    run(&request).map_err(|error| error.to_string())
}

fn help() -> String {
    format!(
        "A plugin of protoc and buf: generates rsgrpc services, clients and messages.\n\n\
         usage: protoc --rsgrpc_out=DIR [--rsgrpc_opt=KEY=VALUE]... FILE.proto...\n\n\
         options:\n{}",
        Options::help()
    )
}

fn fail(message: &str) -> ExitCode {
    // Nothing more can be done if stderr is closed.
    let _ = writeln!(io::stderr(), "protoc-gen-rsgrpc: {message}");
    ExitCode::FAILURE
}
