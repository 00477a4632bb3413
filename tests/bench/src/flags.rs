use std::error::Error;

use lexopt::prelude::*;

use crate::{Runtime, Workload};

/// The flags of every server and client.
#[derive(Debug)]
pub struct Flags {
    /// Where the server listens: `--port`.
    pub port: u16,
    /// What a client does: `--workload unary|download|upload`.
    pub workload: Workload,
    /// Calls of a unary workload, messages of a stream: `--count`.
    pub count: u64,
    /// Connections of a client: `--connections`.
    pub connections: usize,
    /// Connections that tonic's client spreads the calls of one channel over, by its `balance_list`: `--balanced`.
    pub balanced: usize,
    /// Calls in flight on each connection: `--in-flight`.
    pub in_flight: usize,
    /// Bytes of a streamed message: `--size`.
    pub size: u32,
    /// Whether the producer of a stream yields after every message: `--yields`.
    pub yields: bool,
    /// Whether a server runs the interceptors of telemetry: `--telemetry`.
    pub telemetry: bool,
    /// Whether a server speaks TLS, with the certificate and key that it reads as PEM from its standard input: `--tls`.
    pub tls: bool,
    /// What a server runs on: `--runtime single|multi|per-core`.
    pub runtime: Runtime,
}

impl Flags {
    /// Reads the command line.
    ///
    /// # Errors
    /// A flag that is not known, or whose value is not what it should be.
    pub fn parse() -> Result<Self, Box<dyn Error>> {
        let mut flags = Self {
            port: 0,
            workload: Workload::Unary,
            count: 1,
            connections: 1,
            balanced: 1,
            in_flight: 1,
            size: 32,
            yields: false,
            telemetry: false,
            tls: false,
            runtime: Runtime::Single,
        };
        let mut parser = lexopt::Parser::from_env();
        while let Some(flag) = parser.next()? {
            match flag {
                Long("port") => flags.port = parser.value()?.parse()?,
                Long("workload") => flags.workload = parser.value()?.parse()?,
                Long("count") => flags.count = parser.value()?.parse()?,
                Long("connections") => flags.connections = parser.value()?.parse()?,
                Long("balanced") => flags.balanced = parser.value()?.parse()?,
                Long("in-flight") => flags.in_flight = parser.value()?.parse()?,
                Long("size") => flags.size = parser.value()?.parse()?,
                Long("yields") => flags.yields = true,
                Long("telemetry") => flags.telemetry = true,
                Long("tls") => flags.tls = true,
                Long("runtime") => flags.runtime = parser.value()?.parse()?,
                other => return Err(other.unexpected().into()),
            }
        }
        Ok(flags)
    }
}
