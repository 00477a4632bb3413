//! Sends a case over HTTP/1.1, byte by byte.

use std::net::SocketAddr;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use transcoding_tests::cases::Case;

use crate::answer::Answer;

pub async fn exchange(server: SocketAddr, case: &Case) -> Answer {
    let mut socket = TcpStream::connect(server).await.unwrap();
    let mut request = format!("{} {} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n", case.verb, case.target);
    request += &format!("case: {}\r\n", case.line);
    for (name, value) in &case.headers {
        request += &format!("{name}: {value}\r\n");
    }
    match &case.body {
        Some(body) => request += &format!("content-length: {}\r\n\r\n{body}", body.len()),
        None => request += "\r\n",
    }
    // The server may answer, and close, before it has read all.
    let _ = socket.write_all(request.as_bytes()).await;
    let mut received = Vec::new();
    let _ = socket.read_to_end(&mut received).await;
    parse(&received)
}

fn parse(received: &[u8]) -> Answer {
    let Some(end) = find(received, b"\r\n\r\n") else { return Answer::default() };
    let head = String::from_utf8_lossy(&received[..end]);
    let (line, headers) = head.split_once("\r\n").unwrap_or((&head, ""));
    let mut answer = Answer { status: line[9..12].parse().unwrap(), ..Answer::default() };
    answer.add_headers(headers);
    let body = &received[end + 4..];
    if answer.headers.iter().any(|(name, _)| name == "transfer-encoding") {
        answer.dechunk(body);
    } else {
        answer.body = body.to_vec();
    }
    answer
}

impl Answer {
    fn add_headers(&mut self, lines: &str) {
        let pairs = lines.split("\r\n").filter_map(|line| line.split_once(": "));
        self.headers.extend(pairs.map(|(name, value)| (name.to_lowercase(), value.to_owned())));
    }

    /// The chunks and, behind them, trailers.
    fn dechunk(&mut self, mut body: &[u8]) {
        while let Some(end) = find(body, b"\r\n") {
            let size = usize::from_str_radix(std::str::from_utf8(&body[..end]).unwrap(), 16).unwrap();
            body = &body[end + 2..];
            if size == 0 {
                self.add_headers(&String::from_utf8_lossy(body));
                return;
            }
            self.body.extend_from_slice(&body[..size]);
            body = &body[size + 2..];
        }
    }
}

fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    text.windows(what.len()).position(|window| window == what)
}
