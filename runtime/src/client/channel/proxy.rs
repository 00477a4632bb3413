//! Through an HTTP proxy (RFC 9110, CONNECT).

use std::fmt;

use base64::Engine as _;
use http::Uri;
use percent_encoding::percent_decode_str;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::{Address, target::port};

/// A proxy that makes tunnels to servers.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Proxy {
    host: String,
    port: u16,
    /// What it wants to know about the caller.
    authorization: Option<String>,
}

/// The bytes that the head of a proxy's answer may have.
const HEAD: usize = 8 * 1024;

impl Proxy {
    /// Reads `http://[user:password@]host[:port]`; the scheme may be left out, the port is 80 then.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let url = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
        // What the URL holds is secret where it holds a password.
        let uri: Uri = url.parse().map_err(|error| format!("the proxy is no URL ({error})"))?;
        if uri.scheme_str() != Some("http") {
            return Err("the proxy is not spoken to by http://".to_owned());
        }
        let authority = uri.authority().ok_or("the proxy's URL names no host")?;
        let port = port(authority, 80).map_err(|why| format!("the proxy's URL cannot be used: {why}"))?;
        let authorization = authority.as_str().rsplit_once('@').map(|(user, _)| {
            let (name, password) = user.split_once(':').unwrap_or((user, ""));
            let plain: Vec<u8> = percent_decode_str(name).chain([b':']).chain(percent_decode_str(password)).collect();
            format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(plain))
        });
        let host = authority.host().trim_matches(['[', ']']).to_owned();
        Ok(Self { host, port, authorization })
    }

    /// The proxy that the environment names for a server: by `HTTPS_PROXY`, unless `NO_PROXY` excepts the server; in
    /// lower case both count first. Servers on this machine are never behind it.
    pub(super) fn of_environment(
        variable: impl Fn(&str) -> Option<String>,
        host: &str,
        port: u16,
    ) -> Result<Option<Self>, String> {
        let either = |lower: &str| {
            let set = |name: &str| variable(name).filter(|value| !value.trim().is_empty());
            set(lower).or_else(|| set(&lower.to_ascii_uppercase()))
        };
        let Some(proxy) = either("https_proxy") else { return Ok(None) };
        if is_local(host) || either("no_proxy").is_some_and(|except| excepts(&except, host, port)) {
            return Ok(None);
        }
        let mend = |why| {
            format!(
                "HTTPS_PROXY or https_proxy: {why}; write it as http://host:port, or empty it, or call `no_proxy()`"
            )
        };
        Self::parse(&proxy).map(Some).map_err(mend)
    }

    pub(super) fn address(&self) -> (&str, u16) {
        (&self.host, self.port)
    }

    /// Asks for a tunnel to the server.
    pub(super) async fn tunnel(&self, mut stream: TcpStream, to: &Address) -> Result<TcpStream, String> {
        let broken = |error: std::io::Error| format!("the proxy {self}: {error}");
        let mut request = format!("CONNECT {to} HTTP/1.1\r\nHost: {to}\r\n");
        if let Some(authorization) = &self.authorization {
            request.push_str(&format!("Proxy-Authorization: {authorization}\r\n"));
        }
        request.push_str("\r\n");
        stream.write_all(request.as_bytes()).await.map_err(broken)?;
        let mut head = Vec::new();
        // Byte by byte: what follows the head is the server's.
        while !head.ends_with(b"\r\n\r\n") {
            if head.len() == HEAD {
                return Err(format!("the proxy {self} answers with more than {HEAD} bytes"));
            }
            let byte = stream.read_u8().await.map_err(broken)?;
            head.push(byte);
        }
        let line = String::from_utf8_lossy(&head);
        let line = line.lines().next().unwrap_or_default();
        let status = line.strip_prefix("HTTP/1.").and_then(|rest| rest.get(2..5));
        match status {
            Some(status) if status.starts_with('2') => Ok(stream),
            _ => Err(format!("the proxy {self} makes no tunnel to {to}: {line:?}")),
        }
    }
}

