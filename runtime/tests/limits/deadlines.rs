//! How long after its deadline a call ends, whatever it does then, by each protocol: five milliseconds at the latest.

use std::time::Duration;

use futures_util::future::join_all;

use crate::{
    lane::{Lane, Protocol, Refusal, Sent},
    served::{SECOND, builder},
};

const LIMIT: Duration = Duration::from_millis(100);
const LATE: Refusal = Refusal::Status(4, "DEADLINE_EXCEEDED", 504);

/// A handler that waits, a body that does not come, one that stops between two messages, and an answer that goes on.
fn situations() -> [(&'static str, Sent); 4] {
    let sent = |method, text: &str| Sent { method, ..Sent::text(text) };
    let halting = |sent| Sent { pause: 100 * SECOND, ..sent };
    [
        ("a handler that waits", sent("test.Echo/Unary", "slow")),
        ("half a message", halting(sent("test.Echo/Unary", "hi there"))),
        ("between two messages", Sent { twice: true, ..halting(sent("test.Echo/Up", "hi")) }),
        ("an answer that goes on", sent("test.Echo/Down", "slow")),
    ]
}

fn with_deadline(lane: Lane, mut sent: Sent) -> Sent {
    let header = match lane.protocol {
        Protocol::Connect => ("connect-timeout-ms", format!("{}", LIMIT.as_millis())),
        _ => ("grpc-timeout", format!("{}m", LIMIT.as_millis())),
    };
    sent.headers.push((header.0.to_owned(), header.1));
    sent
}

/// How much longer than its deadline the call took.
async fn late_by(lane: Lane, name: &str, sent: Sent) -> Duration {
    let answer = lane.connect(&builder().build().unwrap()).await.exchange(&with_deadline(lane, sent.clone())).await;
    // An answer that has begun says in its body how it ended; REST's status of HTTP is sent by then.
    let has_begun = sent.method == "test.Echo/Down";
    if has_begun && lane.protocol == Protocol::Rest {
        assert!(answer.text.contains("\"status\":\"DEADLINE_EXCEEDED\""), "{name}, {lane:?}: {answer:?}");
    } else {
        assert_eq!(lane.differs(&sent, &answer, Some(LATE)), None, "{name}, {lane:?}");
    }
    // Over HTTP/1.1 a connection may stay for the rest of its request, once that is answered.
    let took = if has_begun { answer.whole } else { answer.after };
    took.checked_sub(LIMIT).unwrap_or_else(|| panic!("{name}, {lane:?}: {took:?} is too early"))
}

#[tokio::test(start_paused = true)]
async fn by_the_clock_of_timers() {
    for lane in Lane::all() {
        for (name, sent) in situations() {
            let late = late_by(lane, name, sent).await;
            assert!(late <= Duration::from_millis(5), "{name}, {lane:?}: {late:?} after the deadline");
        }
    }
}

/// The same over TCP, to be read: `cargo test -p rsgrpc --test limits deadlines -- --nocapture`.
#[tokio::test]
async fn by_the_clock_on_the_wall() {
    let mut all = Vec::new();
    for (name, sent) in situations() {
        let calls = Lane::all().map(|lane| late_by(Lane { tcp: true, ..lane }, name, sent.clone()));
        all.extend(join_all(calls).await);
    }
    all.sort_unstable();
    eprintln!(
        "{} calls ended {:?} after their deadlines, at the latest {:?}",
        all.len(),
        all[all.len() / 2],
        all[all.len() - 1]
    );
}
