//! What a channel leads to, as users write it (gRPC's doc/naming.md).

use std::{
    fmt,
    net::{IpAddr, SocketAddr},
};

use http::{
    Uri,
    uri::{Authority, InvalidUri, Scheme},
};

use super::{Address, Endpoint};

/// A target that was read.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) place: Place,
    /// What servers are called in requests, and what their certificates are valid for.
    pub(super) authority: Authority,
    /// Whether it says that TLS is spoken; otherwise the settings do.
    pub(super) tls: Option<bool>,
}

/// Where the servers are.
#[derive(Debug)]
pub(super) enum Place {
    /// At all addresses of a host, which this DNS server knows, or those of the system.
    Host(String, u16, Option<SocketAddr>),
    /// Here.
    Endpoints(Vec<Endpoint>),
}

/// gRPC's port where a target names none.
const PORT: u16 = 443;

impl Target {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let (scheme, rest) = text.split_once(':').unwrap_or(("", text));
        match scheme.to_ascii_lowercase().as_str() {
            "http" | "https" => Self::url(text),
            "unix" => Self::unix(rest),
            "ipv4" => Self::list(rest, |ip| ip.is_ipv4()),
            "ipv6" => Self::list(rest, |ip| ip.is_ipv6()),
            "dns" => match rest.strip_prefix("//") {
                None => Self::host(rest),
                Some(named) => match named.split_once('/') {
                    Some(("", host)) => Self::host(host),
                    Some((server, host)) => Self::host(host)?.by(dns_server(server)?),
                    None => Err(wrong("it lacks the third slash")),
                },
            },
            "unix-abstract" => Err(wrong("sockets in Linux's abstract namespace are reached by `connect_with` only")),
            "xds" if rest.starts_with("//") => {
                Err(wrong("there is no xDS here; a `Resolver` of yours may tell what a control plane says"))
            }
            _ if rest.starts_with("//") => Err(wrong("it begins with none of the schemes that are known")),
            _ => Self::host(text),
        }
    }

    fn url(text: &str) -> Result<Self, String> {
        let uri: Uri = text.parse().map_err(|error| wrong(&format!("it is no URI ({error})")))?;
        let authority = uri.authority().cloned().ok_or_else(|| wrong("it names no host"))?;
        if !matches!(uri.path(), "" | "/") || uri.query().is_some() {
            return Err(wrong("it has a path or a query behind the host"));
        }
        let tls = uri.scheme() == Some(&Scheme::HTTPS);
        let authority = without_user(authority).map_err(wrong)?;
        let port = port(&authority, if tls { 443 } else { 80 }).map_err(wrong)?;
        Ok(Self { place: Place::of(host(&authority), port), authority, tls: Some(tls) })
    }

    /// `unix:path` and `unix:///absolute/path`.
    fn unix(path: &str) -> Result<Self, String> {
        let path = path.strip_prefix("//").unwrap_or(path);
        if path.is_empty() || !cfg!(unix) {
            let why = if cfg!(unix) { "it names no path" } else { "this system has no Unix sockets" };
            return Err(why.to_owned());
        }
        Ok(Self {
            place: Place::Endpoints(vec![Endpoint::new(Address::Unix(path.into()))]),
            // What grpc-go and grpc-java send as the authority over Unix sockets.
            authority: Authority::from_static("localhost"),
            tls: Some(false),
        })
    }

    /// `host` and `host:port`.
    fn host(text: &str) -> Result<Self, String> {
        let no_host = |error| wrong(&format!("{:?} is no host ({error})", hidden(text)));
        let authority: Authority = text.parse().map_err(no_host)?;
        let authority = without_user(authority).map_err(wrong)?;
        if authority.host().is_empty() {
            return Err(wrong("it names no host"));
        }
        let port = port(&authority, PORT).map_err(wrong)?;
        Ok(Self { place: Place::of(host(&authority), port), authority, tls: None })
    }

    /// Looked up by this DNS server.
    fn by(mut self, server: SocketAddr) -> Result<Self, String> {
        if let Place::Host(.., by) = &mut self.place {
            *by = Some(server);
        }
        Ok(self)
    }

    /// `address[:port],...`
    fn list(text: &str, family: impl Fn(&IpAddr) -> bool) -> Result<Self, String> {
        let address = |text: &str| {
            let with_port = text.parse::<SocketAddr>();
            let bare = || text.trim_matches(['[', ']']).parse().map(|ip| SocketAddr::new(ip, PORT));
            let address = with_port.or_else(|_| bare()).ok().filter(|address| family(&address.ip()));
            address.ok_or_else(|| wrong(&format!("{:?} is no address of this family", hidden(text))))
        };
        let addresses = text.split(',').map(address).collect::<Result<Vec<_>, _>>()?;
        let first = addresses.first().map(ToString::to_string).unwrap_or_default();
        let authority = first.parse().map_err(|error| wrong(&format!("{first:?} is no host ({error})")))?;
        let endpoints = addresses.into_iter().map(Endpoint::new).collect();
        Ok(Self { place: Place::Endpoints(endpoints), authority, tls: None })
    }
}

