//! Limits that end a call: those of [`CallLimits`] by all three ways to set them, and those of a connection that its
//! callers read as the answer to a call.

use std::time::Duration;

use rsgrpc::{CallLimits, ConnectionLimits, ServerBuilder};

use crate::{
    lane::{Lane, Message, Refusal, Sent},
    served::{SECOND, Set, builder},
};

const EXHAUSTED: Refusal = Refusal::Status(8, "RESOURCE_EXHAUSTED", 429);
const LATE: Refusal = Refusal::Status(4, "DEADLINE_EXCEEDED", 504);
const UNAVAILABLE: Refusal = Refusal::Status(14, "UNAVAILABLE", 503);
const TOO_LARGE: Refusal = Refusal::Http(431);

struct Row {
    name: &'static str,
    /// Is answered well by default.
    sent: Sent,
    set: Set,
    refusal: Refusal,
    /// In seconds.
    after: u64,
}

/// The same setting of a server, and of a service or a method.
macro_rules! both {
    ($($set:tt)+) => {
        (|server: ServerBuilder| server.$($set)+, |limits: CallLimits| limits.$($set)+)
    };
}

type SetForCalls = fn(CallLimits) -> CallLimits;
type Both = (Set, SetForCalls);

fn of_calls() -> Vec<(Row, SetForCalls)> {
    let text = || Sent::text("x".repeat(200));
    let elements = Sent { method: "test.Bulk/Count", message: Message::Elements(9000), ..Sent::text("") };
    let zeros = || Sent { gzip: true, ..Sent::text("0".repeat(1000)) };
    let halting = || Sent { pause: 20 * SECOND, ..Sent::text("hi there") };
    let small: Both = both!(max_receive_message_bytes(100));
    let soon: Both = both!(receive_timeout(5 * SECOND));
    // Within a message another limit holds.
    let silent = || Sent { pause: 40 * SECOND, twice: true, ..Sent::text("hi there").streamed() };
    let rows: [(&'static str, Sent, Both, Refusal, u64); 10] = [
        ("a message received", text(), small, EXHAUSTED, 0),
        ("a message of a stream", text().streamed(), small, EXHAUSTED, 0),
        ("a message after decompression", zeros(), small, EXHAUSTED, 0),
        ("one of a stream after decompression", zeros().streamed(), small, EXHAUSTED, 0),
        ("elements", elements, both!(max_decoded_message_bytes(100_000)), EXHAUSTED, 0),
        ("a message sent", Sent::text("long"), both!(max_send_message_bytes(900)), EXHAUSTED, 0),
        ("duration", Sent::text("slow"), both!(timeout(5 * SECOND)), LATE, 5),
        ("a message that stands still", halting(), soon, LATE, 5),
        ("one of a stream that stands still", halting().streamed(), soon, LATE, 5),
        ("a stream between two messages", silent(), both!(stream_idle_timeout(5 * SECOND)), LATE, 5),
    ];
    let row = |(name, sent, (set, of_call), refusal, after)| (Row { name, sent, set, refusal, after }, of_call);
    rows.into_iter().map(row).collect()
}

fn of_connections() -> Vec<Row> {
    let with = |count: usize, bytes: usize| {
        let headers = (0..count).map(|i| (format!("x-{i}"), "y".repeat(bytes))).collect();
        Sent { headers, ..Sent::text("hi") }
    };
    vec![
        // docs/rest.md 4.16
        Row {
            name: "header bytes",
            sent: with(10, 2000),
            set: |b| b.connection_limits(ConnectionLimits::new().max_header_bytes(16_000)),
            refusal: TOO_LARGE,
            after: 0,
        },
        Row {
            name: "header count",
            sent: with(40, 1),
            set: |b| b.connection_limits(ConnectionLimits::new().max_header_count(30)),
            refusal: TOO_LARGE,
            after: 0,
        },
        Row {
            name: "age of the connection and its grace",
            sent: Sent::text("slow"),
            set: |b| b.connection_limits(ConnectionLimits::new().age(10 * SECOND).age_grace(2 * SECOND)),
            refusal: UNAVAILABLE,
            after: 11,
        },
    ]
}

/// What is wrong with the answers of this server to the request, and then to a good one: on the same connection, unless
/// that has become old.
async fn answered(row: &Row, how: &str, server: ServerBuilder, refusal: Option<Refusal>) -> Vec<String> {
    let server = server.build().unwrap();
    let mut wrong = Vec::new();
    for lane in Lane::all() {
        let peer = lane.connect(&server).await;
        let answer = tokio::time::timeout(Duration::from_secs(1000), peer.exchange(&row.sent)).await;
        let answer = answer.unwrap_or_default();
        let differs = lane.differs(&row.sent, &answer, refusal);
        let late = refusal.filter(|_| !(row.after..=row.after + 2).contains(&answer.after.as_secs()));
        let late = late.map(|_| format!("after {:?}", answer.after));
        let again = if row.after > 10 { lane.connect(&server).await } else { peer };
        let healthy = Sent::text("hi");
        let sick = lane.differs(&healthy, &again.exchange(&healthy).await, None);
        let all = [differs, late, sick.map(|sick| format!("then {sick}"))];
        wrong.extend(all.into_iter().flatten().map(|what| format!("{} {how}, {lane:?}: {what}", row.name)));
    }
    wrong
}

#[tokio::test(start_paused = true)]
async fn limits_of_calls() {
    let mut wrong = Vec::new();
    for (row, of_call) in of_calls() {
        let limits = || of_call(CallLimits::default());
        wrong.extend(answered(&row, "by default", builder(), None).await);
        let refusal = Some(row.refusal);
        wrong.extend(answered(&row, "for the server", (row.set)(builder()), refusal).await);
        let server = builder().limits_for(row.sent.service(), limits());
        wrong.extend(answered(&row, "for the service", server, refusal).await);
        let server = builder().limits_for(row.sent.method, limits());
        wrong.extend(answered(&row, "for the method", server, refusal).await);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test(start_paused = true)]
async fn limits_of_connections_that_end_a_call() {
    let mut wrong = Vec::new();
    for row in of_connections() {
        wrong.extend(answered(&row, "by default", builder(), None).await);
        wrong.extend(answered(&row, "set", (row.set)(builder()), Some(row.refusal)).await);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test(start_paused = true)]
async fn the_grace_of_a_shutdown() {
    let slow = Sent::text("slow");
    for (set, wanted, after) in [(None, None, 20), (Some(3 * SECOND), Some(UNAVAILABLE), 8)] {
        let server = set.map_or_else(builder, |grace| builder().shutdown_grace(grace)).build().unwrap();
        for lane in Lane::all() {
            let answer = lane.connect_until(&server, 5 * SECOND).await.exchange(&slow).await;
            assert_eq!(lane.differs(&slow, &answer, wanted), None, "{lane:?}");
            assert_eq!(answer.after.as_secs(), after, "{lane:?}");
        }
    }
}
