//! What client libraries refuse to send: HTTP/2 frames by hand, over a TCP socket.

use std::{net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use crate::{probe, table::text};

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;

const END_STREAM: u8 = 1;
const ACK: u8 = 1;
const END_HEADERS: u8 = 4;

const NO_ERROR: u32 = 0;
const PROTOCOL_ERROR: u32 = 1;
const STREAM_CLOSED: u32 = 5;
const ENHANCE_YOUR_CALM: u32 = 11;

struct Raw {
    server: SocketAddr,
    socket: TcpStream,
    next_stream: u32,
    /// What the server lets us send, of a new stream and of the connection.
    window: u32,
    connection_window: u32,
}

/// What came back on one stream until it ended.
#[derive(Debug, Default, PartialEq)]
struct Answer {
    body: Vec<u8>,
    /// HEADERS frames: a head, and trailers.
    headers: usize,
    reset: Option<u32>,
}

struct Frame {
    kind: u8,
    flags: u8,
    stream: u32,
    payload: Vec<u8>,
}

impl Frame {
    fn word(&self, at: usize) -> u32 {
        u32::from_be_bytes(self.payload[at..at + 4].try_into().unwrap())
    }
}

impl Raw {
    async fn connect() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = listener.local_addr().unwrap();
        tokio::spawn(async move { probe::server().serve_with_shutdown(listener, std::future::pending::<()>()).await });
        Self::connect_to(server).await
    }

    /// Another connection to the same server.
    async fn reconnect(&mut self) {
        *self = Self::connect_to(self.server).await;
    }

    async fn connect_to(server: SocketAddr) -> Self {
        let socket = TcpStream::connect(server).await.unwrap();
        let mut raw = Self { server, socket, next_stream: 1, window: 65_535, connection_window: 65_535 };
        raw.socket.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.unwrap();
        raw.send(SETTINGS, 0, 0, &[]).await;
        raw
    }

    async fn send(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
        let length = (payload.len() as u32).to_be_bytes();
        let head = [&length[1..], &[kind, flags], &stream.to_be_bytes()].concat();
        self.socket.write_all(&[&head, payload].concat()).await.unwrap();
        self.connection_window -= if kind == DATA { payload.len() as u32 } else { 0 };
    }

    /// Opens a stream with the headers of a call.
    async fn open(&mut self, path: &str) -> u32 {
        let fields = [
            (":method", "POST"),
            (":scheme", "http"),
            (":authority", "test"),
            (":path", path),
            ("content-type", "application/grpc"),
            ("te", "trailers"),
        ];
        let stream = self.next_stream;
        self.next_stream += 2;
        self.send(HEADERS, END_HEADERS, stream, &fields.map(|(name, value)| literal(name, value)).concat()).await;
        stream
    }

    async fn call(&mut self, path: &str, body: &[u8]) -> u32 {
        let stream = self.open(path).await;
        self.send(DATA, END_STREAM, stream, body).await;
        stream
    }

    /// The next frame that is none of the connection's own business.
    async fn receive(&mut self) -> Option<Frame> {
        loop {
            let mut head = [0; 9];
            self.socket.read_exact(&mut head).await.ok()?;
            let [a, b, c, kind, flags, stream @ ..] = head;
            let mut payload = vec![0; u32::from_be_bytes([0, a, b, c]) as usize];
            self.socket.read_exact(&mut payload).await.ok()?;
            let frame = Frame { kind, flags, stream: u32::from_be_bytes(stream), payload };
            match kind {
                SETTINGS if flags & ACK == 0 => self.settings(&frame).await,
                SETTINGS => {}
                WINDOW_UPDATE if frame.stream == 0 => self.connection_window += frame.word(0),
                _ => return Some(frame),
            }
        }
    }

    async fn settings(&mut self, frame: &Frame) {
        for setting in frame.payload.chunks(6) {
            // SETTINGS_INITIAL_WINDOW_SIZE
            if setting[..2] == [0, 4] {
                self.window = u32::from_be_bytes(setting[2..].try_into().unwrap());
            }
        }
        self.send(SETTINGS, ACK, 0, &[]).await;
    }

    /// Reads until the stream is over for the server; the code of a GOAWAY that comes before is an error.
    async fn answer(&mut self, stream: u32) -> Result<Answer, u32> {
        let mut answer = Answer::default();
        loop {
            let Some(frame) = self.receive().await else { return Err(u32::MAX) };
            let ends = frame.flags & END_STREAM != 0;
            match frame.kind {
                GOAWAY => return Err(frame.word(4)),
                _ if frame.stream != stream => continue,
                DATA => answer.body.extend(&frame.payload),
                HEADERS => answer.headers += 1,
                RST_STREAM => {
                    answer.reset = Some(frame.word(0));
                    return Ok(answer);
                }
                _ => continue,
            }
            if ends {
                return Ok(answer);
            }
        }
    }

    async fn assert_healthy(&mut self) {
        let stream = self.call("/test.Echo/Unary", &text("hi")).await;
        assert_eq!(self.answer(stream).await, echoed("hi"));
    }
}

