//! What a caller says must not become lines, or colours, of a log.

use std::{
    fmt,
    sync::{Arc, Mutex},
};

use rsgrpc::interceptors::{AccessLog, RequestId};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

use crate::{
    attacker::{Attacker, END_HEADERS, END_STREAM, HEADERS, fields, frame},
    support::Bulk,
    target::{Target, builder},
};

/// The fields of all events of this crate, as a subscriber may print them.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl<S: Subscriber> Layer<S> for Log {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if event.metadata().target().starts_with("rsgrpc") {
            event.record(&mut Fields(self));
        }
    }
}

struct Fields<'a>(&'a Log);

impl Visit for Fields<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.0.lock().unwrap().push(format!("{}={value}", field.name()));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.0.lock().unwrap().push(format!("{}={value:?}", field.name()));
    }
}

const HOSTILE: [&str; 6] =
    ["a\r\nERROR forged", "a\nERROR forged", "\u{1b}[31mred", "a%0d%0aERROR forged", "%1b[2J", "a\u{85}\u{2028}forged"];

fn builder_with_log() -> rsgrpc::ServerBuilder {
    builder().add_service(Bulk).interceptor(RequestId).interceptor(AccessLog)
}

/// By raw HTTP/2, in the path, in metadata and as the request id.
#[tokio::test]
async fn nothing_is_forged() {
    let log = Log::default();
    let _guard = tracing::subscriber::set_default(tracing_subscriber::registry().with(log.clone()));
    let target = Target::of(builder_with_log()).await;
    for text in HOSTILE {
        let path = format!("/test.Echo/{text}");
        let head = |path: &str, name: &str| {
            fields(&[
                (":method", "POST"),
                (":scheme", "http"),
                (":authority", "test"),
                (":path", path),
                ("content-type", "application/grpc"),
                (name, text),
            ])
        };
        for head in
            [head(&path, "x"), head("/test.Echo/Unary", "x-request-id"), head("/test.Echo/Unary", "grpc-timeout")]
        {
            let mut attacker = Attacker::connect(target.addr).await;
            let stream = attacker.stream();
            attacker.send(&frame(HEADERS, END_HEADERS | END_STREAM, stream, &head)).await;
            // Refused as a stream or as a connection, or answered.
            attacker.until("an end", |seen| seen.is_over() || seen.ended + seen.resets.len() > 0).await;
        }
        // As the first bytes of a connection, and by HTTP/1.1.
        for first in [text.to_owned(), format!("GET /{text} HTTP/1.1\r\nhost: {text}\r\nx-request-id: {text}\r\n\r\n")]
        {
            let mut socket = tokio::net::TcpStream::connect(target.addr).await.unwrap();
            socket.write_all(first.as_bytes()).await.unwrap();
            socket.shutdown().await.unwrap();
            let _ = socket.read_to_end(&mut Vec::new()).await;
        }
    }
    target.finish().await;
    let lines = log.0.lock().unwrap();
    assert!(lines.iter().any(|line| line.starts_with("method=test.Echo/Unary")), "nothing was logged: {lines:?}");
    let forged: Vec<_> = lines.iter().filter(|line| line.chars().any(|c| c.is_control() || c == '\u{2028}')).collect();
    assert!(forged.is_empty(), "{forged:?}");
}
