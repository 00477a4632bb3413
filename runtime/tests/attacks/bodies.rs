//! Bodies that become more than they are: compressed ones, many elements, deep ones. What they may cost is in
//! `memory.rs`.

use std::io::Write;

use crate::{
    peer::{Hostile, Peer, bombs, framed},
    support::RuledBulk,
    target::{Target, builder},
};

const MIB: usize = 1 << 20;
const COUNT: &str = "/test.Bulk/Count";
const TOTAL: &str = "/test.Bulk/Total";
const REST: &str = "/v1/count";

/// Sends each request on one connection, all of which are refused by this code of gRPC or this status of HTTP, while the
/// connection and the victim go on.
async fn refused(requests: &[Hostile], code: u16, http: u16) {
    let target = Target::of(builder().add_service(RuledBulk)).await;
    let peer = Peer::connect(target.addr).await;
    for hostile in requests {
        assert_eq!(peer.ask(hostile).await.wrong(hostile, code, http), None);
    }
    peer.assert_healthy().await;
    target.finish().await;
}

#[tokio::test]
async fn decompression_bombs() {
    let zeros = vec![0; 64 * MIB];
    refused(&bombs(&|encoding| compressed(encoding, &zeros)), 8, 429).await;
}

fn compressed(encoding: &str, plain: &[u8]) -> Vec<u8> {
    match encoding {
        "gzip" => {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
            encoder.write_all(plain).unwrap();
            encoder.finish().unwrap()
        }
        #[cfg(feature = "deflate")]
        "deflate" => {
            let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
            encoder.write_all(plain).unwrap();
            encoder.finish().unwrap()
        }
        #[cfg(feature = "zstd")]
        "zstd" => zstd::bulk::compress(plain, 19).unwrap(),
        other => panic!("{other} is not compiled in"),
    }
}

#[tokio::test]
async fn many_elements() {
    let empty = framed(0, &[0x0a, 0].repeat(2 * MIB - 4));
    let json = format!("[{}0]", "0,".repeat(2 * MIB - 8)).into_bytes();
    let requests = [
        Hostile::grpc(COUNT, empty.clone()),
        Hostile::grpc(TOTAL, empty),
        Hostile::json(COUNT, json.clone()),
        Hostile::json(REST, json),
    ];
    refused(&requests, 8, 429).await;
}

/// Far deeper than any stack: messages in messages, groups that nobody knows, arrays and objects.
#[tokio::test]
async fn deep_ones() {
    const DEEP: usize = 1_000_000;
    // `list_value` of a value, and the `values` of a list, each around all behind it: lengths of four bytes.
    let mut lists = Vec::new();
    for level in 0..DEEP / 5 {
        let rest = (DEEP - 5 * (level + 1)) as u32;
        let varint = [rest as u8 | 128, (rest >> 7) as u8 | 128, (rest >> 14) as u8 | 128, (rest >> 21) as u8];
        lists.push(if level % 2 == 0 { 0x0a } else { 0x32 });
        lists.extend(varint);
    }
    let json = |open: &str| open.repeat(DEEP).into_bytes();
    let requests = [
        Hostile::grpc(COUNT, framed(0, &lists)),
        Hostile::grpc(COUNT, framed(0, &vec![0x13; DEEP])),
        Hostile::grpc(COUNT, framed(0, &[vec![0x13; DEEP], vec![0x14; DEEP]].concat())),
    ];
    let values = [COUNT, REST].into_iter().flat_map(|path| {
        [Hostile::json(path, json("[")), Hostile::json(path, [b"[".to_vec(), json("{\"\":")].concat())]
    });
    refused(&requests.into_iter().chain(values).collect::<Vec<_>>(), 13, 400).await;
}
