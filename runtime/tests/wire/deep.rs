//! The rows that need a server with a raised limit: messages nested far deeper than any stack.

use rsgrpc::{Server, prost::encoding::encode_varint};

use crate::{
    peer::frame,
    probe::Probe,
    support::{Bulk, EchoServer},
    table::{Row, UNARY, Want, nested, text},
};

const MILLION: usize = 1_000_000;

pub fn server() -> Server {
    let echo = EchoServer::new(Probe);
    Server::builder().add_service(Bulk).add_service(echo).max_receive_message_bytes(16 << 20).build().unwrap()
}

/// A `ListValue` of a list of a list, this deep, around some bytes.
fn lists(depth: usize, innermost: &[u8]) -> Vec<u8> {
    // From the innermost outwards, so built from its end.
    let mut reversed: Vec<u8> = innermost.iter().rev().copied().collect();
    for _ in 0..depth {
        for tag in [0x32, 0x0a] {
            let mut prefix = vec![tag];
            encode_varint(reversed.len() as u64, &mut prefix);
            reversed.extend(prefix.iter().rev());
        }
    }
    reversed.reverse();
    frame(&reversed)
}

const COUNT: Row = Row { path: "/test.Bulk/Count", ..UNARY };
const OK: Want = Want { body: || text("1"), ..UNARY.answer };
const TOO_DEEP: Want = Want { status: "13", message: "recursion limit reached", ..UNARY.answer };

#[rustfmt::skip]
pub const ROWS: &[Row] = &[
    Row { name: "lists, 49 deep", body: &[|| lists(49, b"")], answer: OK, ..COUNT },
    Row { name: "lists, 10^6 deep", body: &[|| lists(MILLION, b"")], answer: TOO_DEEP, ..COUNT },
    Row { name: "unknown groups, 10^6 deep", body: &[|| nested(MILLION)], answer: TOO_DEEP, ..COUNT },
    Row { name: "unknown groups that never end, 10^6 deep", body: &[|| frame(&vec![0x13; MILLION])], answer: TOO_DEEP, ..COUNT },
    Row { name: "unknown groups, 10^6 deep, in lists, 20 deep", body: &[|| lists(20, &nested(MILLION)[5..])], answer: TOO_DEEP, ..COUNT },
    Row { name: "ends of groups that never began", body: &[|| frame(&vec![0x14; MILLION])], answer: Want { status: "13", message: "unexpected end group tag", ..UNARY.answer }, ..COUNT },
];
