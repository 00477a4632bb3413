//! Connections that fail: what the caller reads, and what the server's log says.

use rcgen::date_time_ymd;
use rsgrpc::{Channel, ClientTls, Code, Protocol, ServerTls};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{
    ask, channel,
    log::Log,
    pki::{Ca, Pair},
    raw, start,
    support::EchoClient,
};

/// What meets what, and what the caller reads behind "cannot connect to localhost:PORT: ", and the operator in the log of
/// the server behind "a TLS handshake failed: ".
struct Row {
    server: Option<ServerTls>,
    client: ClientTls,
    reads: &'static str,
    logs: Option<&'static str>,
}

#[tokio::test]
async fn certificates_that_are_not_trusted() {
    let (ca, stranger) = (Ca::new("ca"), Ca::new("stranger"));
    let expired = |params: &mut rcgen::CertificateParams| {
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2021, 1, 1);
    };
    let future = |params: &mut rcgen::CertificateParams| params.not_before = date_time_ymd(3000, 1, 1);
    let plain = ClientTls::new().roots(ca.roots());
    let server = |pair: Pair| Some(ServerTls::new(pair.identity()));
    let mutual = || Some(ServerTls::new(ca.issue(&["localhost"]).identity()).require_client_certificate(ca.roots()));
    let rows = [
        Row {
            server: server(stranger.issue(&["localhost"])),
            client: plain.clone(),
            reads: "the server's certificate is refused: it is signed by no authority that is trusted here",
            logs: Some("the client does not trust the CA of the server's certificate"),
        },
        Row {
            server: server(Pair::self_signed(&["localhost"])),
            client: plain.clone(),
            reads: "the server's certificate is refused: it is signed by no authority that is trusted here",
            logs: Some("the client does not trust the CA of the server's certificate"),
        },
        Row {
            server: server(ca.issue_with(&["localhost"], expired)),
            client: plain.clone(),
            reads: "the server's certificate is refused: it has expired (",
            logs: Some("the client refused the connection with the alert CertificateExpired"),
        },
        Row {
            server: server(ca.issue_with(&["localhost"], future)),
            client: plain.clone(),
            reads: "the server's certificate is refused: it is not valid yet (",
            logs: Some("the client refused the connection with the alert CertificateExpired"),
        },
        Row {
            server: server(ca.issue(&["other.test"])),
            client: plain.clone(),
            reads: "the server's certificate is refused: certificate not valid for name \"localhost\"",
            logs: Some("the client refused the connection with the alert BadCertificate"),
        },
        Row {
            server: None,
            client: plain.clone(),
            reads: "the server does not speak TLS on this port; an unencrypted one is reached by http://",
            logs: None,
        },
        Row {
            server: mutual(),
            client: plain.clone(),
            reads: "the server demands a client certificate; give one with ClientTls::identity",
            logs: Some("the client presented no certificate, and one is required"),
        },
        Row {
            server: mutual(),
            client: plain.clone().identity(stranger.issue(&["me"]).identity()),
            reads: "the server refuses the client's certificate (alert UnknownCA)",
            logs: Some("the client's certificate is refused: it is signed by no authority that is trusted here"),
        },
        Row {
            server: mutual(),
            client: plain.clone().identity(ca.issue_with(&["me"], expired).identity()),
            reads: "the server refuses the client's certificate (alert CertificateExpired)",
            logs: Some("the client's certificate is refused: it has expired ("),
        },
        Row {
            server: mutual(),
            client: plain.clone().identity(ca.issue_with(&["me"], future).identity()),
            reads: "the server refuses the client's certificate (alert CertificateExpired)",
            logs: Some("the client's certificate is refused: it is not valid yet ("),
        },
        Row {
            server: mutual(),
            client: plain.clone().identity(Pair::self_signed(&["me"]).identity()),
            reads: "the server refuses the client's certificate (alert UnknownCA)",
            logs: Some("the client's certificate is refused: it is signed by no authority that is trusted here"),
        },
        Row {
            server: Some(ServerTls::new(ca.issue(&["localhost"]).identity()).request_client_certificate(ca.roots())),
            client: plain.identity(stranger.issue(&["me"]).identity()),
            reads: "the server refuses the client's certificate (alert UnknownCA)",
            logs: Some("the client's certificate is refused: it is signed by no authority that is trusted here"),
        },
    ];
    let log = Log::default();
    let _guard = log.listen();
    for Row { server, client, reads, logs } in rows {
        let (_, addr) = start(server).await;
        let status = ask(channel(addr).tls(client)).await.unwrap_err();
        let expected = format!("cannot connect to localhost:{}: {reads}", addr.port());
        assert_eq!(status.code(), Code::Unavailable);
        assert!(status.message().starts_with(&expected), "{}\nis not\n{expected}", status.message());
        if let Some(logs) = logs {
            let line = log.failed_handshake().await;
            assert!(line.starts_with(logs), "{line}\nis not\n{logs}");
        }
    }
}

