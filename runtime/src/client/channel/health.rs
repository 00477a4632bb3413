//! What a server says of its own health (gRPC's doc/health-checking.md, gRFC A17).

use std::{sync::Arc, time::Duration};

use http::Request;
use tokio::time::Instant;
use tonic::{Code, Status};

use super::backend::{Backend, WeakBackend};
use crate::{
    call::Body,
    client::{Client, Sending, Settings, Transport, reach::Patience},
    grpc::health::v1::{HealthCheckRequest, HealthClient, health_check_response::ServingStatus},
    http2::unavailable,
    method::Method,
};

/// What is known of the health of a backend.
#[derive(Debug, Clone)]
pub(super) enum Health {
    /// It has not said yet.
    Unknown,
    Good,
    /// Calls fail with this.
    Bad(Status),
}

/// The pauses before a watch is begun anew: the first, and the longest.
const BACKOFF: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(120));

/// Watches the health of a service on a backend as long as that is connected.
pub(super) async fn watch(backend: WeakBackend, service: Arc<str>) {
    let mut pause = BACKOFF.0;
    loop {
        let begin = Instant::now();
        let end = match backend.upgrade() {
            Some(on) => watch_once(&backend, HealthClient::new(pinned(on)), &service).await,
            None => return,
        };
        let Some(on) = backend.upgrade() else { return };
        match end {
            // A server that does not speak of its health is as good as its connection.
            Ended { status, .. } if status.code() == Code::Unimplemented => return on.set_health(Health::Good),
            Ended { status, heard } => {
                let why = format!("{} stopped telling its health: {}", on.endpoint(), status.message());
                on.set_health(Health::Bad(unavailable(why)));
                pause = if heard { BACKOFF.0 } else { (pause * 8 / 5).min(BACKOFF.1) };
            }
        }
        drop(on);
        tokio::time::sleep_until(begin + pause).await;
    }
}

/// How a watch ended.
struct Ended {
    status: Status,
    /// Whether the server has said anything.
    heard: bool,
}

async fn watch_once(backend: &WeakBackend, client: HealthClient, service: &str) -> Ended {
    let request = HealthCheckRequest { service: service.to_owned() };
    let mut states = match client.watch(request).await {
        Ok(response) => response.into_inner(),
        Err(status) => return Ended { status, heard: false },
    };
    let mut heard = false;
    loop {
        let says = match states.message().await {
            Ok(Some(message)) => message.status(),
            Ok(None) => return Ended { status: unavailable("it ended the stream"), heard },
            Err(status) => return Ended { status, heard },
        };
        heard = true;
        let Some(on) = backend.upgrade() else {
            return Ended { status: unavailable("the channel is gone"), heard };
        };
        on.set_health(match says {
            ServingStatus::Serving => Health::Good,
            _ => {
                let why = format!("{} says that its health is {}", on.endpoint(), says.as_str_name());
                Health::Bad(unavailable(why))
            }
        });
    }
}

fn pinned(backend: Backend) -> Client {
    Client::new(Arc::new(Pinned(backend.downgrade())), Settings::default())
}

/// One backend as a transport, whatever its health.
struct Pinned(WeakBackend);

impl Transport for Pinned {
    fn send<'a>(&'a self, request: Request<Body>, _: &'static Method, _: Patience) -> Sending<'a> {
        Box::pin(async move {
            let gone = || unavailable("the connection is gone");
            let backend = self.0.upgrade().ok_or_else(gone)?;
            let request = backend.connector().absolute(request);
            let lease = backend.room_aside().ok_or_else(gone)?;
            drop(backend);
            lease.send(request).await
        })
    }
}
