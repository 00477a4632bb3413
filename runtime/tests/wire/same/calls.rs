//! Calls that were thought of, made in each way.

use std::time::Duration;

use rsgrpc::{Code, Rest, Server};

use super::{
    lane::{Case, Lane, Outcome, Sent},
    recorder::Recorder,
};
use crate::rest::items::{self, Item};

fn server(recorder: Recorder) -> Server {
    items::builder(Rest::new().emit_defaults(false)).interceptor(recorder).build().unwrap()
}

fn act(act: &str) -> Case {
    let labels = [("k".to_owned(), "v".to_owned())].into();
    let item = Item { id: "a/b ü".into(), act: act.into(), int64: -5, labels, ..Item::default() };
    Case { sent: Sent::Create(item), metadata: vec![("x-token", b"t".into())], timeout: None, gzip: false }
}

/// The same by a method without side effects.
fn look(case: Case) -> Case {
    match case.sent {
        Sent::Create(item) => Case { sent: Sent::Get(Item { int64: 0, labels: [].into(), ..item }), ..case },
        _ => case,
    }
}

fn cases() -> Vec<Case> {
    let mut cases: Vec<Case> = (1..=16).map(|code| act(&format!("code:{code}"))).collect();
    let acts =
        ["", "method", "echo-metadata", "details:a.b", "strange-details", "panic", "long:1048576"].into_iter().map(act);
    cases.extend(acts);
    let acts = ["", "method", "echo-metadata", "details:a.b", "strange-details", "panic", "code:5", "long:1048576"];
    cases.extend(acts.map(|name| look(act(name))));
    cases.push(look(Case { gzip: true, ..act("") }));
    cases.push(look(Case { timeout: Some(Duration::from_millis(300)), ..act("sleep") }));
    cases.push(look(Case { timeout: Some(Duration::from_secs(600)), ..act("") }));
    cases.push(Case { metadata: Vec::new(), ..act("") });
    cases.push(Case { timeout: Some(Duration::from_millis(300)), ..act("sleep") });
    // gRPC writes the one in microseconds and the other in milliseconds.
    for seconds in [60, 600] {
        cases.push(Case { timeout: Some(Duration::from_secs(seconds)), ..act("") });
    }
    let long = Item { text: "x".repeat(1 << 20), ..Item::default() };
    cases.push(Case { sent: Sent::Create(long), ..act("") });
    let watch = |id: &str| Case { sent: Sent::Watch(Item { id: id.into(), ..Item::default() }), ..act("") };
    cases.extend(["n-3", "n-0", "refuse", "break-0", "break-2", "panic-1", "slow-1"].map(watch));
    cases.push(Case { timeout: Some(Duration::from_millis(300)), ..watch("hang-2") });
    let items = |acts: &[&str]| -> Vec<Item> {
        acts.iter()
            .map(|act| Item { act: (*act).into(), id: "i".into(), text: "t".into(), ..Item::default() })
            .collect()
    };
    cases.push(Case { sent: Sent::Upload(items(&["", "", ""])), ..act("") });
    cases.push(Case { sent: Sent::Upload(items(&["", "enough", ""])), ..act("") });
    cases.push(Case { sent: Sent::Sync(items(&[])), ..act("") });
    cases.push(Case { sent: Sent::Sync(items(&["", ""])), gzip: true, ..act("") });
    cases
}

/// What differs by its nature: a size is the size of the form it has, and REST sends nothing compressed here; Connect
/// leaves out who defines the type of a detail; and over HTTP/1.1 streams have no trailers.
pub fn comparable(mut outcome: Outcome, trailers: bool) -> Outcome {
    if let Some((code, message, details)) = &mut outcome.error {
        if *code == Code::ResourceExhausted {
            message.retain(|letter| !letter.is_ascii_digit());
            *message = message.replace("decompressing", "receiving");
        }
        for detail in details {
            *detail = detail.replace("type.example/", "type.googleapis.com/");
        }
    }
    if !trailers {
        outcome.trailers.clear();
    }
    outcome
}

// docs/rest.md 7.6 7.9
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_call_in_each_way() {
    let lanes = Lane::all(server).await;
    for case in cases() {
        let mut first: Option<(Outcome, Vec<String>)> = None;
        for lane in &lanes {
            let outcome = lane.call(&case).await;
            let trace = lane.recorder.ended().await;
            let Some((wanted, wanted_trace)) = &first else {
                first = Some((outcome, trace));
                continue;
            };
            let trailers = lane.has_trailers() || matches!(case.sent, Sent::Create(_) | Sent::Get(_) | Sent::Upload(_));
            let [got, wanted] = [outcome, wanted.clone()].map(|outcome| comparable(outcome, trailers));
            assert_eq!(got, wanted, "{}: {case:?}", lane.name);
            assert_eq!(trace, *wanted_trace, "{}: {case:?}", lane.name);
        }
    }
}

// docs/rest.md 7.7
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_goes_away_cancels_the_call() {
    let hang = Case { sent: Sent::Watch(Item { id: "hang-1".into(), ..Item::default() }), ..act("") };
    // Its beginning and the messages, with which both calls come to a halt.
    for (case, notes) in [(act("sleep"), 2), (look(act("sleep")), 2), (hang, 3)] {
        let mut first: Option<Vec<String>> = None;
        for lane in Lane::all(server).await {
            tokio::select! {
                outcome = lane.call(&case) => panic!("{}: {outcome:?}", lane.name),
                () = lane.recorder.until(|happened| happened.len() == notes) => {}
            }
            let trace = lane.recorder.ended().await;
            assert_eq!(trace.len(), notes + 1, "no end but that of the future: {}: {trace:?}", lane.name);
            assert_eq!(trace, *first.get_or_insert_with(|| trace.clone()), "{}: {case:?}", lane.name);
        }
    }
}
