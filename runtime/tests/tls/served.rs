//! Connections that are served, and what handlers learn of them.

use std::time::{Duration, Instant};

use rsgrpc::{ClientTls, ServerTls};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{ask, channel, pki::Ca, raw, start, support::EchoClient};

#[tokio::test]
async fn a_call_over_tls() {
    let ca = Ca::new("ca");
    let (_, addr) = start(Some(ServerTls::new(ca.issue(&["localhost"]).identity()))).await;
    let answer = ask(channel(addr).tls(ClientTls::new().roots(ca.roots()))).await.unwrap();
    assert_eq!(answer, "TLSv1_3 sni=localhost certificates=0 dns=[] uris=[] spiffe=-");
}

/// Started by `the_platform_s_authorities_are_trusted`, with authorities and an address.
#[tokio::test]
async fn a_program_that_trusts_the_platform() {
    let Ok(port) = std::env::var("RSGRPC_TEST_PORT") else { return };
    let addr = std::net::SocketAddr::from(([127, 0, 0, 1], port.parse().unwrap()));
    println!("it reads: {:?}", ask(channel(addr)).await);
}

/// Those of Linux are files, and a variable names another one.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn the_platform_s_authorities_are_trusted() {
    let (ca, stranger) = (Ca::new("ca"), Ca::new("stranger"));
    let (_, addr) = start(Some(ServerTls::new(ca.issue(&["localhost"]).identity()))).await;
    let file = std::env::temp_dir().join(format!("rsgrpc-roots-{}.pem", std::process::id()));
    for (trusted, reads) in
        [(&ca, r#"Ok("TLSv1_3 sni=localhost"#), (&stranger, "it is signed by no authority that is trusted")]
    {
        std::fs::write(&file, &trusted.pem).unwrap();
        let mut program = std::process::Command::new(std::env::current_exe().unwrap());
        program.args(["--exact", "--nocapture", "served::a_program_that_trusts_the_platform"]);
        program.env("SSL_CERT_FILE", &file).env("RSGRPC_TEST_PORT", addr.port().to_string());
        let output = tokio::task::spawn_blocking(move || program.output().unwrap()).await.unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(said.contains(reads), "{said}");
    }
    std::fs::remove_file(&file).unwrap();
}

#[tokio::test]
async fn tls_1_2_is_served() {
    let ca = Ca::new("ca");
    let (_, addr) = start(Some(ServerTls::new(ca.issue(&["localhost"]).identity()))).await;
    let stream = raw::Client { tls12: true, alpn: &["h2"] }.connect(addr, &ca).await.unwrap();
    assert_eq!(stream.get_ref().1.protocol_version(), Some(tokio_rustls::rustls::ProtocolVersion::TLSv1_2));
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));

    let mut stream = raw::Client { tls12: true, alpn: &["http/1.1"] }.connect(addr, &ca).await.unwrap();
    let head = "POST /test.Echo/Unary HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n";
    stream.write_all(format!("{head}connection: close\r\ncontent-length: 2\r\n\r\n\"\"").as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains("TLSv1_2 sni=localhost"), "{answer}");
}

#[tokio::test]
async fn the_name_to_verify_may_differ_from_the_target() {
    let ca = Ca::new("ca");
    let (_, addr) = start(Some(ServerTls::new(ca.issue(&["greeter.test"]).identity()))).await;
    let answer = ask(channel(addr).tls(ClientTls::new().roots(ca.roots()).server_name("greeter.test"))).await.unwrap();
    assert!(answer.contains("sni=greeter.test"), "{answer}");
}

#[tokio::test]
async fn a_certificate_of_the_client_is_seen_by_the_handler() {
    let ca = Ca::new("ca");
    let server = ca.issue(&["localhost"]).identity();
    let (_, addr) = start(Some(ServerTls::new(server).require_client_certificate(ca.roots()))).await;
    let with = |names: &[&str]| ClientTls::new().roots(ca.roots()).identity(ca.issue(names).identity());
    let answer = ask(channel(addr).tls(with(&["client.test", "spiffe://test/client"]))).await.unwrap();
    assert_eq!(
        answer,
        r#"TLSv1_3 sni=localhost certificates=1 dns=["client.test"] uris=["spiffe://test/client"] spiffe=spiffe://test/client"#
    );
    // Two URIs make no SPIFFE ID, and neither does another scheme.
    for names in [&["spiffe://test/client", "https://test/other"][..], &["https://test/client"]] {
        let answer = ask(channel(addr).tls(with(names))).await.unwrap();
        assert!(answer.ends_with("spiffe=-"), "{answer}");
    }
}

