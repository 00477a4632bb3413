//! Servers as processes of their own, which die, are replaced and join while they are called.
//!
//! By default a short run; `RSGRPC_FLEET_RATE` (calls a second) and `RSGRPC_FLEET_SECONDS` (for each of the four parts)
//! make it a long one.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use rsgrpc::{
    Channel, Listener, Request, Response, Server,
    client::channel::{Endpoint, LoadBalancing},
};
use tokio::task::JoinHandle;

use crate::{
    child::{Process, announce},
    node::{told, until},
    support::{Answer, Echo, EchoClient, EchoServer},
};

/// Calls are idempotent, so they may be sent again whatever has happened to them.
const RETRY: &str = r#"{"methodConfig": [{"name": [{}], "retryPolicy": {"maxAttempts": 4, "initialBackoff": "0.01s",
    "maxBackoff": "0.1s", "backoffMultiplier": 2, "retryableStatusCodes": ["UNAVAILABLE"]}}]}"#;

struct Named(String);

impl Echo for Named {
    async fn unary(&self, _: Request<String>) -> Answer<String> {
        Ok(Response::new(self.0.clone()))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "started by `dead_restarted_and_joining_servers_cost_no_call`"]
async fn serves_under_a_name() {
    let variable = |name: &str| std::env::var(name).unwrap();
    let server = Server::builder().add_service(EchoServer::new(Named(variable("FLEET_NAME")))).build().unwrap();
    let listener = Listener::bind(variable("FLEET_ADDR")).await.unwrap();
    let signal = rsgrpc::shutdown_signal().unwrap();
    announce(listener.local_addr().unwrap());
    server.serve_with_shutdown(listener, signal).await.unwrap();
}

/// A server as a process.
struct Member {
    name: &'static str,
    addr: SocketAddr,
    process: Option<Process>,
}

impl Member {
    fn start(name: &'static str) -> Self {
        let mut this = Self { name, addr: SocketAddr::from(([127, 0, 0, 1], 0)), process: None };
        this.run();
        this
    }

    fn run(&mut self) {
        let mut process = Process::start("true", "fleet::serves_under_a_name", |command| {
            command.env("FLEET_NAME", self.name).env("FLEET_ADDR", self.addr.to_string());
        });
        self.addr = process.addr();
        self.process = Some(process);
    }

    /// Ends it by a signal.
    fn end(&mut self, signal: &str) {
        let mut process = self.process.take().unwrap();
        process.signal(signal);
        process.child.wait().unwrap();
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.child.kill();
            let _ = process.child.wait();
        }
    }
}

/// Calls at a steady rate, whatever becomes of them.
struct Load {
    client: EchoClient,
    rate: u64,
    done: AtomicBool,
    running: AtomicUsize,
    answered: Mutex<BTreeMap<String, usize>>,
    lost: Mutex<Vec<String>>,
}

impl Load {
    fn start(client: EchoClient, rate: u64) -> (Arc<Self>, JoinHandle<()>) {
        let this = Arc::new(Self {
            client,
            rate,
            done: AtomicBool::new(false),
            running: AtomicUsize::new(0),
            answered: Mutex::default(),
            lost: Mutex::default(),
        });
        (Arc::clone(&this), tokio::spawn(this.run()))
    }

    async fn run(self: Arc<Self>) {
        let (begin, mut begun) = (Instant::now(), 0);
        let mut ticks = tokio::time::interval(Duration::from_millis(1));
        while !self.done.load(SeqCst) {
            ticks.tick().await;
            let due = begin.elapsed().as_millis() as u64 * self.rate / 1000;
            while begun < due {
                begun += 1;
                self.running.fetch_add(1, SeqCst);
                tokio::spawn(Arc::clone(&self).call());
            }
        }
    }

    async fn call(self: Arc<Self>) {
        match self.client.unary(String::new()).await {
            Ok(response) => *self.answered.lock().unwrap().entry(response.into_inner()).or_default() += 1,
            Err(status) => self.lost.lock().unwrap().push(format!("{:?}: {}", status.code(), status.message())),
        }
        self.running.fetch_sub(1, SeqCst);
    }

    /// Who answered how many calls within this time.
    async fn shares(&self, time: Duration) -> BTreeMap<String, usize> {
        std::mem::take(&mut *self.answered.lock().unwrap());
        tokio::time::sleep(time).await;
        std::mem::take(&mut *self.answered.lock().unwrap())
    }

    /// No call has failed so far.
    fn assert_none_lost(&self, when: &str) {
        let lost = self.lost.lock().unwrap();
        assert!(lost.is_empty(), "{} calls were lost when {when}, as by {:?}", lost.len(), lost.first());
    }
}

fn number(variable: &str, otherwise: u64) -> u64 {
    std::env::var(variable).map_or(otherwise, |text| text.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dead_restarted_and_joining_servers_cost_no_call() {
    let (rate, time) = (number("RSGRPC_FLEET_RATE", 300), Duration::from_secs(number("RSGRPC_FLEET_SECONDS", 1)));
    let mut members = ["a", "b", "c"].map(Member::start);
    let endpoints = |members: &[Member]| members.iter().map(|one| Endpoint::new(one.addr)).collect::<Vec<_>>();
    let (tell, told) = told(endpoints(&members));
    let builder = Channel::builder("http://fleet").resolver(told).load_balancing(LoadBalancing::RoundRobin);
    let channel = builder.service_config(RETRY.parse().unwrap()).build().unwrap();
    let connected = |members: usize| {
        let channel = channel.clone();
        until("all are connected", move || channel.figures().connections == members)
    };
    channel.state(true);
    connected(3).await;
    let (load, caller) = Load::start(EchoClient::new(channel.clone()), rate);
    let mut told_of = vec![("three", load.shares(time).await)];

    members[1].end("-KILL");
    told_of.push(("one killed", load.shares(time).await));
    load.assert_none_lost("one was killed");
    members[1].run();
    connected(3).await;

    for member in &mut members {
        member.end("-TERM");
        member.run();
        connected(3).await;
    }
    told_of.push(("all restarted", load.shares(time).await));
    load.assert_none_lost("all were restarted");

    let fourth = Member::start("d");
    let all = endpoints(&members).into_iter().chain([Endpoint::new(fourth.addr)]).collect::<Vec<_>>();
    let _ = tell.send_replace(Ok(all.into()));
    connected(4).await;
    told_of.push(("a fourth", load.shares(time).await));
    load.done.store(true, SeqCst);
    caller.await.unwrap();
    until("all have ended", || load.running.load(SeqCst) == 0).await;
    load.assert_none_lost("a fourth joined");
    eprintln!("{rate} calls a second, {time:?} each: {told_of:?}");

    assert!(["a", "c"].iter().all(|name| told_of[1].1.contains_key(*name)), "the others go on");
    let (_, shares) = told_of.pop().unwrap();
    let due = shares.values().sum::<usize>() / 4;
    assert_eq!(shares.len(), 4);
    assert!(shares.values().all(|share| share.abs_diff(due) * 10 <= due), "{shares:?}");
}