#[tokio::test]
async fn a_certificate_that_is_missing_is_named_over_http1_too() {
    let ca = Ca::new("ca");
    let tls = ServerTls::new(ca.issue(&["localhost"]).identity()).require_client_certificate(ca.roots());
    let (_, addr) = start(Some(tls)).await;
    let builder = channel(addr).tls(ClientTls::new().roots(ca.roots())).protocol(Protocol::Connect).http1_only();
    let status = ask(builder).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    let why = "broke: the server demands a client certificate; give one with ClientTls::identity";
    assert!(status.message().ends_with(why), "{status}");
}

#[tokio::test]
async fn plaintext_to_a_tls_port() {
    let log = Log::default();
    let _guard = log.listen();
    let (_, addr) = start(Some(ServerTls::new(Ca::new("ca").issue(&["localhost"]).identity()))).await;
    let status = ask(Channel::builder(format!("http://{addr}"))).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    assert_eq!(
        status.message(),
        format!("cannot connect to {addr}: the server speaks TLS on this port; it is reached by https://")
    );
    assert_eq!(log.failed_handshake().await, "the client does not speak TLS");
    // All that a stranger gets to know is that this is TLS: an alert, decode_error.
    for greeting in [&b"GET / HTTP/1.1\r\nhost: x\r\n\r\n"[..], b"\0\x01\x02\x03\x04"] {
        let mut stream = TcpStream::connect(addr).await.unwrap();
        stream.write_all(greeting).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        assert_eq!(answer, [21, 3, 3, 0, 2, 2, 50], "{greeting:?}");
        assert_eq!(log.failed_handshake().await, "the client does not speak TLS");
    }
}

#[tokio::test]
async fn a_server_without_h2() {
    let ca = Ca::new("ca");
    for (alpn, reads) in [
        (&["http/1.1"][..], "the server does not offer HTTP/2 (`h2` by ALPN), which gRPC needs"),
        (&[], "the server did not agree to HTTP/2 (`h2` by ALPN), which gRPC needs"),
    ] {
        let addr = raw::server(&ca, alpn).await;
        let status = ask(channel(addr).tls(ClientTls::new().roots(ca.roots()))).await.unwrap_err();
        assert!(status.message().ends_with(reads), "{status}");
    }
}

#[tokio::test]
async fn a_client_without_h2() {
    let ca = Ca::new("ca");
    let (_, addr) = start(Some(ServerTls::new(ca.issue(&["localhost"]).identity()))).await;
    for alpn in [&["http/1.1"][..], &[]] {
        let mut stream = raw::Client { tls12: false, alpn }.connect(addr, &ca).await.unwrap();
        stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        // SETTINGS, then GOAWAY with HTTP_1_1_REQUIRED and the reason.
        assert_eq!(&answer[..9], [0, 0, 0, 4, 0, 0, 0, 0, 0]);
        assert_eq!(answer[12], 7);
        assert_eq!(answer[22..26], [0, 0, 0, 0xd]);
        assert_eq!(&answer[26..], b"HTTP/2 over TLS needs ALPN: the client did not offer h2");
        assert_eq!(answer[11] as usize, answer.len() - 18);
    }
    let error = raw::Client { tls12: false, alpn: &["spdy/3"] }.connect(addr, &ca).await.unwrap_err();
    assert!(error.to_string().contains("NoApplicationProtocol"), "{error}");
}

