//! The attacks, each beside what others came to by it: tonic 0.14.9, connectrpc 0.9.1, and hyper 1.12 with h2 0.4.20, each
//! with its defaults, measured once on an idle machine of two cores.

use std::{any::Any, net::SocketAddr, pin::Pin};

use crate::{
    attacker::{Attacker, CONTINUATION, DATA, END_HEADERS, PING, PRIORITY, SETTINGS, WINDOW_UPDATE, call, frame},
    bodies::{self, GRPC, JSON, UNARY},
    connections, frames,
    provocations::PROVOCATIONS,
    server::Server,
};

/// By a GOAWAY with ENHANCE_YOUR_CALM, which the end of the connection may overtake.
const CALM: &[&str] = &["GOAWAY 11", "closed"];

/// What it waits for is ended by a timer, which the tests show.
const HELD: &[&str] = &["held"];

/// What an attack sent, how it ended, and what it still holds open.
pub(crate) struct Sent {
    pub(crate) what: String,
    pub(crate) outcome: String,
    pub(crate) held: Box<dyn Any>,
}

type Attack = Pin<Box<dyn Future<Output = Sent>>>;

pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) attack: Box<dyn Fn(&Server) -> Attack>,
    /// The server speaks TLS.
    pub(crate) tls: bool,
    /// What tonic, connectrpc and hyper came to.
    pub(crate) others: &'static str,
    /// How it may end, as the outcome begins.
    pub(crate) ends: &'static [&'static str],
    /// What it may take in memory, in MiB.
    pub(crate) memory: f64,
}

impl Row {
    fn ends(self, ends: &'static [&'static str]) -> Self {
        Self { ends, ..self }
    }

    fn within(self, memory: f64) -> Self {
        Self { memory, ..self }
    }
}

fn row<F: Future<Output = Sent> + 'static>(
    name: impl Into<String>,
    others: &'static str,
    attack: impl Fn(SocketAddr) -> F + 'static,
) -> Row {
    let attack = Box::new(move |server: &Server| Box::pin(attack(server.addr)) as Attack);
    Row { name: name.into(), attack, tls: false, others, ends: &["refused"], memory: 16.0 }
}

