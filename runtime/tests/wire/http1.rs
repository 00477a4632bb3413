//! A peer that speaks HTTP/1.1, byte by byte.

use std::collections::BTreeMap;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::{peer::Answer, table::Row};

/// One row on a connection of its own.
pub async fn exchange(server: rsgrpc::Server, row: &Row) -> Answer {
    let body: Vec<Vec<u8>> = row.body.iter().map(|chunk| chunk()).collect();
    exchange_with(server, row, &body).await
}

/// The row with another body.
pub async fn exchange_with(server: rsgrpc::Server, row: &Row, body: &[Vec<u8>]) -> Answer {
    let answer = send(server, row.path, row.method, row.headers, body, row.ends).await;
    if row.answer.trailers.is_empty() {
        assert!(answer.trailers.is_empty(), "{}: nobody asked for trailers: {:?}", row.name, answer.trailers);
    }
    answer
}

/// A request on a connection of its own.
pub async fn send(
    server: rsgrpc::Server,
    path: &str,
    method: &str,
    headers: &[(&str, &str)],
    body: &[Vec<u8>],
    ends: bool,
) -> Answer {
    let (mut ours, theirs) = tokio::io::duplex(1 << 24);
    tokio::spawn(async move { server.serve_connection(theirs).await });
    let mut request = format!("{method} {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n");
    for (name, value) in headers {
        request += &format!("{name}: {value}\r\n");
    }
    let bodiless = body.is_empty() && ends;
    request += if bodiless { "\r\n" } else { "transfer-encoding: chunked\r\n\r\n" };
    ours.write_all(request.as_bytes()).await.unwrap();
    for chunk in body.iter().filter(|chunk| !chunk.is_empty()) {
        let framed = [format!("{:x}\r\n", chunk.len()).as_bytes(), chunk, b"\r\n"].concat();
        // The server may have answered and closed already.
        let _ = ours.write_all(&framed).await;
        tokio::task::yield_now().await;
    }
    if ends && !bodiless {
        let _ = ours.write_all(b"0\r\n\r\n").await;
    }
    let mut received = Vec::new();
    ours.read_to_end(&mut received).await.unwrap();
    parse(&received)
}

fn parse(received: &[u8]) -> Answer {
    let end = received.windows(4).position(|w| w == b"\r\n\r\n").expect("a complete head");
    let head = std::str::from_utf8(&received[..end]).unwrap();
    let (status, fields) = head.split_once("\r\n").unwrap_or((head, ""));
    let mut answer = Answer { http: status[9..12].parse().unwrap(), head: parse_fields(fields), ..Answer::default() };
    let body = &received[end + 4..];
    (answer.body, answer.trailers) = match answer.head.contains_key("transfer-encoding") {
        true => dechunk(body),
        false => (body.to_vec(), BTreeMap::new()),
    };
    answer
}

fn parse_fields(text: &str) -> BTreeMap<String, String> {
    let fields = text.split("\r\n").filter(|line| !line.is_empty());
    fields.map(|line| line.split_once(": ").unwrap_or((line, ""))).map(|(n, v)| (n.to_lowercase(), v.into())).collect()
}

/// The body, and the trailers behind it.
fn dechunk(mut body: &[u8]) -> (Vec<u8>, BTreeMap<String, String>) {
    let mut joined = Vec::new();
    loop {
        let end = body.windows(2).position(|w| w == b"\r\n").expect("a chunk size");
        let size = usize::from_str_radix(std::str::from_utf8(&body[..end]).unwrap(), 16).unwrap();
        if size == 0 {
            let trailers = std::str::from_utf8(&body[end + 2..]).unwrap();
            assert!(trailers == "\r\n" || trailers.ends_with("\r\n\r\n"), "nothing behind the end: {trailers:?}");
            return (joined, parse_fields(trailers));
        }
        joined.extend_from_slice(&body[end + 2..end + 2 + size]);
        body = &body[end + 4 + size..];
    }
}
