//! A peer that writes any frames it likes and notes what comes back.

use std::{collections::HashMap, net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf},
    net::TcpStream,
    sync::watch,
};

pub const DATA: u8 = 0;
pub const HEADERS: u8 = 1;
pub const PRIORITY: u8 = 2;
pub const RST_STREAM: u8 = 3;
pub const SETTINGS: u8 = 4;
pub const PING: u8 = 6;
pub const GOAWAY: u8 = 7;
pub const WINDOW_UPDATE: u8 = 8;
pub const CONTINUATION: u8 = 9;

pub const END_STREAM: u8 = 1;
pub const ACK: u8 = 1;
pub const END_HEADERS: u8 = 4;

pub const ENHANCE_YOUR_CALM: u32 = 11;

pub const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// What came back so far.
#[derive(Debug, Default, Clone)]
pub struct Seen {
    /// The code of the last GOAWAY.
    pub goaway: Option<u32>,
    pub closed: bool,
    /// Streams that the server ended, and the bytes of DATA on all of them.
    pub ended: usize,
    pub data: usize,
    /// The streams that were reset, and by which codes.
    pub resets: Vec<(u32, u32)>,
    /// The beginning of all DATA.
    pub text: Vec<u8>,
    pub pongs: usize,
    /// The blocks of headers.
    pub heads: Vec<Vec<u8>>,
    /// The streams that are over for the server.
    over: Vec<u32>,
    /// The window of streams, as its SETTINGS have it.
    stream_window: Option<usize>,
    /// What its WINDOW_UPDATEs allowed, by stream.
    credit: HashMap<u32, usize>,
}

/// As everything begins (RFC 9113, 6.9.2). On streams it stays so until the server's SETTINGS are acknowledged.
const INITIAL_WINDOW: usize = 65_535;

impl Seen {
    pub fn is_over(&self) -> bool {
        self.closed || self.goaway.is_some()
    }
}

pub struct Attacker {
    write: WriteHalf<TcpStream>,
    seen: watch::Receiver<Seen>,
    pings: usize,
    next_stream: u32,
    /// What was sent of bodies, by stream and, as 0, of all.
    spent: HashMap<u32, usize>,
    stream_window: usize,
}

impl Attacker {
    /// A connection after its preface and SETTINGS.
    pub async fn connect(server: SocketAddr) -> Self {
        Self::with_settings(server, &[]).await
    }

    pub async fn with_settings(server: SocketAddr, settings: &[u8]) -> Self {
        let (read, attacker, seen) = Self::open(server, settings).await;
        tokio::spawn(read_all(read, seen));
        attacker
    }

    /// One that reads nothing.
    pub async fn unread(server: SocketAddr, settings: &[u8]) -> Self {
        let (read, attacker, seen) = Self::open(server, settings).await;
        tokio::spawn(async move {
            seen.closed().await;
            drop(read);
        });
        attacker
    }

    async fn open(server: SocketAddr, settings: &[u8]) -> (ReadHalf<TcpStream>, Self, watch::Sender<Seen>) {
        let socket = TcpStream::connect(server).await.unwrap();
        socket.set_nodelay(true).unwrap();
        let (read, mut write) = tokio::io::split(socket);
        write.write_all(PREFACE).await.unwrap();
        write.write_all(&frame(SETTINGS, 0, 0, settings)).await.unwrap();
        let (sender, seen) = watch::channel(Seen::default());
        (
            read,
            Self { write, seen, pings: 0, next_stream: 1, spent: HashMap::new(), stream_window: INITIAL_WINDOW },
            sender,
        )
    }

    /// Writes these bytes; false once the server does not take them any more.
    pub async fn send(&mut self, bytes: &[u8]) -> bool {
        self.write.write_all(bytes).await.is_ok()
    }

    /// Acknowledges the server's SETTINGS: from then on the windows of streams are as it says.
    pub async fn take_up_settings(&mut self) {
        self.until("SETTINGS", |seen| seen.stream_window.is_some()).await;
        self.stream_window = self.seen().stream_window.unwrap();
        self.send(&frame(SETTINGS, ACK, 0, &[])).await;
    }