/// A header field that needs neither tables nor Huffman's code (RFC 7541, 6.2.2).
fn literal(name: &str, value: &str) -> Vec<u8> {
    [&[0, name.len() as u8], name.as_bytes(), &[value.len() as u8], value.as_bytes()].concat()
}

/// A head, this text, and trailers.
fn echoed(value: &str) -> Result<Answer, u32> {
    Ok(Answer { body: text(value), headers: 2, reset: None })
}

/// No answer but this code: a reset of the stream.
fn reset(code: u32) -> Result<Answer, u32> {
    Ok(Answer { reset: Some(code), ..Answer::default() })
}

/// A status in the head, and nothing else.
fn refused() -> Result<Answer, u32> {
    Ok(Answer { headers: 1, ..Answer::default() })
}

#[tokio::test]
async fn a_path_without_a_leading_slash() {
    let mut raw = Raw::connect().await;
    for path in ["test.Echo/Unary", "", "http://test/test.Echo/Unary"] {
        let stream = raw.call(path, &text("hi")).await;
        assert_eq!(raw.answer(stream).await, reset(PROTOCOL_ERROR), "{path:?}");
        raw.assert_healthy().await;
    }
    // Legal for other methods and schemes: paths that no method has.
    for path in ["*", "?/test.Echo/Unary"] {
        let stream = raw.call(path, &text("hi")).await;
        assert_eq!(raw.answer(stream).await, refused(), "{path:?}");
        raw.assert_healthy().await;
    }
}

/// It breaks HTTP/2 itself, so it costs the connection.
#[tokio::test]
async fn data_after_the_end_of_a_running_call() {
    let mut raw = Raw::connect().await;
    let stream = raw.call("/test.Echo/Unary", &text("sleep")).await;
    raw.send(DATA, 0, stream, &text("more")).await;
    assert_eq!(raw.answer(stream).await, Err(PROTOCOL_ERROR));
    raw.reconnect().await;
    raw.assert_healthy().await;
}

/// It may have been on its way when the answer ended the stream.
#[tokio::test]
async fn data_after_the_end_of_an_answered_call() {
    let mut raw = Raw::connect().await;
    for _ in 0..100 {
        let stream = raw.call("/test.Echo/Unary", &text("hi")).await;
        assert_eq!(raw.answer(stream).await, echoed("hi"));
        raw.send(DATA, 0, stream, &text("more")).await;
        assert_eq!(raw.answer(stream).await, reset(STREAM_CLOSED));
        raw.assert_healthy().await;
    }
}

/// They say nothing, and h2 alone would end a connection after a hundred of them.
#[tokio::test]
async fn empty_data_frames_among_calls() {
    let mut raw = Raw::connect().await;
    for _ in 0..150 {
        let stream = raw.open("/test.Echo/Unary").await;
        for body in [&[][..], &text("hi"), &[]] {
            raw.send(DATA, 0, stream, body).await;
        }
        raw.send(DATA, END_STREAM, stream, &[]).await;
        assert_eq!(raw.answer(stream).await, echoed("hi"));
    }
}

/// A client that hears nothing: what its window lets it send goes nowhere, and costs neither the connection nor a byte
/// of the connection's window. (After four windows of the connection it would be asked to go on with another.)
#[tokio::test]
async fn data_after_an_early_answer() {
    let mut raw = Raw::connect().await;
    raw.assert_healthy().await;
    let first = text("enough");
    for round in 0..7 {
        let stream = raw.open("/test.Echo/Up").await;
        raw.send(DATA, 0, stream, &first).await;
        assert_eq!(raw.answer(stream).await, echoed("enough"));
        assert_eq!(raw.answer(stream).await, reset(NO_ERROR), "round {round}");
        let rest = vec![0; raw.window as usize - first.len()];
        for frame in rest.chunks(16 * 1024) {
            raw.send(DATA, 0, stream, frame).await;
        }
        raw.assert_healthy().await;
    }
}

/// curl 7.88 forgets an answer whose stream is reset, so a request that is about to end gets the time to do so.
#[tokio::test]
async fn a_request_that_ends_after_its_answer() {
    let mut raw = Raw::connect().await;
    let stream = raw.open("/test.Echo/Nothing").await;
    assert_eq!(raw.answer(stream).await, refused());
    raw.send(DATA, END_STREAM, stream, &text("hi")).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    let next = raw.call("/test.Echo/Unary", &text("hi")).await;
    loop {
        let frame = raw.receive().await.unwrap();
        assert_eq!(frame.stream, next, "a frame of kind {}", frame.kind);
        if frame.flags & END_STREAM != 0 {
            return;
        }
    }
}

/// Each of them would cost far more to keep than flow control knows of.
#[tokio::test]
async fn a_body_in_fragments_of_a_byte() {
    let mut raw = Raw::connect().await;
    raw.assert_healthy().await;
    let stream = raw.open("/test.Echo/Up").await;
    for _ in 0..10_001 {
        raw.send(DATA, 0, stream, b"\0").await;
    }
    assert_eq!(raw.answer(stream).await, Err(ENHANCE_YOUR_CALM));
    raw.reconnect().await;
    raw.assert_healthy().await;
}
