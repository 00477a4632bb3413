//! Makes the calls of the conformance suite of Connect: reads them from standard input, says on standard output what came
//! back.

use std::{error::Error, io};

use rsgrpc_suites::conformance::{self, proto::ClientCompatRequest};
use tokio::{sync::mpsc, task::JoinSet};

/// Calls at a time. Each makes a connection of its own, and of those with TLS a busy machine does not open hundreds within
/// the two seconds that some cases give their calls.
const AT_ONCE: usize = 8;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let (send, mut requests) = mpsc::channel::<ClientCompatRequest>(1);
    let reader = std::thread::spawn(move || -> io::Result<()> {
        let mut input = io::stdin().lock();
        while let Some(request) = conformance::read(&mut input)? {
            if send.blocking_send(request).is_err() {
                break;
            }
        }
        Ok(())
    });
    let mut calls = JoinSet::new();
    loop {
        tokio::select! {
            Some(request) = requests.recv(), if calls.len() < AT_ONCE => drop(calls.spawn(conformance::call(request))),
            Some(response) = calls.join_next() => conformance::write(&mut io::stdout().lock(), &response?)?,
            else => break,
        }
    }
    reader.join().map_err(|_| "the reader of the input panicked")??;
    Ok(())
}
