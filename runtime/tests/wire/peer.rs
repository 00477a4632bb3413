//! A peer that sends what it is told and reports all it gets.

use std::collections::BTreeMap;

use bytes::Bytes;
use h2::client::SendRequest;
use http::{HeaderMap, Request};

use crate::table::Row;

pub struct Peer {
    send: SendRequest<Bytes>,
}

/// All that came back. Header values are shown as text.
#[derive(Debug, Default)]
pub struct Answer {
    pub http: u16,
    pub head: BTreeMap<String, String>,
    pub body: Vec<u8>,
    pub trailers: BTreeMap<String, String>,
    pub reset: Option<h2::Reason>,
}

/// A gRPC frame around a payload.
pub fn frame(payload: &[u8]) -> Vec<u8> {
    [&[0][..], &(payload.len() as u32).to_be_bytes(), payload].concat()
}

impl Peer {
    pub async fn connect(server: rsgrpc::Server) -> Self {
        let (ours, theirs) = tokio::io::duplex(64 * 1024);
        tokio::spawn(async move { server.serve_connection(theirs).await });
        let (send, connection) = h2::client::Builder::new().initial_window_size(1 << 24).handshake(ours).await.unwrap();
        tokio::spawn(connection);
        Self { send }
    }

    pub async fn unary(&self, path: &str, body: &[u8]) -> Answer {
        self.send(path, "POST", &[("content-type", "application/grpc"), ("te", "trailers")], &[body], true).await
    }

    pub async fn exchange(&self, row: &Row) -> Answer {
        let chunks: Vec<Vec<u8>> = row.body.iter().map(|chunk| chunk()).collect();
        let chunks: Vec<&[u8]> = chunks.iter().map(|chunk| &chunk[..]).collect();
        self.send_row(row, &chunks).await
    }

    /// The row with another body.
    pub async fn send_row(&self, row: &Row, body: &[&[u8]]) -> Answer {
        self.send(row.path, row.method, row.headers, body, row.ends).await
    }

    pub async fn send(&self, path: &str, method: &str, headers: &[(&str, &str)], body: &[&[u8]], ends: bool) -> Answer {
        let mut request = Request::builder().method(method).uri(format!("http://test{path}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut send = self.send.clone().ready().await.unwrap();
        let (response, mut stream) = send.send_request(request.body(()).unwrap(), body.is_empty() && ends).unwrap();
        for (i, chunk) in body.iter().enumerate() {
            let last = ends && i + 1 == body.len();
            // The server may have answered and reset already.
            let _ = stream.send_data(Bytes::copy_from_slice(chunk), last);
            tokio::task::yield_now().await;
        }
        let mut answer = Answer::default();
        match response.await {
            Err(error) => answer.reset = error.reason(),
            Ok(response) => {
                answer.http = response.status().as_u16();
                answer.head = text(response.headers());
                let mut received = response.into_body();
                while let Some(chunk) = received.data().await {
                    match chunk {
                        Ok(chunk) => {
                            let _ = received.flow_control().release_capacity(chunk.len());
                            answer.body.extend_from_slice(&chunk);
                        }
                        Err(error) => {
                            answer.reset = error.reason();
                            return answer;
                        }
                    }
                }
                answer.trailers = received.trailers().await.ok().flatten().map(|t| text(&t)).unwrap_or_default();
            }
        }
        answer
    }
}

fn text(headers: &HeaderMap) -> BTreeMap<String, String> {
    let show = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let mut fields = BTreeMap::<String, String>::new();
    for (name, value) in headers {
        let field = fields.entry(name.to_string()).or_default();
        if !field.is_empty() {
            field.push_str(", ");
        }
        field.push_str(&show(value));
    }
    fields
}

impl Answer {
    /// What differs from the row.
    pub fn compare(&self, row: &Row) -> Vec<String> {
        let want = &row.answer;
        let mut wrong = Vec::new();
        let mut check = |what: &str, got: String, wanted: String| {
            if got != wanted {
                wrong.push(format!("{}: {what} is {got:?}, expected {wanted:?}", row.name));
            }
        };
        check("HTTP status", self.http.to_string(), want.http.to_string());
        check(
            "body",
            format!("{:?}", bytes::Bytes::from(self.body.clone())),
            format!("{:?}", Bytes::from((want.body)())),
        );
        check("reset", format!("{:?}", self.reset), format!("{:?}", want.reset));
        let status = self.trailers.get("grpc-status").or(self.head.get("grpc-status")).cloned().unwrap_or_default();
        check("grpc-status", status, want.status.to_owned());
        let message = self.trailers.get("grpc-message").or(self.head.get("grpc-message")).cloned().unwrap_or_default();
        if message.len() > 2048 {
            check("the length of grpc-message", message.len().to_string(), "at most 2048".to_owned());
        }
        if !message.contains(want.message) {
            check("grpc-message", message, format!("…{}…", want.message));
        }
        for (name, value) in want.headers {
            check(name, self.head.get(*name).cloned().unwrap_or_else(|| "absent".into()), (*value).to_owned());
        }
        for (name, value) in want.trailers {
            let got = self.trailers.get(*name).cloned().unwrap_or_else(|| "absent".into());
            check(&format!("trailer {name}"), got, (*value).to_owned());
        }
        wrong
    }
}
