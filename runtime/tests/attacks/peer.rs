//! Somebody who sends whole requests over HTTP/2, within the windows, and reads what is said to them.

use std::net::SocketAddr;

use bytes::Bytes;
use h2::client::SendRequest;
use tokio::net::TcpStream;

/// A request that is to be refused.
#[derive(Clone)]
pub struct Hostile {
    path: String,
    content_type: &'static str,
    encoding: Option<(&'static str, &'static str)>,
    body: Bytes,
}

impl std::fmt::Debug for Hostile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { path, content_type, encoding, body } = self;
        write!(f, "{} bytes of {content_type} to {path}, {encoding:?}", body.len())
    }
}

const GRPC: &str = "application/grpc";

impl Hostile {
    pub fn grpc(path: impl Into<String>, body: Vec<u8>) -> Self {
        Self { path: path.into(), content_type: GRPC, encoding: None, body: body.into() }
    }

    /// By Connect or by REST, as the path has it.
    pub fn json(path: impl Into<String>, body: Vec<u8>) -> Self {
        Self { path: path.into(), content_type: "application/json", encoding: None, body: body.into() }
    }

    fn compressed(self, encoding: &'static str) -> Self {
        let header = if self.content_type == GRPC { "grpc-encoding" } else { "content-encoding" };
        Self { encoding: Some((header, encoding)), ..self }
    }
}

/// What decompresses to much more, by each encoding that is compiled in: to a handler of a number and of a stream, by gRPC,
/// Connect and REST.
pub fn bombs(bomb: &dyn Fn(&str) -> Vec<u8>) -> Vec<Hostile> {
    let encodings = [
        "gzip",
        #[cfg(feature = "deflate")]
        "deflate",
        #[cfg(feature = "zstd")]
        "zstd",
    ];
    let of = |encoding| {
        let bomb = bomb(encoding);
        let all = [
            Hostile::grpc("/test.Bulk/Count", framed(1, &bomb)),
            Hostile::grpc("/test.Bulk/Total", framed(1, &bomb)),
            Hostile::json("/test.Bulk/Count", bomb.clone()),
            Hostile::json("/v1/count", bomb),
        ];
        all.map(|hostile| hostile.compressed(encoding))
    };
    encodings.into_iter().flat_map(of).collect()
}

pub use crate::attacker::framed;

#[derive(Debug, Default)]
pub struct Told {
    http: u16,
    /// The status of gRPC.
    code: Option<String>,
    pub text: String,
}

impl Told {
    /// By HTTP, and by gRPC.
    pub fn status(&self) -> (u16, Option<&str>) {
        (self.http, self.code.as_deref())
    }

    /// What is wrong with this as a refusal by this code of gRPC, or by this status of HTTP.
    pub fn wrong(&self, hostile: &Hostile, code: u16, http: u16) -> Option<String> {
        let right = match hostile.content_type {
            GRPC => self.http == 200 && self.code == Some(code.to_string()),
            _ => self.http == http && self.text.contains("\"code\":"),
        };
        (!right).then(|| format!("{hostile:?}: {self:?} is not {code} or {http}"))
    }
}

pub struct Peer(SendRequest<Bytes>);

impl Peer {
    pub async fn connect(addr: SocketAddr) -> Self {
        let socket = TcpStream::connect(addr).await.unwrap();
        let (send, connection) = h2::client::handshake(socket).await.unwrap();
        tokio::spawn(connection);
        Self(send)
    }

    pub async fn ask(&self, hostile: &Hostile) -> Told {
        let request = http::Request::post(format!("http://test{}", hostile.path));
        let request = request.header("content-type", hostile.content_type);
        let request = hostile.encoding.into_iter().fold(request, |request, (name, value)| request.header(name, value));
        let mut send = self.0.clone().ready().await.unwrap();
        let (response, mut stream) = send.send_request(request.body(()).unwrap(), false).unwrap();
        // As the windows allow, and as long as somebody wants it.
        let body = hostile.body.clone();
        let sending = tokio::spawn(async move {
            let mut body = body;
            while !body.is_empty() {
                stream.reserve_capacity(body.len().min(1 << 16));
                match std::future::poll_fn(|cx| stream.poll_capacity(cx)).await {
                    Some(Ok(0)) => {}
                    Some(Ok(room)) => {
                        let part = body.split_to(room.min(body.len()));
                        if stream.send_data(part, body.is_empty()).is_err() {
                            return;
                        }
                    }
                    _ => return,
                }
            }
        });
        let (head, mut body) = response.await.unwrap().into_parts();
        let code = |fields: &http::HeaderMap| Some(fields.get("grpc-status")?.to_str().unwrap().to_owned());
        let mut told = Told { http: head.status.as_u16(), code: code(&head.headers), text: String::new() };
        while let Some(Ok(chunk)) = body.data().await {
            let _ = body.flow_control().release_capacity(chunk.len());
            told.text += &String::from_utf8_lossy(&chunk);
        }
        if let Ok(Some(trailers)) = body.trailers().await {
            told.code = code(&trailers);
        }
        sending.abort();
        told
    }

    pub async fn assert_healthy(&self) {
        let told = self.ask(&Hostile::grpc("/test.Echo/Unary", framed(0, b"\x0a\x02hi"))).await;
        assert_eq!((told.code.as_deref(), told.text.ends_with("hi")), (Some("0"), true), "{told:?}");
    }
}
