//! Every case of `cases/*.cases`, sent over sockets as raw targets, by HTTP/1.1 and by HTTP/2.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, unreachable_pub, reason = "tests")]

mod answer;
mod http1;
mod http2;
mod probe;

use std::{collections::BTreeMap, net::SocketAddr, sync::Arc, time::Duration};

use rsgrpc::{Rest, Server};
use tokio::net::TcpListener;
use transcoding_tests::{
    GROUPS,
    cases::{self, Case, Group},
};

use crate::{answer::Answer, probe::Probe};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_http1() {
    every_case(async |server, case: &Case| Some(http1::exchange(server, case).await)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_http2() {
    // A target without a slash is not HTTP/2: no client sends it.
    every_case(async |server, case: &Case| match case.target.starts_with('/') {
        true => Some(http2::exchange(server, case).await),
        false => None,
    })
    .await;
}

#[test]
fn they_are_many() {
    let mut counts = BTreeMap::<_, usize>::new();
    for group in cases::all().unwrap() {
        *counts.entry(group.project).or_default() += group.cases.len();
    }
    println!("{counts:?}");
    assert!(counts.values().all(|&count| count > 100), "{counts:?}");
    assert!(counts.values().sum::<usize>() >= 400, "{counts:?}");
}

/// Sends the cases of each group to a server of its own, and tells all that fail.
async fn every_case(exchange: impl AsyncFn(SocketAddr, &Case) -> Option<Answer>) {
    let mut failures = Vec::new();
    for (group, descriptor) in cases::all().unwrap().into_iter().zip(GROUPS) {
        let group = Arc::new(group);
        let probe = Probe::new(descriptor, Arc::clone(&group));
        let server = serve(&group, probe.clone()).await;
        for case in &group.cases {
            let wrong = match tokio::time::timeout(Duration::from_secs(10), exchange(server, case)).await {
                Err(_) => vec!["no answer".to_owned()],
                Ok(None) => continue,
                Ok(Some(answer)) => answer.compare(case, probe.observed(case.line)),
            };
            let place = format!("{} {}, line {}", group.project, group.source, case.line);
            let request = format!("{} {:.150}", case.verb, case.target);
            failures.extend(wrong.iter().map(|wrong| format!("{place}: {request}: {wrong:.2000}")));
        }
    }
    assert!(failures.is_empty(), "{} are wrong:\n{}", failures.len(), failures.join("\n"));
}

async fn serve(group: &Group, probe: Probe) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut rest = Rest::new().emit_defaults(group.options.contains(&"defaults"));
    if group.options.contains(&"reject") {
        rest = rest.refuse_unknown_parameters();
    }
    let server = Server::builder().add_service(probe).rest(rest).build().unwrap();
    tokio::spawn(async move { server.serve_with_shutdown(listener, std::future::pending()).await });
    address
}
