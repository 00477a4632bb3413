//! The server as a process of its own.

use std::{
    fs,
    io::Write,
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use rsgrpc::{Channel, ChannelBuilder};

pub(crate) struct Server {
    child: Child,
    pub(crate) addr: SocketAddr,
    tls: Option<Tls>,
}

/// What its callers trust.
#[cfg(feature = "tls")]
type Tls = rsgrpc::ClientTls;
#[cfg(not(feature = "tls"))]
#[derive(Clone)]
enum Tls {}

impl Server {
    /// One that speaks TLS, if it is to.
    pub(crate) async fn start(program: &Path, tls: bool) -> Self {
        let addr = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let (flags, pem, tls) = if tls { secured() } else { (&[][..], String::new(), None) };
        let mut start = Command::new(program);
        start.args(["--port", &addr.port().to_string()]).args(flags).stdin(Stdio::piped());
        let mut child = start.spawn().expect("the server");
        child.stdin.take().unwrap().write_all(pem.as_bytes()).unwrap();
        while tokio::net::TcpStream::connect(addr).await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Self { child, addr, tls }
    }

    /// What makes a channel for who calls it.
    pub(crate) fn callers(&self) -> impl Fn() -> ChannelBuilder + use<> {
        let (port, tls) = (self.addr.port(), self.tls.clone());
        move || match tls.clone() {
            None => Channel::builder(format!("http://127.0.0.1:{port}")),
            #[cfg(feature = "tls")]
            Some(tls) => Channel::builder(format!("https://localhost:{port}")).tls(tls),
        }
    }

    /// Resident bytes.
    pub(crate) fn memory(&self) -> u64 {
        self.status("VmRSS")
    }

    /// The most there ever were.
    pub(crate) fn peak(&self) -> u64 {
        self.status("VmHWM")
    }

    /// Milliseconds of all threads, user and system, in steps of ten.
    pub(crate) fn cpu(&self) -> u64 {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id())).expect("the server lives");
        let behind_name = stat.rsplit_once(')').unwrap().1;
        let fields: Vec<_> = behind_name.split_whitespace().collect();
        (fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()) * 10
    }

    fn status(&self, field: &str) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("the server lives");
        let line = status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':')).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The flags of a server, what it reads, and what its callers trust.
#[cfg(feature = "tls")]
fn secured() -> (&'static [&'static str], String, Option<Tls>) {
    let ca = crate::pki::Ca::new("attack");
    let pair = ca.issue(&["localhost"]);
    (&["--tls"], pair.certificate + &pair.key, Some(Tls::new().roots(ca.roots())))
}

#[cfg(not(feature = "tls"))]
fn secured() -> (&'static [&'static str], String, Option<Tls>) {
    panic!("TLS needs the feature tls")
}
