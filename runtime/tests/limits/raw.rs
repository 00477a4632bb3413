//! A peer that sends what it is told when it is told, and what the server did, second by second.

use std::time::Duration;

use rsgrpc::Server;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream},
    time::Instant,
};

use crate::{
    attacker::{DATA, END_STREAM, GOAWAY, HEADERS, PREFACE, RST_STREAM},
    served::SECOND,
};

pub enum Step {
    Send(Vec<u8>),
    Wait(Duration),
}

/// A connection in memory, of which the time is tokio's.
pub fn connect(server: Server) -> DuplexStream {
    let (ours, theirs) = tokio::io::duplex(1 << 16);
    tokio::spawn(async move { server.serve_connection(theirs).await });
    ours
}

/// What the server does up to this second: answers, resets, GOAWAY and the end of the connection.
pub async fn events(server: &Server, steps: Vec<Step>, last: u64) -> Vec<String> {
    let (mut read, mut write) = tokio::io::split(connect(server.clone()));
    let http2 = !steps.iter().any(|step| matches!(step, Step::Send(bytes) if is_http1(bytes)));
    let began = Instant::now();
    let sending = tokio::spawn(async move {
        for step in steps {
            match step {
                // The server may have closed it.
                Step::Send(bytes) => drop(write.write_all(&bytes).await),
                Step::Wait(pause) => tokio::time::sleep(pause).await,
            }
        }
        std::future::pending::<()>().await;
        drop(write);
    });
    let mut seen = Vec::new();
    let reading = async {
        loop {
            let event = if http2 { frame(&mut read).await } else { line(&mut read).await };
            let is_over = event.is_none();
            let event = event.unwrap_or_else(|| "closed".to_owned());
            if !event.is_empty() {
                seen.push(format!("{} s: {event}", began.elapsed().as_secs()));
            }
            if is_over {
                return;
            }
        }
    };
    let _ = tokio::time::timeout(Duration::from_secs(last) + SECOND / 2, reading).await;
    sending.abort();
    seen
}

/// When a peer that reads nothing is closed, in seconds, as its further bytes tell.
pub async fn closed_unread(server: Server, first: &[u8], nudge: &[u8]) -> u64 {
    let mut peer = connect(server);
    peer.write_all(first).await.unwrap();
    let began = Instant::now();
    while peer.write_all(nudge).await.is_ok() {
        tokio::time::sleep(SECOND / 10).await;
    }
    began.elapsed().as_secs()
}

fn is_http1(bytes: &[u8]) -> bool {
    bytes.first().is_some_and(u8::is_ascii_uppercase) && !PREFACE.starts_with(&bytes[..bytes.len().min(4)])
}

/// The next frame, as far as it counts; `None` at the end.
async fn frame(read: &mut (impl AsyncReadExt + Unpin)) -> Option<String> {
    let mut head = [0; 9];
    read.read_exact(&mut head).await.ok()?;
    let [a, b, c, kind, flags, stream @ ..] = head;
    let mut payload = vec![0; u32::from_be_bytes([0, a, b, c]) as usize];
    read.read_exact(&mut payload).await.ok()?;
    let stream = u32::from_be_bytes(stream);
    let word = |at: usize| u32::from_be_bytes(payload[at..at + 4].try_into().unwrap());
    Some(match kind {
        DATA | HEADERS if flags & END_STREAM != 0 => format!("{stream} ended"),
        RST_STREAM => format!("{stream} reset by {}", word(0)),
        GOAWAY => format!("GOAWAY {}", word(4)),
        _ => String::new(),
    })
}

/// The next line, as far as it has a status.
async fn line(read: &mut (impl AsyncReadExt + Unpin)) -> Option<String> {
    let mut line = Vec::new();
    while line.last() != Some(&b'\n') {
        line.push(read.read_u8().await.ok()?);
    }
    let text = String::from_utf8_lossy(&line);
    // Nothing ends a body but its length.
    Some(text.find("HTTP/1.1 ").map(|at| text[at..at + 12].to_owned()).unwrap_or_default())
}