    /// Waits until the windows let through so many bytes, and gives how many; 0 once the server does not want them.
    pub async fn room(&mut self, stream: u32, bytes: usize) -> usize {
        let spent = |stream| self.spent.get(&stream).copied().unwrap_or_default();
        let (on_stream, on_all, stream_window) = (spent(stream), spent(0), self.stream_window);
        let room = |seen: &Seen| {
            let of = |stream, initial: usize| initial + seen.credit.get(&stream).copied().unwrap_or_default();
            (of(stream, stream_window) - on_stream).min(of(0, INITIAL_WINDOW) - on_all)
        };
        let refused = |seen: &Seen| seen.is_over() || seen.over.contains(&stream);
        self.until("room in the windows", |seen| room(seen) >= bytes || refused(seen)).await;
        let seen = self.seen();
        if refused(&seen) { 0 } else { room(&seen) }
    }

    /// Notes that so many bytes of DATA were sent.
    pub fn spend(&mut self, stream: u32, bytes: usize) {
        for stream in [stream, 0] {
            *self.spent.entry(stream).or_default() += bytes;
        }
    }

    /// Sends a whole body as the server's windows allow; false once it does not want the rest.
    pub async fn body(&mut self, stream: u32, body: &[u8]) -> bool {
        let count = body.len().div_ceil(16_384);
        for (at, chunk) in body.chunks(16_384).enumerate() {
            if self.room(stream, chunk.len()).await < chunk.len() {
                return false;
            }
            self.spend(stream, chunk.len());
            if !self.send(&frame(DATA, u8::from(at + 1 == count), stream, chunk)).await {
                return false;
            }
        }
        true
    }

    /// Ends the connection.
    pub async fn close(mut self) {
        self.write.shutdown().await.unwrap();
        self.until("the end of the connection", |seen| seen.closed).await;
    }

    /// The id of a new stream.
    pub fn stream(&mut self) -> u32 {
        self.next_stream += 2;
        self.next_stream - 2
    }

    /// Waits until the server has worked on all that was sent, as its answer to a PING tells; false if the connection is
    /// over instead.
    pub async fn settled(&mut self) -> bool {
        self.ping(Seen::is_over).await;
        !self.seen().is_over()
    }

    /// The same, of one who does not care for a GOAWAY.
    pub async fn settled_or_closed(&mut self) {
        self.ping(|seen| seen.closed).await;
    }

    async fn ping(&mut self, over: fn(&Seen) -> bool) {
        self.pings += 1;
        let pings = self.pings;
        self.send(&frame(PING, 0, 0, b"attacked")).await;
        self.until("an answer to a PING", |seen| seen.pongs >= pings || over(seen)).await;
    }

    /// The code of the GOAWAY with which the connection ends.
    pub async fn dismissed(&mut self) -> Option<u32> {
        self.until("the end of the connection", Seen::is_over).await;
        self.seen().goaway
    }

    pub async fn until(&mut self, what: &str, condition: impl Fn(&Seen) -> bool) {
        let reached = self.seen.wait_for(|seen| condition(seen));
        let reached = matches!(tokio::time::timeout(Duration::from_secs(60), reached).await, Ok(Ok(_)));
        assert!(reached, "not within a minute: {what}; {:?}", self.seen());
    }

    pub fn seen(&self) -> Seen {
        self.seen.borrow().clone()
    }

    /// Sends rounds of frames, and waits after each until the server has worked on it. How many rounds it took until the
    /// connection was over; `None` if it never was.
    pub async fn rounds(&mut self, rounds: usize, mut round: impl FnMut(&mut Self) -> Vec<u8>) -> Option<usize> {
        for done in 0..rounds {
            let frames = round(self);
            self.send(&frames).await;
            if !self.settled().await {
                return Some(done + 1);
            }
        }
        None
    }
}

async fn read_all(mut read: ReadHalf<TcpStream>, seen: watch::Sender<Seen>) {
    while let Some((kind, flags, stream, payload)) = read_frame(&mut read).await {
        let word = |at: usize| payload.get(at..at + 4).map(|word| u32::from_be_bytes(word.try_into().unwrap()));
        seen.send_modify(|seen| {
            match kind {
                GOAWAY => seen.goaway = word(4),
                PING if flags & ACK != 0 => seen.pongs += 1,
                SETTINGS if flags & ACK == 0 => {
                    let windows = payload.chunks_exact(6).filter(|setting| setting[..2] == [0, 4]);
                    let value = |setting: &[u8]| u32::from_be_bytes(setting[2..].try_into().unwrap()) as usize;
                    seen.stream_window = windows.map(value).next_back().or(Some(INITIAL_WINDOW));
                }
                RST_STREAM => {
                    seen.resets.push((stream, word(0).unwrap()));
                    seen.over.push(stream);
                }
                WINDOW_UPDATE => *seen.credit.entry(stream).or_default() += word(0).unwrap() as usize,
                DATA => {
                    seen.data += payload.len();
                    let room = 8192usize.saturating_sub(seen.text.len()).min(payload.len());
                    seen.text.extend(&payload[..room]);
                }
                HEADERS => seen.heads.push(payload.clone()),
                _ => {}
            }
            if matches!(kind, DATA | HEADERS) && flags & END_STREAM != 0 {
                seen.ended += 1;
                seen.over.push(stream);
            }
        });
    }
    seen.send_modify(|seen| seen.closed = true);
}

