//! The life of a connection: its server's, or a shorter one of its own.

use std::{
    hash::{BuildHasher, RandomState},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::time::{Instant, Sleep};

use super::{
    Core,
    phase::{Lead, Phase, Phases},
};
use crate::{
    deadline::{LONGEST, poll_timer},
    http2::{Pressing, Pulse, Vitals},
    task::Rare,
};

/// How long the last frames of a connection may take once its calls were cut off. With what timers and the end itself
/// take, a tenth of a second.
pub(super) const LAST_WORDS: Duration = Duration::from_millis(90);

/// How often the idleness of a connection is looked for within the time that it may last, and how often at most. Nobody
/// notes when a call has ended, so a connection may be idle for longer by one such part.
const LOOKS: u32 = 8;
const NAP: Duration = Duration::from_millis(10);

/// Runs until its connection must be dropped, and leads that through its phases. It is to be polled after the connection
/// and by the same task, so that it sees what became of that. A busy connection polls it after every request, and hardly
/// ever is there anything to do: so it is looked at when one of its own timers or phases has woken it, and when the peer
/// has begun to let the connection wait or has worn it out.
pub(super) struct Life {
    course: Rare<Course>,
    /// What the peer had done to the connection when the course was last looked at.
    seen: Pressing,
}

impl Life {
    /// That of a connection whose peer is asked by this whether it lives. It has the phases of its server, unless it gets
    /// too old, is idle or worn out, or its peer lets it wait.
    pub(super) fn new(core: &Arc<Core>, server: Phases, vitals: &Arc<Vitals>, pulse: Option<Pulse>) -> (Self, Phases) {
        let own = Lead::new();
        let phases = own.phases();
        let now = Instant::now();
        let limits = &core.connection_limits;
        let course = Course {
            core: Arc::clone(core),
            next: Box::pin(server.clone().into_until(Phase::Draining)),
            server,
            own,
            phase: Phase::Serving,
            until: Some(now + about(limits.age)),
            vitals: Arc::clone(vitals),
            idle_from: now,
            pulse,
            timer: Box::pin(tokio::time::sleep(limits.opening)),
        };
        (Self { course: Rare::new(course), seen: Pressing::default() }, phases)
    }
}

impl Future for Life {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let pressing = self.course.get().vitals.pressing();
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

struct Course {
    core: Arc<Core>,
    server: Phases,
    own: Lead,
    phase: Phase,
    /// The server has reached the next phase.
    next: Pin<Box<dyn Future<Output = ()> + Send>>,
    /// When this one is over by itself.
    until: Option<Instant>,
    vitals: Arc<Vitals>,
    /// Before that, idleness does not count.
    idle_from: Instant,
    pulse: Option<Pulse>,
    /// There is one timer, which is set anew when it has fired too early rather than whenever a state changes.
    timer: Pin<Box<Sleep>>,
}

/// What a connection is due for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Due {
    /// The next of its phases.
    Next,
    /// It has had no call for long.
    Idle,
    /// Its peer did not complete what it began, does not read, or is dead.
    Overdue,
}

impl Future for Course {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            let by_server = self.next.as_mut().poll(cx).is_ready();
            let due = if by_server { Due::Next } else { ready!(self.poll_due(cx)) };
            match (self.phase, due) {
                (Phase::Serving, Due::Next | Due::Idle) => self.drain(by_server),
                (Phase::Draining, Due::Next) => self.abort(),
                (Phase::Serving | Phase::Draining, Due::Overdue) => {
                    tracing::debug!("a peer let its connection wait for too long");
                    return Poll::Ready(());
                }
                _ => return Poll::Ready(()),
            }
        }
    }
}

impl Course {
    fn drain(&mut self, by_server: bool) {
        let now = Instant::now();
        // A peer that does not answer the GOAWAY has nothing more to do here.
        self.idle_from = now;
        let until = (!by_server).then(|| now + self.core.connection_limits.age_grace);
        self.enter(Phase::Draining, Phase::Aborting, until);
    }

    fn abort(&mut self) {
        let is_alone = !self.server.reached(Phase::Aborting);
        self.enter(Phase::Aborting, Phase::Closed, is_alone.then(|| Instant::now() + LAST_WORDS));
    }

    fn enter(&mut self, phase: Phase, next: Phase, until: Option<Instant>) {
        self.own.reach(phase);
        (self.phase, self.until) = (phase, until);
        self.next = Box::pin(self.server.clone().into_until(next));
    }

    fn poll_due(&mut self, cx: &mut Context<'_>) -> Poll<Due> {
        loop {
            let Some((at, due)) = self.first(cx) else {
                return Poll::Ready(Due::Overdue);
            };
            if at <= Instant::now()
                && let Some(due) = due
            {
                return Poll::Ready(due);
            }
            if at < self.timer.deadline() || self.timer.is_elapsed() {
                self.timer.as_mut().reset(at);
            }
            ready!(poll_timer(&mut self.timer, cx));
        }
    }

    /// What comes first, or when to look again for what does; `None` if the peer is dead.
    fn first(&mut self, cx: &mut Context<'_>) -> Option<(Instant, Option<Due>)> {
        let over = self.until.map(|at| (at, Some(Due::Next)));
        let limits = &self.core.connection_limits;
        let now = Instant::now();
        if self.phase >= Phase::Aborting {
            return Some(over.unwrap_or((now + LONGEST, None)));
        }
        let idle = if self.phase < Phase::Draining { limits.idle } else { limits.opening };
        let quiet_since = self.vitals.quiet_since();
        // While calls run there is less to look for.
        let look = if quiet_since.is_some() { idle } else { limits.idle } / LOOKS;
        let mut first = (now + look.max(NAP), None);
        if let Some(pulse) = &mut self.pulse {
            let again = pulse.feel(self.core.keepalive, &self.vitals, true, cx).ok()?;
            first.0 = first.0.min(again);
        }
        let worn = (self.phase < Phase::Draining && self.vitals.worn()).then_some((now, Some(Due::Next)));
        let quiet = quiet_since.map(|since| (since.max(self.idle_from) + idle, Some(Due::Idle)));
        let owing = self.vitals.owing_since().map(|since| (since + limits.opening, Some(Due::Overdue)));
        let blocked = self.vitals.blocked_since().map(|since| (since + limits.unread, Some(Due::Overdue)));
        [over, worn, quiet, owing, blocked].into_iter().flatten().chain([first]).min_by_key(|(at, _)| *at)
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
