//! Hedging as gRFC A6 has it, case by case.

use futures_util::stream;
use rsgrpc::{Code, Status};
use tokio::time::Instant;

use crate::{Act, Act::*, Script, client};

/// Up to three attempts, one each second.
const HEDGE: &str = r#"{"methodConfig": [{"name": [{}], "hedgingPolicy": {"maxAttempts": 3, "hedgingDelay": "1s",
    "nonFatalStatusCodes": ["UNAVAILABLE"]}}]}"#;

fn slow(millis: u64, act: Act) -> Act {
    Slow(millis, Box::new(act))
}

struct Case {
    name: &'static str,
    acts: Vec<Act>,
    /// When the attempts came, in milliseconds.
    attempts: &'static [u128],
    code: Code,
    took: u128,
}

fn cases() -> Vec<Case> {
    vec![
        Case { name: "a fast answer", acts: vec![slow(900, Succeed)], attempts: &[0], code: Code::Ok, took: 900 },
        Case {
            name: "the second is faster",
            acts: vec![Never, slow(100, Succeed)],
            attempts: &[0, 1000],
            code: Code::Ok,
            took: 1100,
        },
        Case {
            name: "the first is late, but first",
            acts: vec![slow(2500, Succeed), Never, Never],
            attempts: &[0, 1000, 2000],
            code: Code::Ok,
            took: 2500,
        },
        Case {
            name: "what is not fatal brings the next at once",
            acts: vec![slow(100, Fail(Code::Unavailable)), slow(100, Succeed)],
            attempts: &[0, 100],
            code: Code::Ok,
            took: 200,
        },
        Case {
            name: "what is fatal ends all",
            acts: vec![Never, slow(100, Fail(Code::Internal))],
            attempts: &[0, 1000],
            code: Code::Internal,
            took: 1100,
        },
        Case {
            name: "the last tells",
            acts: vec![Fail(Code::Unavailable), Fail(Code::Unavailable), Fail(Code::Unavailable)],
            attempts: &[0, 0, 0],
            code: Code::Unavailable,
            took: 0,
        },
        Case {
            name: "those that run are waited for",
            acts: vec![slow(3000, Succeed), Fail(Code::Unavailable), Fail(Code::Unavailable)],
            attempts: &[0, 1000, 1000],
            code: Code::Ok,
            took: 3000,
        },
        Case {
            name: "a server says when",
            acts: vec![Push(Code::Unavailable, "300"), Succeed],
            attempts: &[0, 300],
            code: Code::Ok,
            took: 300,
        },
        Case {
            name: "a server says never",
            acts: vec![slow(1500, Succeed), Push(Code::Unavailable, "-1")],
            attempts: &[0, 1000],
            code: Code::Ok,
            took: 1500,
        },
    ]
}

#[tokio::test(start_paused = true)]
async fn cases_of_the_design() {
    for case in cases() {
        let script = Script::new(case.acts);
        let started = Instant::now();
        let result = client(&script, HEDGE).unary("same".to_owned()).await;
        assert_eq!(result.as_ref().map_or_else(Status::code, |_| Code::Ok), case.code, "{}", case.name);
        // A timer is good to a millisecond.
        assert!(started.elapsed().as_millis().abs_diff(case.took) <= 5, "{}: {:?}", case.name, started.elapsed());
        let seen = script.seen();
        let came: Vec<u128> = seen.iter().map(|seen| seen.at.duration_since(started).as_millis()).collect();
        assert_eq!(came.len(), case.attempts.len(), "{}: {came:?}", case.name);
        assert!(came.iter().zip(case.attempts).all(|(a, b)| a.abs_diff(*b) <= 5), "{}: {came:?}", case.name);
        let previous: Vec<_> = seen.iter().map(|seen| seen.previous.clone().unwrap_or_default()).collect();
        assert_eq!(previous, ["", "1", "2"][..seen.len()], "{}", case.name);
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_is_sent_by_all() {
    let script = Script::new([Never, Never, Succeed]);
    let texts = stream::iter(vec!["x".to_owned(); 50]);
    assert_eq!(client(&script, HEDGE).up(texts).await.unwrap().into_inner(), "3");
    assert_eq!(script.seen().iter().map(|seen| &*seen.sent).collect::<Vec<_>>(), ["50"; 3]);

    // One that is too large to be kept is left to who was the first to get that far.
    let script = Script::new([slow(1500, Succeed)]);
    let texts = stream::iter(vec!["x".repeat(10_000); 100]);
    assert_eq!(client(&script, HEDGE).up(texts).await.unwrap().into_inner(), "1");
}

#[tokio::test(start_paused = true)]
async fn throttled() {
    let config = HEDGE.replacen('{', r#"{"retryThrottling": {"maxTokens": 2, "tokenRatio": 0.5}, "#, 1);
    let script = Script::new([Fail(Code::Unavailable), Succeed]);
    let status = client(&script, &config).unary(String::new()).await.unwrap_err();
    assert_eq!((status.code(), script.seen().len()), (Code::Unavailable, 1), "one of two tokens is left");
}
