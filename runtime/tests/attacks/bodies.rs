//! Bodies that become more than they are: compressed ones, many elements, deep ones.

use std::io::Write;

use crate::{
    attacker::{Attacker, END_HEADERS, HEADERS, frame, framed, post},
    support::RuledBulk,
    target::{Target, builder},
};

const MIB: usize = 1 << 20;
const GRPC: &str = "application/grpc";
const JSON: &str = "application/json";
const COUNT: &str = "/test.Bulk/Count";

/// What is compressed, by each encoding that is compiled in: its name, how it is called, and the bytes.
pub fn compressed(plain: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    gzip.write_all(plain).unwrap();
    #[allow(unused_mut, reason = "by default there is one encoding")]
    let mut all = vec![("gzip", gzip.finish().unwrap())];
    #[cfg(feature = "deflate")]
    {
        let mut deflate = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
        deflate.write_all(plain).unwrap();
        all.push(("deflate", deflate.finish().unwrap()));
    }
    #[cfg(feature = "zstd")]
    all.push(("zstd", zstd::bulk::compress(plain, 19).unwrap()));
    all
}

/// Sends each request on one connection, all of which are refused while the connection and the victim go on.
async fn refused(target: &Target, requests: &[(Vec<u8>, Vec<u8>)]) {
    let mut attacker = Attacker::connect(target.addr).await;
    for (done, (head, body)) in requests.iter().enumerate() {
        let stream = attacker.stream();
        attacker.send(&frame(HEADERS, END_HEADERS, stream, head)).await;
        attacker.body(stream, body).await;
        attacker.until("the refusal", |seen| seen.ended > done || seen.is_over()).await;
    }
    let seen = attacker.seen();
    assert!(attacker.settled().await, "{:?}", seen.goaway);
    // Errors of gRPC are heads alone, and those of the others say what is wrong in their bodies.
    let text = String::from_utf8(seen.text).unwrap();
    let is_json = |(head, _): &&(Vec<u8>, Vec<u8>)| head.windows(JSON.len()).any(|part| part == JSON.as_bytes());
    assert_eq!(text.matches("\"code\":").count(), requests.iter().filter(is_json).count(), "{text}");
}

#[tokio::test]
async fn decompression_bombs() {
    let target = Target::of(builder().add_service(RuledBulk)).await;
    let zeros = vec![0; 64 * MIB];
    let mut requests = Vec::new();
    for (name, bomb) in compressed(&zeros) {
        requests.push((post(COUNT, GRPC, Some(("grpc-encoding", name))), framed(1, &bomb)));
        requests.push((post("/test.Bulk/Total", GRPC, Some(("grpc-encoding", name))), framed(1, &bomb)));
        // Connect, and REST.
        for path in [COUNT, "/v1/count"] {
            requests.push((post(path, JSON, Some(("content-encoding", name))), bomb.clone()));
        }
    }
    let before = attacked_memory();
    refused(&target, &requests).await;
    let grown = attacked_memory() - before;
    assert!(grown < 64 * 1024, "{grown} KiB");
    target.finish().await;
}

/// What this process has had resident, in KiB.
fn attacked_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

#[tokio::test]
async fn many_elements() {
    let target = Target::of(builder().add_service(RuledBulk)).await;
    let empty = framed(0, &[0x0a, 0].repeat(2 * MIB - 4));
    let json = format!("[{}0]", "0,".repeat(2 * MIB - 8)).into_bytes();
    let mut requests = vec![(post(COUNT, GRPC, None), empty.clone()); 4];
    requests.push((post("/test.Bulk/Total", GRPC, None), empty));
    requests.push((post(COUNT, JSON, None), json.clone()));
    requests.push((post("/v1/count", JSON, None), json));
    refused(&target, &requests).await;
    target.finish().await;
}

/// Far deeper than any stack: messages in messages, groups that nobody knows, arrays and objects.
#[tokio::test]
async fn deep_ones() {
    const DEEP: usize = 1_000_000;
    let target = Target::of(builder().add_service(RuledBulk)).await;
    // `list_value` of a value, and the `values` of a list, each around all behind it: lengths of four bytes.
    let mut lists = Vec::new();
    for level in 0..DEEP / 5 {
        let rest = (DEEP - 5 * (level + 1)) as u32;
        let varint = [rest as u8 | 128, (rest >> 7) as u8 | 128, (rest >> 14) as u8 | 128, (rest >> 21) as u8];
        lists.push(if level % 2 == 0 { 0x0a } else { 0x32 });
        lists.extend(varint);
    }
    let json = |open: &str| open.repeat(DEEP).into_bytes();
    let mut requests = vec![
        (post(COUNT, GRPC, None), framed(0, &lists)),
        (post(COUNT, GRPC, None), framed(0, &vec![0x13; DEEP])),
        (post(COUNT, GRPC, None), framed(0, &[vec![0x13; DEEP], vec![0x14; DEEP]].concat())),
    ];
    for path in [COUNT, "/v1/count"] {
        requests.push((post(path, JSON, None), json("[")));
        requests.push((post(path, JSON, None), [b"[".to_vec(), json("{\"\":")].concat()));
    }
    refused(&target, &requests).await;
    target.finish().await;
}
