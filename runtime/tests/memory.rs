//! What a hostile request may cost: memory that grows with what has arrived, never with what it claims to hold.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod support;

use std::{io::Write, time::Duration};

use bytes::Bytes;
use h2::client::SendRequest;
use rsgrpc::{Request, Response, Server};
use support::{Answer, Bulk, Echo, EchoServer};

const MIB: u64 = 1 << 20;
/// The default limit of a message.
const LIMIT: usize = 4 << 20;

struct Same;

impl Echo for Same {
    async fn up(&self, _r: Request<rsgrpc::Streaming<String>>) -> Answer<String> {
        std::future::pending().await
    }

    async fn unary(&self, request: Request<String>) -> Answer<String> {
        Ok(Response::new(request.into_inner()))
    }
}

/// One test, so that nothing else runs in this process, and in the order of what is allowed, as a peak never sinks.
#[tokio::test]
async fn what_hostile_requests_may_cost() {
    let mut peer = Peer::connect().await;
    peer.assert_healthy().await;

    // Untouched memory counts as well.
    let before = status("VmSize");
    let claims = peer.claims_of_4_mib().await;
    let grown = status("VmSize") - before;
    assert!(grown < 16 * MIB, "200 streams that claim 4 MiB took {} KiB", grown / 1024);
    drop(claims);
    peer.assert_healthy().await;

    let bomb = framed(1, &bomb_of_1_gib());
    let before = status("VmHWM");
    let (code, message) = peer.call("/test.Echo/Unary", &bomb).await.unwrap_err();
    let grown = status("VmHWM") - before;
    assert_eq!((&*code, &*message), ("8", "decompressing a message of 4194305 bytes, over the limit of 4194304 bytes"));
    assert!(grown < 16 * MIB, "a bomb of 1 GiB took {} KiB", grown / 1024);
    peer.assert_healthy().await;

    for (name, framed, code) in other_bombs() {
        let before = status("VmHWM");
        let (refused, _) = peer.call_as("/test.Echo/Unary", name, &framed).await.unwrap_err();
        let grown = status("VmHWM") - before;
        assert_eq!(refused, code);
        assert!(grown < 16 * MIB, "a bomb by {name} took {} KiB", grown / 1024);
        peer.assert_healthy().await;
    }

    // Two bytes become a struct of 32, so these would be 64 MiB each.
    let before = status("VmHWM");
    let too_many = [0x0a, 0].repeat(LIMIT / 2);
    for _ in 0..4 {
        let (code, message) = peer.call("/test.Bulk/Count", &framed(0, &too_many)).await.unwrap_err();
        assert_eq!((&*code, &*message), ("8", TOO_HEAVY));
    }
    let grown = status("VmHWM") - before;
    assert!(grown < 16 * MIB, "4 MiB of empty elements took {} KiB", grown / 1024);
    peer.assert_healthy().await;

    // Nearly as many as there is room for: by its descriptor a value takes 56 bytes, by prost 32.
    let elements = 8 * LIMIT / 64;
    let before = status("VmHWM");
    let counted = peer.call("/test.Bulk/Count", &framed(0, &[0x0a, 0].repeat(elements))).await;
    let grown = status("VmHWM") - before;
    assert_eq!(counted.unwrap()[7..], *elements.to_string().as_bytes());
    assert!(grown < (8 * LIMIT) as u64 + 16 * MIB, "{elements} elements took {} KiB", grown / 1024);
    peer.assert_healthy().await;
}

const TOO_HEAVY: &str =
    "the elements of a message would take more memory than the limit of 33554432 bytes: send fewer at once";

/// A field of this process's status, in bytes.
fn status(field: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':')).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}

/// 1 GiB of zeros in 1 MiB: as many members of a gzip file.
fn bomb_of_1_gib() -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(&[0; MIB as usize]).unwrap();
    encoder.finish().unwrap().repeat(1024)
}

/// By encodings that are not compiled in by default.
fn other_bombs() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    #[allow(unused_mut, reason = "by default there are none")]
    let mut bombs = Vec::new();
    #[cfg(feature = "zstd")]
    {
        let frame = zstd::bulk::compress(&vec![0; MIB as usize], 19).unwrap();
        bombs.push(("zstd", framed(1, &frame.repeat(1024)), "8"));
    }
    #[cfg(feature = "deflate")]
    {
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
        (0..1024).for_each(|_| encoder.write_all(&[0; MIB as usize]).unwrap());
        bombs.push(("deflate", framed(1, &encoder.finish().unwrap()), "8"));
    }
    bombs
}

fn framed(flags: u8, payload: &[u8]) -> Vec<u8> {
    [&[flags][..], &(payload.len() as u32).to_be_bytes(), payload].concat()
}

struct Peer {
    send: SendRequest<Bytes>,
    pings: h2::PingPong,
}

type Stream = (h2::client::ResponseFuture, h2::SendStream<Bytes>);

impl Peer {
    async fn connect() -> Self {
        let server = Server::builder().add_service(EchoServer::new(Same)).add_service(Bulk).build().unwrap();
        let (ours, theirs) = tokio::io::duplex(64 * 1024);
        tokio::spawn(async move { server.serve_connection(theirs).await });
        let (send, mut connection) = h2::client::handshake(ours).await.unwrap();
        let pings = connection.ping_pong().unwrap();
        tokio::spawn(connection);
        Self { send, pings }
    }

    /// 200 streams, each with nothing but a prefix, at a time when the server has read them all.
    async fn claims_of_4_mib(&mut self) -> Vec<Stream> {
        let prefix = [&[0][..], &(LIMIT as u32).to_be_bytes()].concat();
        let mut streams = Vec::new();
        for _ in 0..200 {
            let (response, mut stream) = self.open("/test.Echo/Unary", "gzip").await;
            stream.send_data(Bytes::copy_from_slice(&prefix), false).unwrap();
            streams.push((response, stream));
        }
        self.pings.ping(h2::Ping::opaque()).await.unwrap();
        tokio::time::sleep(Duration::from_millis(50)).await;
        streams
    }

    async fn open(&self, path: &str, encoding: &str) -> Stream {
        let request = http::Request::post(format!("http://test{path}"))
            .header("content-type", "application/grpc")
            .header("grpc-encoding", encoding);
        self.send.clone().ready().await.unwrap().send_request(request.body(()).unwrap(), false).unwrap()
    }

    /// The body of an answer, or its status and message.
    async fn call(&self, path: &str, body: &[u8]) -> Result<Bytes, (String, String)> {
        self.call_as(path, "gzip", body).await
    }

    async fn call_as(&self, path: &str, encoding: &str, body: &[u8]) -> Result<Bytes, (String, String)> {
        let (response, mut stream) = self.open(path, encoding).await;
        stream.send_data(Bytes::copy_from_slice(body), true).unwrap();
        let (head, mut body) = response.await.unwrap().into_parts();
        if let Some(status) = head.headers.get("grpc-status") {
            let message = head.headers["grpc-message"].to_str().unwrap();
            return Err((status.to_str().unwrap().to_owned(), message.to_owned()));
        }
        Ok(body.data().await.unwrap().unwrap())
    }

    async fn assert_healthy(&self) {
        assert_eq!(
            self.call("/test.Echo/Unary", b"\0\0\0\0\x04\x0a\x02hi").await.unwrap(),
            b"\0\0\0\0\x04\x0a\x02hi"[..]
        );
    }
}
