//! The ways to make a call: each protocol over each HTTP that it has.

use std::{io::Write, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use h2::client::SendRequest;
use rsgrpc::Server;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::Instant,
};

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Protocol {
    Grpc,
    GrpcWeb,
    GrpcWebText,
    Connect,
    Rest,
}

#[derive(Debug, Clone, Copy)]
pub struct Lane {
    pub protocol: Protocol,
    pub http2: bool,
    /// Over a socket rather than in memory, where the time is tokio's.
    pub tcp: bool,
}

/// A request of one message.
#[derive(Debug, Clone)]
pub struct Sent {
    /// As limits for it are named.
    pub method: &'static str,
    pub message: Message,
    pub gzip: bool,
    /// In the middle of the body.
    pub pause: Duration,
    /// The message comes twice, and the pause is between the two.
    pub twice: bool,
    pub headers: Vec<(String, String)>,
}

#[derive(Debug, Clone)]
pub enum Message {
    Text(String),
    Elements(usize),
}

/// How a request is answered instead of well.
#[derive(Debug, Clone, Copy)]
pub enum Refusal {
    /// By a status, with its number and name in gRPC, and what HTTP makes of it.
    Status(u8, &'static str, u16),
    /// Before anybody has looked at what it is.
    Http(u16),
}

/// An answer, and after how long it began.
#[derive(Debug, Default)]
pub struct Answer {
    http: u16,
    /// Head, body and trailers.
    pub text: String,
    pub after: Duration,
    /// After how long it was complete.
    pub whole: Duration,
}

impl Sent {
    pub fn text(text: impl Into<String>) -> Self {
        let message = Message::Text(text.into());
        let (pause, headers) = (Duration::ZERO, Vec::new());
        Self { method: "test.Echo/Unary", message, gzip: false, pause, twice: false, headers }
    }

    /// As the only message of a stream.
    pub fn streamed(self) -> Self {
        Self { method: "test.Echo/Up", ..self }
    }

    pub fn service(&self) -> &'static str {
        self.method.split('/').next().unwrap()
    }

    fn streams_requests(&self) -> bool {
        self.method == "test.Echo/Up"
    }

    fn is_stream(&self) -> bool {
        self.streams_requests() || self.method == "test.Echo/Down"
    }

    fn protobuf(&self) -> Vec<u8> {
        match &self.message {
            Message::Text(text) => prost::Message::encode_to_vec(text),
            Message::Elements(count) => [0x0a, 0].repeat(*count),
        }
    }

    fn json(&self) -> Vec<u8> {
        match &self.message {
            Message::Text(text) if self.streams_requests() => format!("[\"{text}\"]").into_bytes(),
            Message::Text(text) => format!("\"{text}\"").into_bytes(),
            Message::Elements(count) => format!("[{}]", vec!["0"; *count].join(",")).into_bytes(),
        }
    }
}

impl Lane {
    pub fn all() -> impl Iterator<Item = Self> {
        use Protocol::{Connect, Grpc, GrpcWeb, GrpcWebText, Rest};
        let lane = |http2| move |protocol| Self { protocol, http2, tcp: false };
        let over_http2 = [Grpc, GrpcWeb, GrpcWebText, Connect, Rest].map(lane(true));
        over_http2.into_iter().chain([GrpcWeb, GrpcWebText, Connect, Rest].map(lane(false)))
    }

    /// The path, the headers and the body of a request, in two pieces.
    fn written(self, sent: &Sent) -> (String, Vec<(String, String)>, [Vec<u8>; 2]) {
        let stream = sent.is_stream();
        let name = sent.method.rsplit('/').next().unwrap().to_lowercase();
        let path = if self.protocol == Protocol::Rest { format!("/v1/{name}") } else { format!("/{}", sent.method) };
        let (content_type, encoding) = match self.protocol {
            Protocol::Grpc => ("application/grpc", "grpc-encoding"),
            Protocol::GrpcWeb => ("application/grpc-web+proto", "grpc-encoding"),
            Protocol::GrpcWebText => ("application/grpc-web-text+proto", "grpc-encoding"),
            Protocol::Connect if stream => ("application/connect+proto", "connect-content-encoding"),
            Protocol::Connect => ("application/proto", "content-encoding"),
            Protocol::Rest => ("application/json", "content-encoding"),
        };
        let mut headers = vec![("content-type", content_type)];
        if self.protocol == Protocol::GrpcWebText {
            // So that the answer is no base64.
            headers.push(("accept", "application/grpc-web+proto"));
        }
        if sent.gzip {
            headers.push((encoding, "gzip"));
        }
        let headers = headers.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
        let plain = if self.protocol == Protocol::Rest { sent.json() } else { sent.protobuf() };
        let packed = if sent.gzip { gzip(&plain) } else { plain };
        let is_bare = self.protocol == Protocol::Rest || (self.protocol == Protocol::Connect && !stream);
        let body = if is_bare { packed } else { crate::attacker::framed(sent.gzip.into(), &packed) };
        let body = if self.protocol == Protocol::GrpcWebText { STANDARD.encode(body).into_bytes() } else { body };
        let pieces = match (sent.twice, self.protocol) {
            // A list is written as `[` and a text and `]`.
            (true, Protocol::Rest) => [body[..body.len() - 1].to_vec(), [b",", &body[1..]].concat()],
            (true, _) => [body.clone(), body],
            // Behind a whole group of base64, so that what came of it can be read.
            (false, _) => [&body[..body.len() / 8 * 4], &body[body.len() / 8 * 4..]].map(<[u8]>::to_vec),
        };
        (path, headers.chain(sent.headers.iter().cloned()).collect(), pieces)
    }