#[tokio::test]
async fn a_requested_certificate_may_be_missing() {
    let ca = Ca::new("ca");
    let server = ca.issue(&["localhost"]).identity();
    let (_, addr) = start(Some(ServerTls::new(server).request_client_certificate(ca.roots()))).await;
    let anonymous = ClientTls::new().roots(ca.roots());
    let answer = ask(channel(addr).tls(anonymous.clone())).await.unwrap();
    assert!(answer.contains("certificates=0"), "{answer}");
    let answer = ask(channel(addr).tls(anonymous.identity(ca.issue(&["me.test"]).identity()))).await.unwrap();
    assert!(answer.contains(r#"certificates=1 dns=["me.test"]"#), "{answer}");
}

#[tokio::test]
async fn the_certificate_is_chosen_by_name() {
    let (ca, other) = (Ca::new("ca"), Ca::new("other"));
    let tls = ServerTls::new(ca.issue(&["default.test"]).identity())
        .identity(other.issue(&["one.test", "two.test"]).identity())
        .identity(other.issue(&["*.wild.test"]).identity());
    let (_, addr) = start(Some(tls)).await;
    let reach = |ca: &Ca, name: &str| ask(channel(addr).tls(ClientTls::new().roots(ca.roots()).server_name(name)));
    for name in ["one.test", "two.test", "a.wild.test"] {
        reach(&other, name).await.unwrap_or_else(|status| panic!("{name}: {status}"));
    }
    reach(&ca, "default.test").await.unwrap();
    for name in ["three.test", "a.b.wild.test", "127.0.0.1"] {
        let status = reach(&ca, name).await.unwrap_err();
        assert!(status.message().contains("default.test"), "{name}: {status}");
    }
}

#[tokio::test]
async fn certificates_are_renewed_without_dropping_a_connection() {
    let (old, new) = (Ca::new("old"), Ca::new("new"));
    let (server, addr) = start(Some(ServerTls::new(old.issue(&["localhost"]).identity()))).await;
    let client = |ca: &Ca| EchoClient::new(channel(addr).tls(ClientTls::new().roots(ca.roots())).build().unwrap());
    let open = client(&old);
    open.unary("before".to_owned()).await.unwrap();
    server.reload_tls(&ServerTls::new(new.issue(&["localhost"]).identity())).unwrap();
    open.unary("on the old connection".to_owned()).await.unwrap();
    client(&new).unary("on a new connection".to_owned()).await.unwrap();
    let status = client(&old).unary("with the old certificate".to_owned()).await.unwrap_err();
    assert!(status.message().contains("no authority"), "{status}");
}

/// However much of its hello a client has sent, and whether it goes on byte by byte.
#[tokio::test(start_paused = true)]
async fn a_handshake_that_does_not_end() {
    const SECOND: Duration = Duration::from_secs(1);
    let identity = Ca::new("ca").issue(&["localhost"]).identity();
    // A record of 200 bytes, and in it a hello of 196.
    let hello = [&[22, 3, 1, 0, 200, 1, 0, 0, 196, 3, 3][..], &[7; 90]].concat();
    for (seconds, tls) in
        [(10, ServerTls::new(identity.clone())), (3, ServerTls::new(identity).handshake_timeout(3 * SECOND))]
    {
        let (_, addr) = start(Some(tls)).await;
        for (sent, dripping) in [(0, false), (3, false), (hello.len(), false), (hello.len(), true)] {
            let (mut read, mut write) = TcpStream::connect(addr).await.unwrap().into_split();
            write.write_all(&hello[..sent]).await.unwrap();
            let began = tokio::time::Instant::now();
            let drip = async {
                while dripping && write.write_all(&[7]).await.is_ok() {
                    tokio::time::sleep(SECOND).await;
                }
                std::future::pending::<()>().await;
            };
            let mut said = Vec::new();
            tokio::select! {
                // With bytes unread it ends by a reset.
                _ = read.read_to_end(&mut said) => {}
                () = drip => {}
            }
            let closed = began.elapsed().as_secs();
            assert!((seconds..=seconds + 1).contains(&closed), "{sent} bytes, {dripping}: closed after {closed} s");
        }
    }
}

#[tokio::test]
async fn silent_connections_hold_up_nobody_and_are_closed() {
    let ca = Ca::new("ca");
    let tls = ServerTls::new(ca.issue(&["localhost"]).identity()).handshake_timeout(Duration::from_millis(300));
    let (_, addr) = start(Some(tls)).await;
    let started = Instant::now();
    let mut silent = Vec::new();
    for _ in 0..50 {
        silent.push(TcpStream::connect(addr).await.unwrap());
    }
    ask(channel(addr).tls(ClientTls::new().roots(ca.roots()))).await.unwrap();
    for mut stream in silent {
        assert_eq!(stream.read(&mut [0; 16]).await.unwrap(), 0);
    }
    assert!(started.elapsed() >= Duration::from_millis(300));
}