fn is_local(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// Whether `NO_PROXY` names the server: `*`, an address, a network as `10.0.0.0/8`, or a domain, which means all below it,
/// too; each with a port if only that one is meant.
fn excepts(list: &str, host: &str, port: u16) -> bool {
    let host = host.to_ascii_lowercase();
    list.split([',', ' ']).map(str::trim).filter(|entry| !entry.is_empty()).any(|entry| {
        let entry = entry.to_ascii_lowercase();
        let (name, only) = match entry.rsplit_once(':') {
            Some((name, number)) if !name.contains(':') || name.ends_with(']') => (name, number.parse::<u16>().ok()),
            _ => (&entry[..], None),
        };
        let name = name.trim_matches(['[', ']']);
        only.is_none_or(|only| only == port) && (name == "*" || in_network(name, &host) || in_domain(name, &host))
    })
}

fn in_domain(name: &str, host: &str) -> bool {
    let below = name.trim_start_matches("*.");
    let domain = below.trim_start_matches('.');
    // With a dot before it, a domain does not mean itself.
    let itself = below == name && below == domain;
    (itself && host == domain) || host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'))
}

fn in_network(name: &str, host: &str) -> bool {
    use std::net::IpAddr::{V4, V6};
    let Some((network, bits)) = name.split_once('/') else { return false };
    let bits: u32 = match bits.parse() {
        Ok(bits) => bits,
        Err(_) => return false,
    };
    match (network.parse(), host.parse()) {
        (Ok(V4(network)), Ok(V4(host))) if bits <= 32 => {
            u64::from(network.to_bits() ^ host.to_bits()) >> (32 - bits) == 0
        }
        (Ok(V6(network)), Ok(V6(host))) if bits <= 128 => {
            bits == 0 || (network.to_bits() ^ host.to_bits()) >> (128 - bits) == 0
        }
        _ => false,
    }
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Address::Host(self.host.clone(), self.port).fmt(f)
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Proxy({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxy_of(variables: &[(&str, &str)], host: &str, port: u16) -> Option<String> {
        let variable =
            |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        let proxy = Proxy::of_environment(variable, host, port);
        proxy.map_or_else(Some, |proxy| proxy.map(|proxy| proxy.to_string()))
    }

    #[test]
    fn the_environment_names_a_proxy() {
        let upper = ("HTTPS_PROXY", "http://up:3128");
        assert_eq!(proxy_of(&[], "a.example", 443), None);
        assert_eq!(proxy_of(&[upper], "a.example", 443).as_deref(), Some("up:3128"));
        assert_eq!(proxy_of(&[upper, ("https_proxy", "low")], "a.example", 443).as_deref(), Some("low:80"));
        assert_eq!(proxy_of(&[upper, ("https_proxy", "")], "a.example", 443).as_deref(), Some("up:3128"));
        assert_eq!(proxy_of(&[("HTTPS_PROXY", " ")], "a.example", 443), None);
        for bad in ["http://p:99999", "socks5://p:1", "http://a b"] {
            let error = proxy_of(&[("HTTPS_PROXY", bad)], "a.example", 443).unwrap();
            assert!(
                error.starts_with("HTTPS_PROXY or https_proxy: the proxy") && error.contains("`no_proxy()`"),
                "{error}"
            );
        }
        for local in ["localhost", "127.0.0.1", "127.1.2.3", "::1"] {
            assert_eq!(proxy_of(&[upper], local, 443), None, "{local}");
        }
    }

    #[test]
    fn servers_are_excepted() {
        for (list, host, port, excepted) in [
            ("*", "a.example", 1, true),
            ("a.example", "a.example", 1, true),
            ("a.example", "b.a.example", 1, true),
            ("a.example", "ba.example", 1, false),
            (".a.example", "b.a.example", 1, true),
            (".a.example", "a.example", 1, false),
            ("*.a.example", "b.a.example", 1, true),
            ("*.a.example", "a.example", 1, false),
            ("x, A.Example", "a.EXAMPLE", 1, true),
            ("a.example:1", "a.example", 1, true),
            ("a.example:2", "a.example", 1, false),
            ("10.0.0.1", "10.0.0.1", 1, true),
            ("10.0.0.0/8", "10.9.9.9", 1, true),
            ("10.0.0.0/8", "11.0.0.1", 1, false),
            ("0.0.0.0/0", "11.0.0.1", 1, true),
            ("10.0.0.0/33", "10.0.0.0", 1, false),
            ("fd00::/8", "fd12::1", 1, true),
            ("fd00::/8", "fe80::1", 1, false),
            ("[fd00::1]:5", "fd00::1", 5, true),
            ("[fd00::1]:5", "fd00::1", 6, false),
            ("fd00::1", "fd00::1", 6, true),
            ("", "a.example", 1, false),
            (",", "a.example", 1, false),
        ] {
            assert_eq!(excepts(list, host, port), excepted, "{list} {host}:{port}");
        }
    }

    #[test]
    fn urls_of_proxies() {
        let proxy = Proxy::parse("http://us%65r:p%40ss@proxy.example:8080").unwrap();
        assert_eq!(proxy.authorization.as_deref(), Some("Basic dXNlcjpwQHNz"));
        assert_eq!(format!("{proxy:?}"), "Proxy(proxy.example:8080)");
        assert_eq!(Proxy::parse("[::1]:80").unwrap().address(), ("::1", 80));
        assert!(Proxy::parse("socks5://a:1").unwrap_err().contains("http://"));
        assert!(Proxy::parse("http://").is_err());
        for text in ["http://p:99999", "u:pw@p:99999", "p:"] {
            assert!(Proxy::parse(text).unwrap_err().contains("no number below 65536"), "{text}");
        }
        assert_eq!(Proxy::parse("u:pw@p").unwrap().address(), ("p", 80));
    }
}