    /// What is wrong with an answer to this that should be so, or a good one.
    pub fn differs(self, sent: &Sent, answer: &Answer, wanted: Option<Refusal>) -> Option<String> {
        let (http, mark) = match (wanted, self.protocol) {
            (None, Protocol::Grpc | Protocol::GrpcWeb | Protocol::GrpcWebText) => (200, "grpc-status: 0".to_owned()),
            (None, _) => (200, String::new()),
            (Some(Refusal::Http(http)), _) => (http, String::new()),
            (Some(Refusal::Status(code, ..)), Protocol::Grpc | Protocol::GrpcWeb | Protocol::GrpcWebText) => {
                (200, format!("grpc-status: {code}"))
            }
            (Some(Refusal::Status(_, name, http)), Protocol::Connect) => {
                let http = if sent.is_stream() { 200 } else { http };
                (http, format!(r#""code":"{}""#, name.to_lowercase()))
            }
            (Some(Refusal::Status(_, name, http)), Protocol::Rest) => (http, format!(r#""status":"{name}""#)),
        };
        let is_error = answer.text.contains("\"error\":");
        let good = answer.http == http && answer.text.contains(&mark) && (wanted.is_some() || !is_error);
        (!good).then(|| format!("{answer:?} is not {http} with {mark}"))
    }

    pub async fn connect(self, server: &Server) -> Peer {
        self.connect_until(server, Duration::MAX).await
    }

    /// Connects to a server that is shut down after so long.
    pub async fn connect_until(self, server: &Server, stop: Duration) -> Peer {
        let server = server.clone();
        if !self.http2 {
            return Peer { lane: self, http2: None, server, stop };
        }
        let ours = serve(&server, stop, self.tcp).await;
        let (send, connection) = h2::client::Builder::new().handshake(ours).await.unwrap();
        tokio::spawn(connection);
        Peer { lane: self, http2: Some(send), server, stop }
    }
}

async fn serve(server: &Server, stop: Duration, tcp: bool) -> Box<dyn Io> {
    let server = server.clone();
    if tcp {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let socket = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        tokio::spawn(async move { server.serve_with_shutdown(listener, tokio::time::sleep(stop)).await });
        return Box::new(socket);
    }
    let (ours, theirs) = tokio::io::duplex(1 << 20);
    tokio::spawn(async move { server.serve_connection_with_shutdown(theirs, tokio::time::sleep(stop)).await });
    Box::new(ours)
}

/// A connection.
trait Io: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Io for T {}

fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

/// Somebody with a connection of HTTP/2, or one of HTTP/1.1 for each request.
pub struct Peer {
    lane: Lane,
    http2: Option<SendRequest<Bytes>>,
    server: Server,
    stop: Duration,
}

/// A body in two pieces, and the pause between them.
type Body = (Bytes, Duration, Bytes);

impl Peer {
    pub async fn exchange(&self, sent: &Sent) -> Answer {
        let (path, headers, [first, rest]) = self.lane.written(sent);
        let body = (Bytes::from(first), sent.pause, Bytes::from(rest));
        match &self.http2 {
            Some(send) => over_http2(send.clone(), &path, &headers, body).await,
            None => over_http1(serve(&self.server, self.stop, self.lane.tcp).await, &path, &headers, body).await,
        }
    }
}

async fn over_http2(
    send: SendRequest<Bytes>,
    path: &str,
    headers: &[(String, String)],
    (first, pause, rest): Body,
) -> Answer {
    let mut request = http::Request::post(format!("http://test{path}"));
    for (name, value) in headers {
        request = request.header(name, value);
    }
    let began = Instant::now();
    let (response, mut stream) = send.ready().await.unwrap().send_request(request.body(()).unwrap(), false).unwrap();
    stream.send_data(first, false).unwrap();
    tokio::spawn(async move {
        tokio::time::sleep(pause).await;
        // Nobody may want it any more.
        let _ = stream.send_data(rest, true);
    });
    let (head, mut body) = response.await.unwrap().into_parts();
    let mut answer = Answer { http: head.status.as_u16(), after: began.elapsed(), ..Answer::default() };
    answer.add(&head.headers);
    while let Some(Ok(chunk)) = body.data().await {
        let _ = body.flow_control().release_capacity(chunk.len());
        answer.text += &String::from_utf8_lossy(&chunk);
    }
    if let Ok(Some(trailers)) = body.trailers().await {
        answer.add(&trailers);
    }
    answer.whole = began.elapsed();
    answer
}

impl Answer {
    fn add(&mut self, fields: &http::HeaderMap) {
        for (name, value) in fields {
            self.text += &format!("{name}: {}\n", value.to_str().unwrap());
        }
    }
}

async fn over_http1(
    connection: Box<dyn Io>,
    path: &str,
    headers: &[(String, String)],
    (first, pause, rest): Body,
) -> Answer {
    let (mut read, mut write) = tokio::io::split(connection);
    let mut head = format!("POST {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n");
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    head += &format!("content-length: {}\r\n\r\n", first.len() + rest.len());
    let began = Instant::now();
    let writing = tokio::spawn(async move {
        write.write_all(&[head.as_bytes(), &first].concat()).await.unwrap();
        tokio::time::sleep(pause).await;
        // Nobody may want it any more.
        let _ = write.write_all(&rest).await;
        write
    });
    let mut received = vec![0; 4096];
    let len = read.read(&mut received).await.unwrap();
    let after = began.elapsed();
    received.truncate(len);
    read.read_to_end(&mut received).await.unwrap();
    drop(writing);
    let whole = began.elapsed();
    let text = String::from_utf8_lossy(&received).into_owned();
    Answer { http: text.get(9..12).and_then(|status| status.parse().ok()).unwrap_or_default(), text, after, whole }
}
