//! The command line.

use std::ffi::{OsStr, OsString};
use std::net::SocketAddr;
use std::path::PathBuf;

/// What `--help` prints.
pub const HELP: &str = "\
Serves the example services, makes every kind of call, and keeps serving.

Usage: user-service [--listen ADDR] [--db PATH] [--once]

  --listen ADDR  where to serve (127.0.0.1:50051)
  --db PATH      the SQLite file that keeps the users (none: in memory)
  --once         stop after the calls
  -h, --help     print this";

/// The flags of the program.
#[derive(Debug, PartialEq, Eq)]
pub struct Flags {
    /// Where to serve.
    pub listen: SocketAddr,
    /// The file that keeps the users; in memory without one.
    pub db: Option<PathBuf>,
    /// Stop after the calls.
    pub once: bool,
    /// Print the help instead of serving.
    pub help: bool,
}

impl Flags {
    /// Reads the arguments that follow the name of the program: `--flag value` or `--flag=value`.
    ///
    /// # Errors
    ///
    /// What is wrong and what was expected.
    pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Self, String> {
        let mut flags = Self { listen: SocketAddr::from(([127, 0, 0, 1], 50051)), db: None, once: false, help: false };
        let mut arguments = arguments.into_iter();
        while let Some(argument) = arguments.next() {
            let text = argument.to_str().ok_or_else(|| not_utf8(&argument))?;
            let (flag, value) = text.split_once('=').map_or((text, None), |(flag, value)| (flag, Some(value)));
            let mut wanted =
                || value.map(OsString::from).or_else(|| arguments.next()).ok_or(format!("{flag} needs a value"));
            match flag {
                "--listen" => flags.listen = address(&wanted()?.to_string_lossy())?,
                "--db" => flags.db = Some(file(wanted()?)?),
                "--once" | "--help" | "-h" if value.is_some() => return Err(format!("{flag} takes no value")),
                "--once" => flags.once = true,
                "--help" | "-h" => flags.help = true,
                _ => return Err(format!("unknown argument `{text}`; see --help")),
            }
        }
        Ok(flags)
    }
}

/// Only a value of its own may be a path that is not UTF-8.
fn not_utf8(argument: &OsStr) -> String {
    format!("`{}` is not UTF-8; give a path that is not by a space: --db PATH", argument.display())
}

fn file(name: OsString) -> Result<PathBuf, String> {
    if name.is_empty() { Err("--db takes the path of a file, not ``".to_owned()) } else { Ok(name.into()) }
}

fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| format!("--listen takes an address and a port such as 127.0.0.1:50051, not `{text}`"))
}
