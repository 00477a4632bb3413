//! Servers by DNS.

use std::{
    future::Future,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use futures_util::stream;
use tokio::time::Instant;
use tonic::Status;

use super::{
    Refresh, Resolution, Resolutions, Resolver,
    lookup::{Found, Lookup},
};
use crate::{
    client::{
        channel::{Address, Endpoint},
        reach::Unprocessed,
    },
    http2::unavailable,
};

/// All addresses of a host, and what its service asks of clients, if that is asked for. It is looked up again when a
/// server is gone and when its addresses are no longer good, but not more often than every [`PAUSE`].
#[derive(Debug, Clone)]
pub(in super::super) struct Dns {
    host: Arc<str>,
    port: u16,
    lookup: Arc<Lookup>,
    #[cfg(feature = "dns")]
    texts: Option<super::Texts>,
}

/// What gRPC's implementations leave between two look-ups.
const PAUSE: Duration = Duration::from_secs(30);
/// The pauses after look-ups that failed: the first, and the longest.
const BACKOFF: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(120));

impl Dns {
    /// Of this host, by this DNS server or by those of the system.
    pub(in super::super) fn new(host: &str, port: u16, server: Option<SocketAddr>) -> Self {
        Self {
            host: host.into(),
            port,
            lookup: Arc::new(Lookup::new(server)),
            #[cfg(feature = "dns")]
            texts: None,
        }
    }

    /// Looks the service config up, too.
    #[cfg(feature = "dns")]
    pub(in super::super) fn with_service_config(mut self) -> Self {
        self.texts = Some(super::Texts::new(&self.host));
        self
    }

    #[cfg(feature = "dns")]
    async fn resolution(&self, addresses: Vec<IpAddr>) -> Resolution {
        let mut resolution = Resolution::from(self.endpoints(addresses));
        if let Some(texts) = &self.texts {
            resolution.service_config = texts.service_config(&self.lookup).await;
        }
        resolution
    }

    /// The system tells of addresses only.
    #[cfg(not(feature = "dns"))]
    async fn resolution(&self, addresses: Vec<IpAddr>) -> Resolution {
        Resolution::from(self.endpoints(addresses))
    }

    fn endpoints(&self, addresses: Vec<IpAddr>) -> Vec<Endpoint> {
        let name: Arc<str> = Address::Host(self.host.to_string(), self.port).to_string().into();
        let endpoint = |ip| Endpoint::new(SocketAddr::new(ip, self.port)).name(Arc::clone(&name));
        addresses.into_iter().map(endpoint).collect()
    }

    fn failed(&self, why: &str) -> Status {
        Unprocessed::Unsent.mark(unavailable(format!("cannot find {}: {why}", self.host)))
    }
}

impl Resolver for Dns {
    fn watch(&self, refresh: Refresh) -> Resolutions {
        let dns = self.clone();
        let looks = Looks { refresh, next: None };
        Box::pin(stream::unfold((dns, looks), |(dns, mut looks)| async move {
            let found = looks.look(|| dns.lookup.addresses(&dns.host)).await;
            let found = match found {
                Ok(addresses) => Ok(dns.resolution(addresses).await),
                Err(why) => Err(dns.failed(&why)),
            };
            Some((found, (dns, looks)))
        }))
    }
}

/// One look-up after the other.
struct Looks {
    refresh: Refresh,
    next: Option<Next>,
}

/// When the next look-up is due.
enum Next {
    /// When somebody asks or the addresses are no longer good, but not before the pause has passed.
    News { at: Instant, good: Option<Duration> },
    /// After this pause, since the last one failed.
    Again(Duration),
}

impl Looks {
    async fn look<F>(&mut self, lookup: impl FnOnce() -> F) -> Result<Vec<IpAddr>, String>
    where
        F: Future<Output = Result<Found, String>>,
    {
        match &self.next {
            None => {}
            Some(Next::Again(pause)) => tokio::time::sleep(*pause).await,
            Some(Next::News { at, good }) => {
                let stale = async {
                    match good {
                        Some(good) => tokio::time::sleep_until(*at + *good).await,
                        None => std::future::pending().await,
                    }
                };
                tokio::select! {
                    () = self.refresh.requested() => {}
                    () = stale => {}
                }
                tokio::time::sleep_until(*at + PAUSE).await;
            }
        }
        match lookup().await {
            Ok((addresses, good)) => {
                self.next = Some(Next::News { at: Instant::now(), good });
                Ok(addresses)
            }
            Err(why) => {
                let pause = match self.next {
                    Some(Next::Again(pause)) => (pause * 8 / 5).min(BACKOFF.1),
                    _ => BACKOFF.0,
                };
                self.next = Some(Next::Again(pause));
                Err(why)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn look(looks: &mut Looks, answer: Result<Option<u64>, ()>) -> u64 {
        let begin = Instant::now();
        let answer = answer.map(|good| (Vec::new(), good.map(Duration::from_secs))).map_err(|()| String::new());
        let _ = looks.look(|| std::future::ready(answer)).await;
        begin.elapsed().as_secs()
    }

    #[tokio::test(start_paused = true)]
    async fn look_ups_follow_need_and_keep_their_distance() {
        let refresh = Arc::new(tokio::sync::Notify::new());
        let mut looks = Looks { refresh: Refresh(Arc::clone(&refresh)), next: None };
        assert_eq!(look(&mut looks, Ok(None)).await, 0);
        // Asked for at once, it still comes after the pause.
        refresh.notify_one();
        assert_eq!(look(&mut looks, Ok(Some(5))).await, 30);
        // Addresses that are good for less than the pause, and for longer.
        assert_eq!(look(&mut looks, Ok(Some(300))).await, 30);
        assert_eq!(look(&mut looks, Ok(None)).await, 300);
        // Nobody asks.
        let nobody = tokio::time::timeout(Duration::from_secs(100_000), look(&mut looks, Ok(None))).await;
        assert!(nobody.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn failed_look_ups_are_repeated_ever_more_seldom() {
        let mut looks = Looks { refresh: Refresh(Arc::default()), next: None };
        let mut pauses = Vec::new();
        for _ in 0..14 {
            pauses.push(look(&mut looks, Err(())).await);
        }
        assert_eq!(pauses, [0, 1, 1, 2, 4, 6, 10, 16, 26, 42, 68, 109, 120, 120]);
        assert_eq!(look(&mut looks, Ok(None)).await, 120);
    }
}
