//! Retries as gRFC A6 has them, case by case.

use std::time::Duration;

use futures_util::stream;
use rsgrpc::{
    Code, Protocol, Status,
    client::{Next, Outgoing, ServiceConfig},
};

use crate::{Act, Act::*, Client, EchoClient, Script, client, server};

/// Up to four attempts: after 1 s, 2 s and 3 s, each within a fifth.
const RETRY: &str = r#"{"methodConfig": [{"name": [{}], "retryPolicy": {"maxAttempts": 4, "initialBackoff": "1s",
    "maxBackoff": "3s", "backoffMultiplier": 2, "retryableStatusCodes": ["UNAVAILABLE", "aborted", 8]}}]}"#;

struct Case {
    name: &'static str,
    acts: &'static [Act],
    /// What `grpc-previous-rpc-attempts` says, attempt by attempt.
    attempts: &'static str,
    code: Code,
    /// The pauses between the attempts, in milliseconds, without their jitter.
    pauses: &'static [u64],
}

const CASES: &[Case] = &[
    Case { name: "a success", acts: &[Succeed], attempts: "-", code: Code::Ok, pauses: &[] },
    Case {
        name: "each code of the policy, by whichever name",
        acts: &[Fail(Code::Unavailable), Fail(Code::Aborted), Fail(Code::ResourceExhausted)],
        attempts: "-123",
        code: Code::Ok,
        pauses: &[1000, 2000, 3000],
    },
    Case { name: "no other code", acts: &[Fail(Code::Internal)], attempts: "-", code: Code::Internal, pauses: &[] },
    Case {
        name: "another code ends them",
        acts: &[Fail(Code::Unavailable), Fail(Code::NotFound)],
        attempts: "-1",
        code: Code::NotFound,
        pauses: &[1000],
    },
    Case {
        name: "as many as there may be, and the last tells",
        acts: &[Fail(Code::Unavailable), Fail(Code::Unavailable), Fail(Code::Unavailable), Fail(Code::Aborted)],
        attempts: "-123",
        code: Code::Aborted,
        pauses: &[1000, 2000, 3000],
    },
    Case {
        name: "a server says when, and pauses begin anew",
        acts: &[Fail(Code::Unavailable), Fail(Code::Unavailable), Push(Code::Unavailable, "500")],
        attempts: "-123",
        code: Code::Ok,
        pauses: &[1000, 2000, 500],
    },
    Case {
        name: "behind what a server says comes the first pause",
        acts: &[Push(Code::Unavailable, "0"), Fail(Code::Unavailable), Fail(Code::Unavailable)],
        attempts: "-123",
        code: Code::Ok,
        pauses: &[0, 1000, 2000],
    },
    Case {
        name: "a server says never",
        acts: &[Push(Code::Unavailable, "-1")],
        attempts: "-",
        code: Code::Unavailable,
        pauses: &[],
    },
    Case {
        name: "a server says when, but the code is none of the policy",
        acts: &[Push(Code::Internal, "10")],
        attempts: "-",
        code: Code::Internal,
        pauses: &[],
    },
];

