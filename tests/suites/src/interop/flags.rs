use std::{error::Error, path::PathBuf};

use lexopt::{Parser, prelude::*};
use rsgrpc::{Channel, ClientTls, Identity, ServerTls, TlsError, TrustRoots};

/// The flags of `interop-server`, as grpc-go's server has them.
#[derive(Debug, Default)]
pub struct ServerFlags {
    /// `--port`.
    pub port: u16,
    use_tls: bool,
    tls_cert_file: PathBuf,
    tls_key_file: PathBuf,
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
                Long("tls_cert_file") => flags.tls_cert_file = parser.value()?.into(),
                Long("tls_key_file") => flags.tls_key_file = parser.value()?.into(),
                other => return Err(other.unexpected().into()),
            }
        }
        Ok(flags)
    }

    /// With `--use_tls` what `--tls_cert_file` and `--tls_key_file` hold.
    ///
    /// # Errors
    /// A file that cannot be read, or does not hold what it should.
    pub fn tls(&self) -> Result<Option<ServerTls>, TlsError> {
        if !self.use_tls {
            return Ok(None);
        }
        Ok(Some(ServerTls::new(Identity::from_files(&self.tls_cert_file, &self.tls_key_file)?)))
    }
}

/// The flags of `interop-client`, as grpc-go's client has them.
#[derive(Debug)]
pub struct ClientFlags {
    server_host: String,
    server_port: u16,
    use_tls: bool,
    ca_file: PathBuf,
    server_host_override: Option<String>,
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
            ca_file: PathBuf::new(),
            server_host_override: None,
            test_case: "large_unary".to_owned(),
        };
        let mut parser = Parser::from_env();
        while let Some(flag) = parser.next()? {
            match flag {
                Long("server_host") => flags.server_host = parser.value()?.string()?,
                Long("server_port") => flags.server_port = parser.value()?.parse()?,
                Long("use_tls") => flags.use_tls = switch(&mut parser)?,
                Long("ca_file") => flags.ca_file = parser.value()?.into(),
                Long("server_host_override") => flags.server_host_override = Some(parser.value()?.string()?),
                Long("test_case") => flags.test_case = parser.value()?.string()?,
                other => return Err(other.unexpected().into()),
            }
        }
        Ok(flags)
    }

    /// A new channel to the server: with `--use_tls` over TLS, where `--ca_file` vouches for the name
    /// `--server_host_override`.
    ///
    /// # Errors
    /// The flags name no server, or no certificate.
    pub fn channel(&self) -> Result<Channel, Box<dyn Error>> {
        let scheme = if self.use_tls { "https" } else { "http" };
        let mut channel = Channel::builder(format!("{scheme}://{}:{}", self.server_host, self.server_port));
        if self.use_tls {
            let mut tls = ClientTls::new().roots(TrustRoots::from_file(&self.ca_file)?);
            if let Some(name) = &self.server_host_override {
                tls = tls.server_name(name);
            }
            channel = channel.tls(tls);
        }
        Ok(channel.build()?)
    }
}

/// `--flag`, `--flag=true` or `--flag=false`.
fn switch(parser: &mut Parser) -> Result<bool, lexopt::Error> {
    parser.optional_value().map_or(Ok(true), |value| value.parse())
}
