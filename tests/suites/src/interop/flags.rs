use std::{error::Error, path::PathBuf};

use lexopt::{Parser, prelude::*};

/// The flags of `interop-server`, as grpc-go's server has them.
#[derive(Debug, Default)]
pub struct ServerFlags {
    /// `--port`.
    pub port: u16,
    /// `--use_tls`.
    pub use_tls: bool,
    /// `--tls_cert_file`: the certificate chain, PEM.
    pub tls_cert_file: Option<PathBuf>,
    /// `--tls_key_file`: the private key, PEM.
    pub tls_key_file: Option<PathBuf>,
}

impl ServerFlags {
    /// Reads the command line.
    ///
    /// # Errors
    /// A flag that is not known, or whose value is not what it should be.
    pub fn parse() -> Result<Self, Box<dyn Error>> {
        let mut flags = Self { port: 10_000, ..Self::default() };
        let mut parser = Parser::from_env();
        while let Some(flag) = parser.next()? {
            match flag {
                Long("port") => flags.port = parser.value()?.parse()?,
                Long("use_tls") => flags.use_tls = switch(&mut parser)?,
                Long("tls_cert_file") => flags.tls_cert_file = Some(parser.value()?.into()),
                Long("tls_key_file") => flags.tls_key_file = Some(parser.value()?.into()),
                other => return Err(other.unexpected().into()),
            }
        }
        Ok(flags)
    }
}

/// The flags of `interop-client`, as grpc-go's client has them.
#[derive(Debug)]
pub struct ClientFlags {
    /// `--server_host`.
    pub server_host: String,
    /// `--server_port`.
    pub server_port: u16,
    /// `--use_tls`.
    pub use_tls: bool,
    /// `--ca_file`: the certificate that signed the server's, PEM.
    pub ca_file: Option<PathBuf>,
    /// `--server_host_override`: the name the server's certificate has to bear.
    pub server_host_override: Option<String>,
    /// `--test_case`.
    pub test_case: String,
}

impl ClientFlags {
    /// Reads the command line.
    ///
    /// # Errors
    /// A flag that is not known, or whose value is not what it should be.
    pub fn parse() -> Result<Self, Box<dyn Error>> {
        let mut flags = Self {
            server_host: "localhost".to_owned(),
            server_port: 10_000,
            use_tls: false,
            ca_file: None,
            server_host_override: None,
            test_case: "large_unary".to_owned(),
        };
        let mut parser = Parser::from_env();
        while let Some(flag) = parser.next()? {
            match flag {
                Long("server_host") => flags.server_host = parser.value()?.string()?,
                Long("server_port") => flags.server_port = parser.value()?.parse()?,
                Long("use_tls") => flags.use_tls = switch(&mut parser)?,
                Long("ca_file") => flags.ca_file = Some(parser.value()?.into()),
                Long("server_host_override") => flags.server_host_override = Some(parser.value()?.string()?),
                Long("test_case") => flags.test_case = parser.value()?.string()?,
                other => return Err(other.unexpected().into()),
            }
        }
        Ok(flags)
    }

    /// Where to connect to.
    pub fn target(&self) -> String {
        let scheme = if self.use_tls { "https" } else { "http" };
        format!("{scheme}://{}:{}", self.server_host, self.server_port)
    }
}

/// `--flag`, `--flag=true` or `--flag=false`.
fn switch(parser: &mut Parser) -> Result<bool, lexopt::Error> {
    parser.optional_value().map_or(Ok(true), |value| value.parse())
}
