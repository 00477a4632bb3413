//! A peer that speaks HTTP/1.1, byte by byte.

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::{peer::Answer, table::Row};

/// One row on a connection of its own.
pub async fn exchange(server: rsgrpc::Server, row: &Row) -> Answer {
    let body: Vec<Vec<u8>> = row.body.iter().map(|chunk| chunk()).collect();
    exchange_with(server, row, &body).await
}

/// The row with another body.
pub async fn exchange_with(server: rsgrpc::Server, row: &Row, body: &[Vec<u8>]) -> Answer {
    send(server, row.path, row.method, row.headers, body, row.ends).await
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
    let mut lines = head.split("\r\n");
    let mut answer = Answer { http: lines.next().unwrap()[9..12].parse().unwrap(), ..Answer::default() };
    for line in lines {
        let (name, value) = line.split_once(": ").unwrap_or((line, ""));
        answer.head.insert(name.to_lowercase(), value.to_owned());
    }
    let body = &received[end + 4..];
    answer.body = match answer.head.contains_key("transfer-encoding") {
        true => dechunk(body),
        false => body.to_vec(),
    };
    answer
}

fn dechunk(mut body: &[u8]) -> Vec<u8> {
    let mut joined = Vec::new();
    loop {
        let end = body.windows(2).position(|w| w == b"\r\n").expect("a chunk size");
        let size = usize::from_str_radix(std::str::from_utf8(&body[..end]).unwrap(), 16).unwrap();
        if size == 0 {
            assert_eq!(&body[end..], b"\r\n\r\n", "no trailers and nothing behind the end");
            return joined;
        }
        joined.extend_from_slice(&body[end + 2..end + 2 + size]);
        body = &body[end + 4 + size..];
    }
}