#[tokio::test(start_paused = true)]
async fn cases_of_the_design() {
    for protocol in [Protocol::Grpc, Protocol::GrpcWeb, Protocol::Connect] {
        for case in CASES {
            let script = Script::new(case.acts.to_vec());
            let config: ServiceConfig = RETRY.parse().unwrap();
            let client = Client::from(server(&script)).protocol(protocol).service_config(config);
            let result = EchoClient::new(client).unary("same".to_owned()).await;
            assert_eq!(result.as_ref().map_or_else(Status::code, |_| Code::Ok), case.code, "{}", case.name);
            assert_eq!(script.previous(), case.attempts, "{}, {protocol:?}", case.name);
            let seen = script.seen();
            assert!(seen.iter().all(|seen| seen.sent == "same"));
            for ((before, after), &pause) in seen.iter().zip(&seen[1..]).zip(case.pauses) {
                let took = after.at.duration_since(before.at).as_millis() as f64;
                let exact = case.acts.iter().any(|act| matches!(act, Push(..))) && pause < 1000;
                let (least, most) = if exact { (1.0, 1.0) } else { (0.8, 1.2) };
                let pause = pause as f64;
                assert!((pause * least..=pause * most + 3.0).contains(&took), "{}: {took} for {pause}", case.name);
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_deadline_bounds_all_attempts() {
    let script = Script::new(vec![Fail(Code::Unavailable); 4]);
    let started = tokio::time::Instant::now();
    let status = client(&script, RETRY).unary(String::new()).timeout(Duration::from_millis(2000)).await.unwrap_err();
    assert_eq!((status.code(), started.elapsed().as_millis() / 10), (Code::DeadlineExceeded, 200));
    let left: Vec<u128> = script.seen().iter().map(|seen| seen.left.unwrap()).collect();
    assert!(left.len() == 2 && left[0] == 2000 && (750..=1250).contains(&left[1]), "{left:?}");
}

#[tokio::test(start_paused = true)]
async fn what_is_answered_is_not_sent_again() {
    let script = Script::new([Break(Code::Unavailable), Succeed]);
    let mut messages = client(&script, RETRY).down(String::new()).await.unwrap().into_inner();
    assert_eq!(messages.message().await.unwrap().as_deref(), Some("1"));
    assert_eq!(messages.message().await.unwrap_err().code(), Code::Unavailable);
    assert_eq!(script.previous(), "-");

    let script = Script::new([Fail(Code::Unavailable), Succeed]);
    let mut messages = client(&script, RETRY).down(String::new()).await.unwrap().into_inner();
    assert_eq!(messages.message().await.unwrap().as_deref(), Some("1"));
    assert_eq!(script.previous(), "-1");
}

#[tokio::test(start_paused = true)]
async fn a_stream_is_sent_again_from_its_beginning_while_it_is_kept() {
    let texts = |count: usize, len: usize| stream::iter(vec!["x".repeat(len); count]);
    let script = Script::new([Fail(Code::Unavailable), Fail(Code::Unavailable)]);
    client(&script, RETRY).up(texts(100, 10)).await.unwrap();
    assert_eq!(script.seen().iter().map(|seen| &*seen.sent).collect::<Vec<_>>(), ["100"; 3]);

    let script = Script::new([Fail(Code::Unavailable)]);
    let status = client(&script, RETRY).up(texts(100, 10_000)).await.unwrap_err();
    assert_eq!((status.code(), script.previous().as_str()), (Code::Unavailable, "-"), "a million bytes are not kept");
    assert_eq!(script.seen()[0].sent, "100");
}

#[tokio::test(start_paused = true)]
async fn throttled() {
    let config = RETRY.replacen('{', r#"{"retryThrottling": {"maxTokens": 4, "tokenRatio": 0.5}, "#, 1);
    let script = Script::new(vec![Fail(Code::Unavailable); 3]);
    let client = client(&script, &config);
    // 4 tokens, 3 behind the first attempt and 2 behind the second: no more than half of them.
    assert_eq!(client.unary(String::new()).await.unwrap_err().code(), Code::Unavailable);
    assert_eq!(script.previous(), "-1");
    assert_eq!(client.unary(String::new()).await.unwrap_err().code(), Code::Unavailable);
    assert_eq!(script.previous(), "-1-");
    // 1 token; each success gives half of one, and errors that are not retried take none.
    for _ in 0..4 {
        client.unary(String::new()).await.unwrap();
    }
    let again = |script: &Script| script.0.lock().unwrap().acts.extend([Fail(Code::Unavailable), Succeed]);
    again(&script);
    client.unary(String::new()).await.unwrap_err();
    for _ in 0..4 {
        client.unary(String::new()).await.unwrap();
    }
    again(&script);
    client.unary(String::new()).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn interceptors_see_one_call() {
    let script = Script::new([Fail(Code::Unavailable), Fail(Code::Aborted)]);
    let count = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let seen = count.clone();
    let client = Client::from(server(&script)).service_config(RETRY.parse().unwrap()).interceptor(
        move |mut call: Outgoing, next: Next| {
            let (messages, calls) = (seen.clone(), seen.clone());
            async move {
                calls.lock().unwrap().push("call");
                call.on_request(move |_| {
                    messages.lock().unwrap().push("message");
                    Ok(())
                });
                next.run(call).await
            }
        },
    );
    EchoClient::new(client).unary(String::new()).await.unwrap();
    assert_eq!(*count.lock().unwrap(), ["call", "message"]);
    assert_eq!(script.previous(), "-12");
}

#[tokio::test(start_paused = true)]
async fn without_a_policy_a_call_is_sent_once() {
    let script = Script::new([Fail(Code::Unavailable)]);
    let status =
        client(&script, r#"{"methodConfig": [{"name": [{}], "waitForReady": true}]}"#).unary(String::new()).await;
    assert_eq!(status.unwrap_err().code(), Code::Unavailable);
    assert_eq!(script.previous(), "-");
}
