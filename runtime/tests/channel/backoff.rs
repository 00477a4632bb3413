//! When attempts to connect are made (gRPC's doc/connection-backoff.md), by a clock that is paused.

use std::{sync::Arc, time::Duration};

use futures_util::stream;
use rsgrpc::{
    Channel,
    client::channel::{Address, Endpoint, LoadBalancing, Refresh, Resolution, Resolutions, Resolver},
};
use tokio::{
    sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    time::Instant,
};

/// Tells of a server that is nowhere, and notes when it could not be reached.
struct Nowhere(UnboundedSender<Instant>);

impl Resolver for Nowhere {
    fn watch(&self, refresh: Refresh) -> Resolutions {
        let failed = self.0.clone();
        Box::pin(stream::unfold((refresh, failed, true), |(refresh, failed, first)| async move {
            if !first {
                refresh.requested().await;
                let _ = failed.send(Instant::now());
            }
            let endpoint = Endpoint::new(Address::Unix("/nowhere/at/all".into()));
            Some((Ok(Resolution::from(vec![endpoint])), (refresh, failed, false)))
        }))
    }
}

/// The seconds from one failed attempt to the next.
async fn pauses(failed: &mut UnboundedReceiver<Instant>, last: &mut Instant, count: usize) -> Vec<f64> {
    let mut pauses = Vec::new();
    for _ in 0..count {
        let at = failed.recv().await.unwrap();
        pauses.push(at.duration_since(*last).as_secs_f64());
        *last = at;
    }
    pauses
}

fn assert_near(pauses: &[f64], expected: &[f64]) {
    assert_eq!(pauses.len(), expected.len());
    for (pause, expected) in pauses.iter().zip(expected) {
        // A fifth either way; timers go by milliseconds.
        assert!((pause / expected - 1.0).abs() < 0.202, "{pause} instead of {expected} in {pauses:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn attempts_follow_each_other_ever_more_seldom_until_they_are_hurried() {
    for policy in [LoadBalancing::PickFirst, LoadBalancing::RoundRobin] {
        let (sender, mut failed) = unbounded_channel();
        let builder = Channel::builder("http://service").resolver(Nowhere(sender)).load_balancing(policy);
        let channel = Arc::new(builder.idle_timeout(None).build().unwrap());
        channel.state(true);
        let mut last = failed.recv().await.unwrap();
        let grown: Vec<f64> = (0..14).map(|attempt| 1.6_f64.powi(attempt).min(120.0)).collect();
        assert_near(&pauses(&mut failed, &mut last, 14).await, &grown);

        tokio::time::sleep(Duration::from_secs(5)).await;
        channel.reset_backoff();
        let hurried = pauses(&mut failed, &mut last, 1).await[0];
        assert!((5.0..5.1).contains(&hurried), "{hurried}");
        assert_near(&pauses(&mut failed, &mut last, 3).await, &[1.0, 1.6, 2.56]);
    }
}
