//! What the operator of the server reads.

use std::{
    fmt,
    sync::{Arc, Mutex},
    time::Duration,
};

use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
    subscriber::DefaultGuard,
};
use tracing_subscriber::{
    layer::{Context, Layer, SubscriberExt},
    registry,
};

/// The messages of events, in order.
#[derive(Debug, Clone, Default)]
pub struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    /// Listens to this thread.
    pub fn listen(&self) -> DefaultGuard {
        tracing::subscriber::set_default(registry().with(self.clone()))
    }

    /// Why the next handshake failed. It may be a moment until that is written.
    pub async fn failed_handshake(&self) -> String {
        for _ in 0..500 {
            for line in self.0.lock().unwrap().drain(..) {
                if let Some(why) = line.strip_prefix("a TLS handshake failed: ") {
                    return why.to_owned();
                }
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        "nothing".to_owned()
    }
}

impl<S: Subscriber> Layer<S> for Log {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        event.record(&mut Message(self));
    }
}

struct Message<'a>(&'a Log);

impl Visit for Message<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            self.0.0.lock().unwrap().push(format!("{value:?}"));
        }
    }
}
