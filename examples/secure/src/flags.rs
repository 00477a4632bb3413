//! The command line.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;

use lexopt::{Arg, Parser, ValueExt};

/// What `--help` prints.
pub const HELP: &str = "\
Serves accounts behind TLS, makes each kind of call, and keeps serving.

Usage: secure [--listen ADDR] [--folder DIR] [--once]

  --listen ADDR  where to serve (127.0.0.1:50443); the two ports above it are for mutual TLS and for metrics
  --folder DIR   where to put the certificates and tokens (secure-example in the folder for temporary files)
  --once         stop after the calls; listens on free ports unless told where
  --help         print this";

/// The flags of the program.
#[derive(Debug, PartialEq, Eq)]
pub struct Flags {
    /// Where to serve.
    pub listen: SocketAddr,
    /// Where the certificates and tokens are.
    pub folder: PathBuf,
    /// Stop after the calls.
    pub once: bool,
    /// Print the help instead of serving.
    pub help: bool,
}

impl Flags {
    /// Reads the arguments that follow the name of the program.
    ///
    /// # Errors
    ///
    /// What is wrong with them.
    pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Self, lexopt::Error> {
        let (mut listen, mut folder, mut once, mut help) = (None, None, false, false);
        let mut parser = Parser::from_args(arguments);
        while let Some(argument) = parser.next()? {
            match argument {
                Arg::Long("listen") => listen = Some(parser.value()?.parse()?),
                Arg::Long("folder") => folder = Some(parser.value()?.into()),
                Arg::Long("once") => once = true,
                Arg::Long("help") => help = true,
                _ => return Err(argument.unexpected()),
            }
        }
        let port = if once { 0 } else { 50443 };
        Ok(Self {
            listen: listen.unwrap_or(SocketAddr::from(([127, 0, 0, 1], port))),
            folder: folder.unwrap_or_else(|| std::env::temp_dir().join("secure-example")),
            once,
            help,
        })
    }
}
