//! Servers from a file, one address a line, that is looked at every second: `watched-file FILE [CALLS]`.
//!
//! It asks the health of whichever server a call comes to, one after the other. A line may have a weight and a locality
//! behind the address, as in `10.0.0.1:50051 3 zone-a`; lines that begin with `#` mean nothing.

#![allow(clippy::print_stdout, reason = "it is a program")]

use std::{error::Error, path::PathBuf, time::Duration};

use futures_util::stream;
use rsgrpc::{
    Channel, Client, Status,
    client::channel::{Endpoint, LoadBalancing, Refresh, Resolution, Resolutions, Resolver},
    grpc::health::v1::{HealthCheckRequest, HealthClient},
};

/// Tells of the servers in a file whenever it has changed.
struct WatchedFile(PathBuf);

impl Resolver for WatchedFile {
    fn watch(&self, _: Refresh) -> Resolutions {
        let path = self.0.clone();
        Box::pin(stream::unfold((path, None), |(path, known)| async move {
            let mut now = std::fs::read_to_string(&path).map_err(|error| error.to_string());
            while known.as_ref() == Some(&now) {
                tokio::time::sleep(Duration::from_secs(1)).await;
                now = std::fs::read_to_string(&path).map_err(|error| error.to_string());
            }
            let found = now.clone().and_then(|text| endpoints(&text));
            let found = found.map(Resolution::from);
            let found = found.map_err(|why| Status::unavailable(format!("{}: {why}", path.display())));
            Some((found, (path, Some(now))))
        }))
    }
}

/// The servers in the lines of a file.
fn endpoints(text: &str) -> Result<Vec<Endpoint>, String> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| endpoint(line).ok_or_else(|| format!("{line:?} is no address with a weight and a locality")))
        .collect()
}

fn endpoint(line: &str) -> Option<Endpoint> {
    let mut words = line.split_whitespace();
    let mut endpoint = Endpoint::new(words.next()?.parse::<std::net::SocketAddr>().ok()?);
    if let Some(weight) = words.next() {
        endpoint = endpoint.weight(weight.parse().ok()?);
    }
    if let Some(locality) = words.next() {
        endpoint = endpoint.locality(locality);
    }
    Some(endpoint)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let file = arguments.next().ok_or("give a file with one address a line")?;
    let calls: u32 = arguments.next().map_or(Ok(10), |calls| calls.parse())?;
    let builder = Channel::builder("http://servers").resolver(WatchedFile(file.into()));
    let channel = builder.load_balancing(LoadBalancing::WeightedRoundRobin).build()?;
    let health = HealthClient::new(Client::from(channel.clone()));
    for _ in 0..calls {
        match health.check(HealthCheckRequest::default()).timeout(Duration::from_secs(5)).await {
            Ok(response) => println!("{}", response.get_ref().status().as_str_name()),
            Err(status) => println!("{:?}: {}", status.code(), status.message()),
        }
        for backend in channel.figures().backends {
            println!("  {} {}: {} calls", backend.name, backend.state, backend.begun);
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    Ok(())
}