/// What a client of gRPC reads that speaks HTTP/1.1 after all.
#[tokio::test]
async fn grpc_without_http2() {
    let ca = Ca::new("ca");
    let (_, addr) = start(Some(ServerTls::new(ca.issue(&["localhost"]).identity()))).await;
    let mut stream = raw::Client { tls12: false, alpn: &["http/1.1"] }.connect(addr, &ca).await.unwrap();
    let head = "POST /test.Echo/Unary HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n";
    let rest = "content-type: application/grpc\r\ncontent-length: 5\r\n\r\n\0\0\0\0\0";
    stream.write_all(format!("{head}{rest}").as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 505 "), "{answer}");
    assert!(answer.ends_with("\r\n\r\ngRPC needs HTTP/2, over TLS by ALPN (`h2`)\n"), "{answer}");
}

/// A version of TLS that is not spoken, as the log tells it: the beginning of a hello that only has TLS 1.1.
#[tokio::test]
async fn an_older_tls() {
    let log = Log::default();
    let _guard = log.listen();
    let (_, addr) = start(Some(ServerTls::new(Ca::new("ca").issue(&["localhost"]).identity()))).await;
    let hello = [&[1, 0, 0, 41, 3, 2][..], &[7; 32], &[0, 0, 2, 0xc0, 0x13, 1, 0]].concat();
    let record = [&[22, 3, 1, 0, hello.len() as u8][..], &hello].concat();
    let mut stream = TcpStream::connect(addr).await.unwrap();
    stream.write_all(&record).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    let line = log.failed_handshake().await;
    assert!(line.starts_with("the client does not speak TLS 1.2 or 1.3 as it is spoken here: "), "{line}");
}

#[tokio::test]
async fn http_1_1_is_served_where_it_was_agreed_on() {
    let ca = Ca::new("ca");
    let (_, addr) = start(Some(ServerTls::new(ca.issue(&["localhost"]).identity()))).await;
    for alpn in [&["http/1.1"][..], &[]] {
        let mut stream = raw::Client { tls12: false, alpn }.connect(addr, &ca).await.unwrap();
        stream.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 404 "), "{answer}");
    }
}

/// However a handshake fails, the server goes on accepting (RUSTSEC-2024-0376 was a server that stopped), and a connection
/// that is open goes on.
#[tokio::test]
async fn a_failed_handshake_ends_nothing_else() {
    let ca = Ca::new("ca");
    let tls = ServerTls::new(ca.issue(&["localhost"]).identity()).require_client_certificate(ca.roots());
    let (_, addr) = start(Some(tls)).await;
    let good = || channel(addr).tls(ClientTls::new().roots(ca.roots()).identity(ca.issue(&["me"]).identity()));
    let open = EchoClient::new(good().build().unwrap());
    open.unary(String::new()).await.unwrap();
    let hello = [&[22, 3, 1, 0, 200, 1, 0, 0, 196, 3, 3][..], &[7; 90]].concat();
    for _ in 0..20 {
        // Gone at once, by an end or a reset; in the middle of a hello; with something else; without a certificate.
        drop(TcpStream::connect(addr).await.unwrap());
        let reset = TcpStream::connect(addr).await.unwrap();
        reset.set_zero_linger().unwrap();
        drop(reset);
        for sent in [&hello[..], b"GET / HTTP/1.1\r\n\r\n", &[0; 100]] {
            let mut stream = TcpStream::connect(addr).await.unwrap();
            stream.write_all(sent).await.unwrap();
            drop(stream);
        }
        ask(channel(addr).tls(ClientTls::new().roots(ca.roots()))).await.unwrap_err();
    }
    ask(good()).await.unwrap();
    open.unary(String::new()).await.unwrap();
}
