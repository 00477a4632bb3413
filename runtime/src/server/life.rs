//! The life of a connection: its server's, or a shorter one of its own.

use std::{
    hash::{BuildHasher, RandomState},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    sync::watch,
    time::{Instant, Sleep},
};

use super::{ConnectionLimits, listen::Phase};
use crate::{
    deadline,
    http2::{Pressing, Vitals},
    task::Rare,
};

/// How long the last frames of a connection may take once its calls were cut off.
pub(super) const LAST_WORDS: Duration = Duration::from_millis(100);

/// How often the idleness of a connection is looked for within the time that it may last, and how often at most. Nobody
/// notes when a call has ended, so a connection may be idle for longer by one such part.
const LOOKS: u32 = 8;
const NAP: Duration = Duration::from_millis(10);

/// Leads a connection through its phases, which are those of its server unless it gets too old, is idle, or its peer
/// lets it wait.
pub(super) struct Life {
    server: watch::Receiver<Phase>,
    own: watch::Sender<Phase>,
    limits: Limits,
}

#[derive(Clone, Copy)]
struct Limits {
    opening: Duration,
    idle: Duration,
    unread: Duration,
    age: Duration,
    grace: Duration,
}

impl Life {
    pub(super) fn new(server: watch::Receiver<Phase>, limits: &ConnectionLimits) -> Self {
        let ConnectionLimits { opening, idle, unread, age, age_grace: grace, .. } = *limits;
        let (own, _) = watch::channel(Phase::Serving);
        Self { server, own, limits: Limits { opening, idle, unread, age: about(age), grace } }
    }

    /// The phase of the connection.
    pub(super) fn phase(&self) -> watch::Receiver<Phase> {
        self.own.subscribe()
    }

    /// Runs until the connection must be dropped. It is to be polled after the connection and by the same task, so that
    /// it sees what became of that.
    pub(super) fn lead(self, vitals: Arc<Vitals>) -> Lead {
        Lead { course: Rare::new(Box::pin(self.course(Arc::clone(&vitals)))), vitals, seen: Pressing::default() }
    }

    async fn course(mut self, vitals: Arc<Vitals>) {
        let Limits { opening, idle, unread, age, grace } = self.limits;
        let mut watch = Watch::new(vitals, idle, opening, unread);
        let retired = tokio::select! {
            biased;
            () = Phase::reached(&mut self.server, Phase::Draining) => false,
            due = watch.due() => match due {
                Due::Overdue => return tracing::debug!("a peer let its connection wait for too long"),
                Due::Idle => true,
            },
            () = tokio::time::sleep(age) => true,
        };
        self.own.send_replace(Phase::Draining);
        // A peer that does not answer the GOAWAY has nothing more to do here.
        (watch.idle, watch.idle_from) = (opening, Instant::now());
        tokio::select! {
            biased;
            () = Phase::reached(&mut self.server, Phase::Aborting) => {}
            _ = watch.due() => return,
            () = tokio::time::sleep(grace), if retired => {}
        }
        self.own.send_replace(Phase::Aborting);
        tokio::select! {
            () = Phase::reached(&mut self.server, Phase::Closed) => {}
            () = tokio::time::sleep(LAST_WORDS), if *self.server.borrow() < Phase::Aborting => {}
        }
    }
}

/// A life that is led. A busy connection polls it after every request, and hardly ever is there anything to do: so it is
/// looked at when one of its own timers or phases has woken it, and when the peer has begun to let the connection wait.
pub(super) struct Lead {
    course: Rare<Pin<Box<dyn Future<Output = ()> + Send>>>,
    vitals: Arc<Vitals>,
    /// What the timer of the course is set for, besides idleness.
    seen: Pressing,
}

impl Future for Lead {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let pressing = self.vitals.pressing();
        let is_new = pressing.exceeds(self.seen);
        self.seen = pressing;
        self.course.poll(cx, is_new)
    }
}

/// Give or take a tenth.
fn about(age: Duration) -> Duration {
    // Not for secrets: the keys of hash maps are random enough, and at hand.
    let random = RandomState::new().hash_one(0) as f64 / u64::MAX as f64;
    age.mul_f64(0.9 + 0.2 * random)
}

/// What a connection is due for.
enum Due {
    /// It has had no call for long.
    Idle,
    /// Its peer did not complete what it began, or does not read.
    Overdue,
}

/// Watches the states of a connection that may not last. There is one timer, which is set anew when it has fired too
/// early rather than whenever a state changes.
struct Watch {
    vitals: Arc<Vitals>,
    idle: Duration,
    /// Before that, idleness does not count.
    idle_from: Instant,
    opening: Duration,
    unread: Duration,
    timer: Pin<Box<Sleep>>,
}

impl Watch {
    fn new(vitals: Arc<Vitals>, idle: Duration, opening: Duration, unread: Duration) -> Self {
        Self { vitals, idle, idle_from: Instant::now(), opening, unread, timer: Box::pin(tokio::time::sleep(opening)) }
    }

    async fn due(&mut self) -> Due {
        std::future::poll_fn(|cx| self.poll_due(cx)).await
    }

    fn poll_due(&mut self, cx: &mut Context<'_>) -> Poll<Due> {
        loop {
            let next = self.next();
            let look = Instant::now() + (self.idle / LOOKS).max(NAP);
            let at = next.as_ref().map_or(look, |(at, _)| look.min(*at));
            if at < self.timer.deadline() || self.timer.is_elapsed() {
                self.timer.as_mut().reset(at);
            }
            ready!(deadline::poll_timer(&mut self.timer, cx));
            if let Some((at, due)) = next
                && at <= Instant::now()
            {
                return Poll::Ready(due);
            }
        }
    }

    /// What comes first.
    fn next(&self) -> Option<(Instant, Due)> {
        let idle = self.vitals.quiet_since().map(|since| (since.max(self.idle_from) + self.idle, Due::Idle));
        let owing = self.vitals.owing_since().map(|since| (since + self.opening, Due::Overdue));
        let blocked = self.vitals.blocked_since().map(|since| (since + self.unread, Due::Overdue));
        [idle, owing, blocked].into_iter().flatten().min_by_key(|(at, _)| *at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_differ_by_a_tenth_either_way() {
        let ages: Vec<u64> = (0..1000).map(|_| about(Duration::from_secs(1000)).as_secs()).collect();
        let (least, most) = (ages.iter().min().copied().unwrap(), ages.iter().max().copied().unwrap());
        assert!((900..920).contains(&least) && (1080..=1100).contains(&most), "{least} to {most}");
    }
}