impl Place {
    fn of(host: &str, port: u16) -> Self {
        match host.parse() {
            Ok(ip) => Self::Endpoints(vec![Endpoint::new(SocketAddr::new(ip, port))]),
            Err(_) => Self::Host(host.to_owned(), port, None),
        }
    }
}

/// The DNS server that a target names, as `address[:port]`; DNS has port 53.
fn dns_server(text: &str) -> Result<SocketAddr, String> {
    if cfg!(not(feature = "dns")) {
        return Err(
            "it names a DNS server, which needs the feature `dns` of rsgrpc; without it, leave the server out, \
                    as in dns:///host:port"
                .to_owned(),
        );
    }
    let bare = || text.trim_matches(['[', ']']).parse().map(|ip| SocketAddr::new(ip, 53));
    text.parse().or_else(|_| bare()).map_err(|_| wrong(&format!("{:?} is no address of a DNS server", hidden(text))))
}

/// The authority of servers that an application names by itself.
pub(super) fn authority(text: &str) -> Result<Authority, String> {
    let wrong = |why: &dyn fmt::Display| format!("the authority {:?} is none ({why})", hidden(text));
    let authority = text.parse().map_err(|error: InvalidUri| wrong(&error))?;
    let authority = without_user(authority).map_err(|why| wrong(&why))?;
    port(&authority, PORT).map_err(|why| wrong(&why))?;
    Ok(authority)
}

/// The port in an authority, or this one where it names none.
pub(super) fn port(authority: &Authority, otherwise: u16) -> Result<u16, &'static str> {
    let (_, server) = authority.as_str().rsplit_once('@').unwrap_or(("", authority.as_str()));
    match authority.port() {
        Some(port) if port.as_str().bytes().all(|digit| digit.is_ascii_digit()) => Ok(port.as_u16()),
        None if server == authority.host() => Ok(otherwise),
        _ => Err("its port is no number below 65536"),
    }
}

/// Nobody would read what stands there, but logs would tell it.
fn without_user(authority: Authority) -> Result<Authority, &'static str> {
    if authority.as_str().contains('@') {
        return Err("it names a user, which belongs into the metadata of calls, such as `authorization`");
    }
    Ok(authority)
}

/// A text to be shown, without a user and password in it, even if what ends them is escaped by mistake.
pub(super) fn hidden(text: &str) -> String {
    let ends = ["@", "%40"].into_iter().filter_map(|at| Some(text.rfind(at)? + at.len()));
    let Some((before, rest)) = ends.max().and_then(|end| text.split_at_checked(end)) else { return text.to_owned() };
    let scheme = before.find("//").and_then(|at| before.get(..at + 2)).unwrap_or_default();
    format!("{scheme}…@{rest}")
}

/// The host in an authority, without the brackets of an IPv6 address.
pub(super) fn host(authority: &Authority) -> &str {
    authority.host().trim_matches(['[', ']'])
}

