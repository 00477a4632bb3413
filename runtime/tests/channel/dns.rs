//! Names by a DNS server of our own.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex},
};

use rsgrpc::{Channel, ChannelBuilder, Code};
use tokio::net::UdpSocket;

use crate::{
    node::{Node, shares, until},
    support::EchoClient,
};

const A: u16 = 1;
const TXT: u16 = 16;

/// What it knows, and what it was asked.
#[derive(Default)]
struct Zone {
    addresses: Vec<Ipv4Addr>,
    /// Each in the pieces that it is sent in.
    texts: Vec<Vec<String>>,
    asked: Vec<(String, u16)>,
}

struct Dns {
    addr: SocketAddr,
    zone: Arc<Mutex<Zone>>,
}

impl Dns {
    /// Knows `greeter.test` by these addresses.
    async fn start(addresses: &[[u8; 4]], texts: &[&[&str]]) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let addr = socket.local_addr().unwrap();
        let texts = texts.iter().map(|text| text.iter().map(|&piece| piece.to_owned()).collect()).collect();
        let addresses = addresses.iter().map(|&address| address.into()).collect();
        let zone = Arc::new(Mutex::new(Zone { addresses, texts, asked: Vec::new() }));
        let known = Arc::clone(&zone);
        tokio::spawn(async move {
            let mut query = [0; 512];
            loop {
                let (length, from) = socket.recv_from(&mut query).await.unwrap();
                let answer = known.lock().unwrap().answer(&query[..length]);
                socket.send_to(&answer, from).await.unwrap();
            }
        });
        Self { addr, zone }
    }

    fn channel(&self, port: u16) -> ChannelBuilder {
        Channel::builder(format!("dns://{}/greeter.test:{port}", self.addr))
    }

    fn was_asked_for_texts(&self) -> bool {
        self.zone.lock().unwrap().asked.iter().any(|(_, kind)| *kind == TXT)
    }
}

impl Zone {
    /// The answer to a message with one question (RFC 1035, 4.1).
    fn answer(&mut self, query: &[u8]) -> Vec<u8> {
        let (mut labels, mut at) = (Vec::new(), 12);
        while query[at] > 0 {
            let end = at + 1 + usize::from(query[at]);
            labels.push(String::from_utf8_lossy(&query[at + 1..end]).to_lowercase());
            at = end;
        }
        let (name, kind) = (labels.join("."), u16::from_be_bytes([query[at + 1], query[at + 2]]));
        self.asked.push((name.clone(), kind));
        let records: Vec<Vec<u8>> = match (name.as_str(), kind) {
            ("greeter.test", A) => self.addresses.iter().map(|address| address.octets().to_vec()).collect(),
            ("_grpc_config.greeter.test", TXT) => self.texts.iter().map(|text| pieces(text)).collect(),
            _ => Vec::new(),
        };
        let is_known = ["greeter.test", "_grpc_config.greeter.test"].contains(&name.as_str());
        // An answer, to a question that asked for recursion; 3 is NXDOMAIN.
        let mut answer =
            [&query[..2], &[0x85, if is_known { 0x80 } else { 0x83 }, 0, 1, 0, records.len() as u8, 0, 0, 0, 0]]
                .concat();
        answer.extend(&query[12..at + 5]);
        for record in records {
            // The name of the question, this kind, IN, good for a minute.
            answer.extend([0xc0, 12, 0, kind as u8, 0, 1, 0, 0, 0, 60]);
            answer.extend((record.len() as u16).to_be_bytes());
            answer.extend(record);
        }
        answer
    }
}

fn pieces(text: &[String]) -> Vec<u8> {
    text.iter().flat_map(|piece| [&[piece.len() as u8], piece.as_bytes()].concat()).collect()
}

/// Two servers on one port of two addresses.
async fn two() -> (Node, Node) {
    let a = Node::start("a").await;
    let b = Node::at("b", SocketAddr::from(([127, 0, 0, 2], a.addr.port()))).await;
    (a, b)
}

const BOTH: &[[u8; 4]] = &[[127, 0, 0, 1], [127, 0, 0, 2]];

#[tokio::test]
async fn a_target_names_the_server_that_is_asked() {
    let node = Node::start("a").await;
    let dns = Dns::start(&BOTH[..1], &[]).await;
    let client = EchoClient::new(dns.channel(node.addr.port()).build().unwrap());
    assert_eq!(client.unary(String::new()).await.unwrap().into_inner(), "a");
    assert!(!dns.was_asked_for_texts(), "it is off");
    let unknown = Channel::connect(format!("dns://{}/unknown.test:5", dns.addr)).unwrap();
    let error = EchoClient::new(unknown).unary(String::new()).await.unwrap_err();
    assert_eq!(error.code(), Code::Unavailable);
    assert_eq!(error.message(), "cannot find unknown.test: DNS knows no such name (NXDOMAIN)");
    dns.zone.lock().unwrap().addresses.clear();
    let empty = dns.channel(5).build().unwrap();
    let error = EchoClient::new(empty).unary(String::new()).await.unwrap_err();
    assert_eq!(error.message(), "cannot find greeter.test: DNS knows no address of it");
}

#[tokio::test]
async fn a_record_of_text_says_how_calls_behave() {
    let (a, _b) = two().await;
    let texts: &[&[&str]] = &[
        &["v=spf1 -all"],
        &[
            r#"grpc_config=[{"clientLanguage": ["go", "java"], "serviceConfig": {"loadBalancingConfig": 5}}, "#,
            r#"{"percentage": 0, "serviceConfig": {}}, {"clientHostname": ["nowhere.test"], "serviceConfig": {}}, "#,
            r#"{"clientLanguage": ["RUST"], "percentage": 100, "#,
            r#""serviceConfig": {"loadBalancingConfig": [{"round_robin": {}}]}}]"#,
        ],
    ];
    let dns = Dns::start(BOTH, texts).await;
    let channel = dns.channel(a.addr.port()).dns_service_config(true).build().unwrap();
    channel.state(true);
    until("both are connected", || channel.figures().connections == 2).await;
    let shares = shares(&EchoClient::new(channel), 20).await;
    assert_eq!(shares.into_iter().collect::<Vec<_>>(), [("a".to_owned(), 10), ("b".to_owned(), 10)]);
    assert!(dns.was_asked_for_texts());
}

#[tokio::test]
async fn a_record_that_cannot_be_used_is_told() {
    let node = Node::start("a").await;
    let dns = Dns::start(&BOTH[..1], &[&[r#"grpc_config=[{"serviceConfig": {"methodConfig": 5}}]"#]]).await;
    let builder = || dns.channel(node.addr.port()).dns_service_config(true);
    let error = EchoClient::new(builder().build().unwrap()).unary(String::new()).await.unwrap_err();
    assert_eq!(error.code(), Code::Unavailable);
    assert!(
        error.message().starts_with("the service config cannot be used: [0].serviceConfig.methodConfig: "),
        "{error}"
    );
    let own = "{}".parse().unwrap();
    let client = EchoClient::new(builder().service_config(own).build().unwrap());
    assert_eq!(client.unary(String::new()).await.unwrap().into_inner(), "a");
}

#[tokio::test]
async fn without_a_record_calls_go_on() {
    let node = Node::start("a").await;
    let dns = Dns::start(&BOTH[..1], &[]).await;
    let client = EchoClient::new(dns.channel(node.addr.port()).dns_service_config(true).build().unwrap());
    assert_eq!(client.unary(String::new()).await.unwrap().into_inner(), "a");
    assert!(dns.was_asked_for_texts());
}
