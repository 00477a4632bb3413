//! What a server listens on.

use std::{io, net::SocketAddr};

use tokio::net::{TcpListener, TcpStream, ToSocketAddrs};

/// A socket that a server listens on: TCP or Unix, bound here or handed in.
///
/// The file of a Unix socket is its owner's: remove a stale one before binding.
#[derive(Debug)]
pub struct Listener(Socket);

#[derive(Debug)]
enum Socket {
    Tcp(TcpListener),
    #[cfg(unix)]
    Unix(tokio::net::UnixListener),
}

/// A connection.
pub(super) enum Accepted {
    Tcp(TcpStream),
    #[cfg(unix)]
    Unix(tokio::net::UnixStream),
}

impl Listener {
    /// Listens on this address.
    ///
    /// # Errors
    ///
    /// The address cannot be bound.
    pub async fn bind(addr: impl ToSocketAddrs) -> io::Result<Self> {
        TcpListener::bind(addr).await.map(Self::from)
    }

    /// Listens on this address beside others that do so, too (`SO_REUSEPORT`): several runtimes of this process, or the
    /// one that will replace it. The kernel gives each connection to one of them.
    ///
    /// A connection that waits in the queue of a listener when that is closed is reset; clients that try again lose
    /// nothing.
    ///
    /// # Errors
    ///
    /// The address cannot be bound, or whoever has it does not share it.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime with IO.
    #[cfg(unix)]
    pub fn shared(addr: SocketAddr) -> io::Result<Self> {
        /// As tokio has it.
        const BACKLOG: i32 = 1024;
        use socket2::{Domain, Socket, Type};
        let socket = Socket::new(Domain::for_address(addr), Type::STREAM, None)?;
        socket.set_reuse_address(true)?;
        socket.set_reuse_port(true)?;
        socket.bind(&addr.into())?;
        socket.listen(BACKLOG)?;
        Self::try_from(std::net::TcpListener::from(socket))
    }

    /// The sockets that systemd opened for this process (`LISTEN_FDS`), in the order of its unit file; none without it.
    /// A second call finds none.
    ///
    /// # Errors
    ///
    /// A socket is neither of TCP nor a stream of Unix.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime with IO.
    #[cfg(all(unix, feature = "systemd"))]
    pub fn from_systemd() -> io::Result<Vec<Self>> {
        let mut sockets = listenfd::ListenFd::from_env();
        let mut listeners = Vec::new();
        for index in 0..sockets.len() {
            // A socket of another kind is an error, and stays where it is.
            if let Ok(Some(listener)) = sockets.take_tcp_listener(index) {
                listeners.push(Self::try_from(listener)?);
            } else if let Some(listener) = sockets.take_unix_listener(index)? {
                listeners.push(Self::try_from(listener)?);
            }
        }
        Ok(listeners)
    }

    /// The address; `None` of a Unix socket.
    pub fn local_addr(&self) -> Option<SocketAddr> {
        match &self.0 {
            Socket::Tcp(listener) => listener.local_addr().ok(),
            #[cfg(unix)]
            Socket::Unix(_) => None,
        }
    }

    pub(super) async fn accept(&self) -> io::Result<Accepted> {
        match &self.0 {
            Socket::Tcp(listener) => Ok(Accepted::Tcp(listener.accept().await?.0)),
            #[cfg(unix)]
            Socket::Unix(listener) => Ok(Accepted::Unix(listener.accept().await?.0)),
        }
    }

    /// Closes it, and gives the connections that wait to be accepted.
    pub(super) fn close(self) -> Vec<Accepted> {
        /// More than a queue has; who goes on connecting must not keep it open.
        const QUEUE: usize = 4096;
        match self.0 {
            Socket::Tcp(listener) => {
                let Ok(listener) = listener.into_std() else { return Vec::new() };
                let accepted = std::iter::from_fn(|| listener.accept().ok());
                let nonblocking = accepted.take(QUEUE).filter(|(stream, _)| stream.set_nonblocking(true).is_ok());
                nonblocking.filter_map(|(stream, _)| TcpStream::from_std(stream).ok().map(Accepted::Tcp)).collect()
            }
            // Nobody can take such a path over without removing it.
            #[cfg(unix)]
            Socket::Unix(_) => Vec::new(),
        }
    }
}

impl Accepted {
    pub(super) fn peer_addr(&self) -> Option<SocketAddr> {
        match self {
            Self::Tcp(stream) => stream.peer_addr().ok(),
            #[cfg(unix)]
            Self::Unix(_) => None,
        }
    }
}

impl From<TcpListener> for Listener {
    fn from(listener: TcpListener) -> Self {
        Self(Socket::Tcp(listener))
    }
}

#[cfg(unix)]
impl From<tokio::net::UnixListener> for Listener {
    fn from(listener: tokio::net::UnixListener) -> Self {
        Self(Socket::Unix(listener))
    }
}

/// One that was opened elsewhere, such as by a test or a parent process.
impl TryFrom<std::net::TcpListener> for Listener {
    type Error = io::Error;

    fn try_from(listener: std::net::TcpListener) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        TcpListener::from_std(listener).map(Self::from)
    }
}

/// One that was opened elsewhere, such as by a test or a parent process.
#[cfg(unix)]
impl TryFrom<std::os::unix::net::UnixListener> for Listener {
    type Error = io::Error;

    fn try_from(listener: std::os::unix::net::UnixListener) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        tokio::net::UnixListener::from_std(listener).map(Self::from)
    }
}