pub(crate) fn rows() -> Vec<Row> {
    [
        floods(),
        resets(),
        waiting(),
        becoming(),
        vec![
            row(
                "none: 10^6 messages of 17 bytes, each a DATA frame, as fast as they go",
                "closed by 3,855 to 38,400",
                |addr| frames::small(addr, 1_000_000),
            )
            .ends(&[frames::WELL]),
        ],
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Connections that are idle once they were used.
fn called_once(name: &str, tls: bool) -> Row {
    let attack = Box::new(|server: &Server| {
        let (addr, channel) = (server.addr, server.callers());
        Box::pin(connections::called_once(channel, addr)) as Attack
    });
    Row { name: name.to_owned(), attack, tls, others: "", ends: HELD, memory: 0.0 }
}

fn floods() -> Vec<Row> {
    let nothing = row("nothing, for comparison", "", |_| connections::rest()).ends(&["-"]);
    let ping = || frame(PING, 0, 0, b"attacked");
    let settings = || frame(SETTINGS, 0, 0, &[]);
    let floods = vec![
        row("PING", "taken for ever", move |addr| frames::flood(addr, ping(), true)),
        row("PING, answers unread", "stand still, never closed", move |addr| frames::flood(addr, ping(), false)),
        row("SETTINGS", "taken for ever", move |addr| frames::flood(addr, settings(), true)),
        row("SETTINGS, answers unread", "stand still, never closed", move |addr| {
            frames::flood(addr, settings(), false)
        }),
        row("PRIORITY", "taken for ever", |addr| frames::flood(addr, frame(PRIORITY, 0, 1001, &[0, 0, 0, 1, 0]), true)),
        row("WINDOW_UPDATE", "taken for ever", |addr| {
            frames::flood(addr, frame(WINDOW_UPDATE, 0, 0, &[0, 0, 0, 1]), true)
        }),
        row("CONTINUATION, empty", "GOAWAY by 201 frames", |addr| {
            frames::behind(addr, 0, frame(CONTINUATION, 0, 1, &[]))
        }),
        row("CONTINUATION, full", "closed by 8, 34, 104 frames", |addr| {
            frames::behind(addr, 0, frame(CONTINUATION, 0, 1, &[0; 16_384]))
        }),
        row("empty DATA", "GOAWAY by 901 frames", |addr| frames::behind(addr, END_HEADERS, frame(DATA, 0, 1, &[]))),
    ];
    let floods = floods.into_iter().map(|row| row.ends(CALM));
    [nothing].into_iter().chain(floods).collect()
}

fn resets() -> Vec<Row> {
    let others = |name: &str| match name {
        "a window that overflows" | "a PRIORITY on itself" | "more than the content-length" => {
            "tonic for ever, others by 2,220 frames"
        }
        _ => "GOAWAY 1 at once",
    };
    let provoked = PROVOCATIONS.into_iter().map(|(name, provoke)| {
        let one = move |attacker: &mut Attacker| provoke(attacker.stream(), &call(UNARY));
        // Some are an error of the connection.
        let ends = &["GOAWAY 1", "closed"];
        row(format!("MadeYouReset: {name}"), others(name), move |addr| frames::paced(addr, one, 8)).ends(ends)
    });
    let rapid = [
        row("rapid reset, in a burst", "GOAWAY 11 by 200 frames", |addr| frames::paced(addr, frames::cancelled, 2000)),
        row("rapid reset, 8 at a time, then a PING", "go on for ever", |addr| {
            frames::paced(addr, frames::cancelled, 8)
        }),
    ];
    let rapid = rapid.map(|row| row.ends(CALM));
    rapid.into_iter().chain(provoked).collect()
}

fn waiting() -> Vec<Row> {
    vec![
        row(
            "slow: nothing, half a preface, no SETTINGS, half a HEADERS, no END_HEADERS, half a head of HTTP/1.1",
            "never closed; nothing, half a preface: connectrpc 30 s",
            |addr| connections::slow(addr, connections::beginnings()),
        )
        .ends(&["600 closed, each within 10."]),
        #[cfg(feature = "tls")]
        Row {
            tls: true,
            ..row("slow TLS: no hello, half the head of a record, half a hello", "", |addr| {
                connections::slow(addr, connections::hellos())
            })
            .ends(&["300 closed, each within 10."])
        },
        row(
            "slow bodies: half a message of gRPC, half a body of REST over HTTP/1.1",
            "never answered",
            connections::slow_bodies,
        )
        .ends(&["200 answered, each within 30."]),
        // 16 KiB each.
        row("10,000 idle connections", "156, 161, 146 MiB, never closed", connections::idle).ends(HELD).within(156.25),
        called_once("10,000 idle connections, after a call each", false).within(234.4),
        #[cfg(feature = "tls")]
        called_once("10,000 idle connections over TLS, after a call each", true).within(312.5),
        row("1,000 streams, windows open, nothing read", "405, 428, 420 MiB, never closed", |addr| {
            connections::stalled(addr, false, true)
        })
        .ends(HELD)
        .within(80.0),
        row("1,000 streams, window 0", "34, 19, 18 MiB, never closed", |addr| connections::stalled(addr, false, false))
            .ends(HELD)
            .within(80.0),
        row("1,000 streams by REST, windows open, nothing read", "", |addr| connections::stalled(addr, true, true))
            .ends(HELD)
            .within(80.0),
        row("a prefix that claims 4 MiB, on 200 streams", "3.4, 1.5, 0.6 MiB", |addr| bodies::prefixes(addr, 4 << 20))
            .ends(HELD),
        row("a prefix that claims 4 GiB, on 200 streams", "refused, waits, refused", |addr| {
            bodies::prefixes(addr, u32::MAX)
        })
        .ends(&["200 refused"]),
        row("an early answer, and the client goes on sending", "1.3, 0.9, 1.2 GB swallowed", bodies::late)
            .ends(&["GOAWAY", "closed"]),
        row("an early answer to each call, and the client sends its window", "", bodies::late_again).ends(CALM),
    ]
}

fn becoming() -> Vec<Row> {
    let mut rows = vec![
        row("HPACK bomb over the limit", "GOAWAY 11", |addr| frames::bombs(addr, 1, 16_000)).ends(&["1 GOAWAY"]),
        row("HPACK bomb under the limit, 4,000 calls", "179, 299, 154 MiB", |addr| frames::bombs(addr, 4000, 90))
            .ends(&["2340 calls are refused"])
            .within(40.0),
        row("paths and queries of 8, 14 and 60 KiB", "12 at 8 KiB, 431 at 60", frames::long_paths).ends(&["9 refused"]),
        row("4 × 4 MiB of empty elements of 32 bytes", "139, 85 (refused), 142 MiB; p99 73, 42, 5 ms", |addr| {
            bodies::requests(addr, 4, GRPC, bodies::elements(2 << 20))
        })
        .within(5.0 * 16.0),
        row("4 × as many of them as are allowed", "", |addr| {
            bodies::requests(addr, 4, GRPC, bodies::elements(1 << 20))
        })
        .ends(&["answered"])
        .within(5.0 * 8.0),
        row("4 × 4 MiB of empty elements in JSON, by REST", "", |addr| {
            bodies::requests(addr, 4, JSON, bodies::json_elements(1_390_000))
        })
        .within(5.0 * 16.0),
        row("messages, 10^6 bytes deep", "refused", |addr| bodies::requests(addr, 4, GRPC, bodies::deep())),
        row("groups that nobody knows, 10^6 deep", "refused", |addr| bodies::requests(addr, 4, GRPC, bodies::groups())),
        row("JSON, 10^6 deep, by REST", "", |addr| bodies::requests(addr, 4, JSON, bodies::deep_json())),
    ];
    for (name, bomb) in bodies::bombs() {
        let others = if name == "gzip" { "14, 14 MiB" } else { "" };
        let in_json = bomb.clone();
        rows.push(row(format!("8 × 1 GiB of zeros by {name}"), others, move |addr| {
            bodies::compressed(addr, name, false, bomb.clone())
        }));
        rows.push(row(format!("8 × 1 GiB of zeros by {name}, as a body of REST"), "", move |addr| {
            bodies::compressed(addr, name, true, in_json.clone())
        }));
    }
    rows
}