async fn read_frame(read: &mut ReadHalf<TcpStream>) -> Option<(u8, u8, u32, Vec<u8>)> {
    let mut head = [0; 9];
    read.read_exact(&mut head).await.ok()?;
    let [a, b, c, kind, flags, stream @ ..] = head;
    let mut payload = vec![0; u32::from_be_bytes([0, a, b, c]) as usize];
    read.read_exact(&mut payload).await.ok()?;
    Some((kind, flags, u32::from_be_bytes(stream), payload))
}

pub fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = (payload.len() as u32).to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// Whose calls an attack is made of.
#[derive(Debug, Clone, Copy)]
pub enum Caller {
    Grpc,
    Rest,
}

impl Caller {
    pub const ALL: [Self; 2] = [Self::Grpc, Self::Rest];

    /// The headers of a call to the tests' service.
    pub fn head(self, method: &str) -> Vec<u8> {
        match self {
            Self::Grpc => call(&format!("/test.Echo/{method}")),
            Self::Rest => post(&format!("/v1/{}", method.to_lowercase()), "application/json", None),
        }
    }

    /// A call that has not sent anything yet.
    pub fn open(self, stream: u32, method: &str) -> Vec<u8> {
        frame(HEADERS, END_HEADERS, stream, &self.head(method))
    }

    /// One that has sent all.
    pub fn ask(self, stream: u32, method: &str) -> Vec<u8> {
        let body = match self {
            Self::Grpc => message("hi"),
            Self::Rest => b"\"hi\"".to_vec(),
        };
        [self.open(stream, method), frame(DATA, END_STREAM, stream, &body)].concat()
    }
}

/// The headers of a gRPC call.
pub fn call(path: &str) -> Vec<u8> {
    fields(&[
        (":method", "POST"),
        (":scheme", "http"),
        (":authority", "test"),
        (":path", path),
        ("content-type", "application/grpc"),
        ("te", "trailers"),
    ])
}

/// Header fields that need neither tables nor Huffman's code (RFC 7541, 6.2.2).
pub fn fields(fields: &[(&str, &str)]) -> Vec<u8> {
    let literal = |(name, value): &(&str, &str)| [&[0][..], &text(name), &text(value)].concat();
    fields.iter().flat_map(literal).collect()
}

fn text(text: &str) -> Vec<u8> {
    let mut length = vec![text.len().min(127) as u8];
    // An integer with a prefix of seven bits (RFC 7541, 5.1).
    if let Some(mut rest) = text.len().checked_sub(127) {
        while rest >= 128 {
            length.push(rest as u8 | 128);
            rest >>= 7;
        }
        length.push(rest as u8);
    }
    [&length, text.as_bytes()].concat()
}

/// A message of this text, framed for gRPC.
pub fn message(text: &str) -> Vec<u8> {
    let payload = if text.is_empty() { Vec::new() } else { [&[0x0a, text.len() as u8], text.as_bytes()].concat() };
    framed(0, &payload)
}

/// A message of these bytes, framed for gRPC.
pub fn framed(flags: u8, payload: &[u8]) -> Vec<u8> {
    [&[flags][..], &(payload.len() as u32).to_be_bytes(), payload].concat()
}

/// The headers of a request with a body of this content type, and of this encoding.
pub fn post(path: &str, content_type: &str, encoding: Option<(&str, &str)>) -> Vec<u8> {
    let head = [
        (":method", "POST"),
        (":scheme", "http"),
        (":authority", "test"),
        (":path", path),
        ("content-type", content_type),
        ("te", "trailers"),
    ];
    [fields(&head), fields(encoding.as_slice())].concat()
}