fn wrong(why: &str) -> String {
    format!(
        "{why}; write it as http://host:port, https://host:port, dns:///host:port, ipv4:address:port,…, \
         ipv6:[address]:port,… or unix:///path"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<String, String> {
        let target = Target::parse(text)?;
        let place = match target.place {
            Place::Host(host, port, None) => format!("look up {host} {port}"),
            Place::Host(host, port, Some(server)) => format!("ask {server} for {host} {port}"),
            Place::Endpoints(all) => all.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "),
        };
        Ok(format!("{place}; {}; {:?}", target.authority, target.tls))
    }

    #[test]
    fn targets_as_grpc_writes_them() {
        for (text, reads) in [
            ("http://a.example", "look up a.example 80; a.example; Some(false)"),
            ("HTTPS://a.example", "look up a.example 443; a.example; Some(true)"),
            ("DNS:///a.example:5", "look up a.example 5; a.example:5; None"),
            ("https://a.example/", "look up a.example 443; a.example; Some(true)"),
            ("https://[::1]:5", "[::1]:5; [::1]:5; Some(true)"),
            ("http://127.0.0.1:5", "127.0.0.1:5; 127.0.0.1:5; Some(false)"),
            ("dns:///a.example:5", "look up a.example 5; a.example:5; None"),
            ("dns:a.example", "look up a.example 443; a.example; None"),
            ("a.example:5", "look up a.example 5; a.example:5; None"),
            ("a.example", "look up a.example 443; a.example; None"),
            ("127.0.0.1:5", "127.0.0.1:5; 127.0.0.1:5; None"),
            ("[::1]:5", "[::1]:5; [::1]:5; None"),
            ("ipv4:10.0.0.1:5,10.0.0.2", "10.0.0.1:5 10.0.0.2:443; 10.0.0.1:5; None"),
            ("ipv6:[fd00::1]:5,[fd00::2],fd00::3", "[fd00::1]:5 [fd00::2]:443 [fd00::3]:443; [fd00::1]:5; None"),
            ("unix:a/b", "unix:a/b; localhost; Some(false)"),
            ("unix:///a/b", "unix:/a/b; localhost; Some(false)"),
        ] {
            assert_eq!(read(text).as_deref(), Ok(reads), "{text}");
        }
    }

    #[test]
    fn a_target_may_name_a_dns_server() {
        for (text, reads) in [
            ("dns://8.8.8.8/a", "ask 8.8.8.8:53 for a 443; a; None"),
            ("dns://8.8.8.8:5353/a:1", "ask 8.8.8.8:5353 for a 1; a:1; None"),
            ("dns://[fd00::1]/a", "ask [fd00::1]:53 for a 443; a; None"),
            ("dns://8.8.8.8/10.0.0.1", "10.0.0.1:443; 10.0.0.1; None"),
        ] {
            match read(text) {
                Ok(read) => assert_eq!(read, reads),
                Err(error) => assert!(cfg!(not(feature = "dns")) && error.contains("the feature `dns`"), "{error}"),
            }
        }
    }

    #[test]
    fn targets_that_mean_nothing() {
        for text in [
            "",
            "ftp://a",
            "http://127.0.0.1:70000",
            "https://a.example:70000",
            "http://[::1]:70000",
            "http://a:",
            "http://a:+80",
            "a:+80",
            "unix-abstract:a",
            "xds:///a",
            "http://",
            "http://a/b",
            "http://a?b",
            "dns://a.example/b",
            "dns://8.8.8.8:99999/a",
            "dns://a",
            "dns:",
            "a b",
            ":5",
            "ipv4:",
            "ipv4:a",
            "ipv4:[::1]:5",
            "ipv6:10.0.0.1",
            "unix:",
            "unix://",
            "a:99999",
            "u@a",
            "ipv4:1.1.1.1,",
        ] {
            assert!(read(text).is_err(), "{text:?}: {:?}", read(text));
        }
    }

    #[test]
    fn errors_say_what_is_to_be_changed() {
        for (text, why) in [
            ("http://127.0.0.1:70000", "its port is no number below 65536"),
            ("a:99999", "its port is no number below 65536"),
            ("http://user:pw@a", "it names a user"),
            ("user:pw@a", "it names a user"),
            ("ipv4:user:pw@10.0.0.1", "no address of this family"),
            ("unix-abstract:a", "connect_with"),
            ("xds:///a", "Resolver"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(why) && !error.contains("pw"), "{text}: {error}");
        }
        assert!(authority("a.example:99999").unwrap_err().contains("65536"));
    }

    #[test]
    fn passwords_are_not_shown() {
        for (text, shown) in [
            ("http://user:pw@host:1", "http://…@host:1"),
            ("user:p@w@host", "…@host"),
            ("http://host", "http://host"),
            ("@", "…@"),
            ("http://u:s3cret%40a", "http://…@a"),
            ("http://u:p@w%40a", "http://…@a"),
        ] {
            assert_eq!(hidden(text), shown);
        }
        assert!(!authority("user:p w@host").unwrap_err().contains("p w"));
    }
}
