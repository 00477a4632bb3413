//! Settings that are refused before anything is sent.

use rsgrpc::{Channel, ClientTls, Identity, Server, ServerTls, TrustRoots};

use crate::pki::Ca;

#[test]
fn identities_that_cannot_be_used() {
    let ca = Ca::new("ca");
    let (good, other) = (ca.issue(&["a"]), ca.issue(&["b"]));
    let cut = &good.certificate[..good.certificate.len() / 2];
    let no_der = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let no_key = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
    let encrypted = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
    for (certificate, key, reads) in [
        ("", &*good.key, "the certificates: there is no certificate in it; PEM has `-----BEGIN CERTIFICATE-----`"),
        (
            &good.key,
            &good.key,
            "the certificates: there is no certificate in it; PEM has `-----BEGIN CERTIFICATE-----`",
        ),
        (cut, &good.key, "the certificates: this is not well-formed PEM: "),
        (no_der, &good.key, "a certificate in the certificates cannot be read: "),
        (
            &good.certificate,
            "",
            "the private key: there is no private key in it; PEM has `-----BEGIN PRIVATE KEY-----`",
        ),
        (
            &good.certificate,
            encrypted,
            "the private key: the key is encrypted; decrypt it first, as `openssl pkey -in KEY` does",
        ),
        (
            &good.certificate,
            "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\nAAAA\n-----END RSA PRIVATE KEY-----\n",
            "the private key: the key is encrypted; decrypt it first, as `openssl pkey -in KEY` does",
        ),
        (
            &format!("{}{}", other.certificate, good.certificate),
            &good.key,
            "the private key is not the key of the first certificate in the certificates; it is that of certificate 2, which \
             must come first",
        ),
        (&good.certificate, no_key, "the private key cannot be used: "),
        (&good.certificate, &other.key, "the private key is not the key of the first certificate in the certificates"),
    ] {
        let error = Identity::from_pem(certificate, key).unwrap_err().to_string();
        assert!(error.starts_with(reads), "{error}\nis not\n{reads}");
    }
    let error = Identity::from_files("/no/such.crt", "/no/such.key").unwrap_err().to_string();
    assert!(error.starts_with("cannot read /no/such.crt: "), "{error}");
    let error = TrustRoots::from_pem(no_der).unwrap_err().to_string();
    assert!(error.starts_with("a certificate in the CA certificates cannot be read: "), "{error}");
}

/// As editors, `openssl` and admins leave them.
#[test]
fn pem_with_more_around_it() {
    let ca = Ca::new("ca");
    let pair = ca.issue(&["a"]);
    let both = format!("Bag Attributes\n  friendlyName: a\n{}\nand a key:\n{}# the end", pair.certificate, pair.key);
    let crlf = both.replace('\n', "\r\n");
    let chain = format!("{}{}", pair.certificate, ca.pem);
    let parameters = "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n";
    let second = format!("{parameters}{}{}", pair.key, ca.issue(&["b"]).key);
    for (certificate, key) in [(&both, &both), (&crlf, &crlf), (&chain, &second)] {
        Identity::from_pem(certificate, key).unwrap_or_else(|error| panic!("{error}: {certificate}{key}"));
    }
}

#[test]
fn files_are_read_and_named_in_errors() {
    let dir = std::env::temp_dir().join(format!("rsgrpc-tls-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    let (certificate, key) = (dir.join("server.crt"), dir.join("server.key"));
    let pair = Ca::new("ca").issue(&["a"]);
    std::fs::write(&certificate, &pair.certificate).unwrap();
    std::fs::write(&key, "nothing").unwrap();
    let error = Identity::from_files(&certificate, &key).unwrap_err().to_string();
    assert!(error.starts_with(&format!("{}: there is no private key", key.display())), "{error}");
    std::fs::write(&key, &pair.key).unwrap();
    Identity::from_files(&certificate, &key).unwrap();
    std::fs::remove_dir_all(&dir).unwrap();
}

#[test]
fn channels_that_cannot_be_built() {
    let roots = Ca::new("ca").roots();
    let tls = || ClientTls::new().roots(roots.clone());
    for (channel, reads) in [
        (
            Channel::builder("http://localhost").tls(tls()),
            r#"the target "http://localhost" cannot be used: there are TLS settings for it, but it is spoken to without TLS: begin it with https://, or leave `tls` out; to speak TLS over a Unix socket, connect to it by `connect_with`"#,
        ),
        (
            Channel::builder("https://localhost").tls(tls().server_name("not a name")),
            r#"the target "https://localhost" cannot be used: "not a name" is neither a DNS name nor an IP address"#,
        ),
        (
            Channel::builder("ftp://localhost"),
            r#"the target "ftp://localhost" cannot be used: it begins with none of the schemes that are known; write it as http://host:port, https://host:port, dns:///host:port, ipv4:address:port,…, ipv6:[address]:port,… or unix:///path"#,
        ),
    ] {
        assert_eq!(channel.build().unwrap_err().to_string(), reads);
    }
    Channel::builder("https://[::1]:443").tls(tls()).build().unwrap();
}

#[test]
fn a_server_without_tls_has_none_to_reload() {
    let tls = ServerTls::new(Ca::new("ca").issue(&["a"]).identity());
    let error = Server::builder().build().unwrap().reload_tls(&tls).unwrap_err();
    assert_eq!(error.to_string(), "the server was built without TLS; begin with ServerBuilder::tls");
}
