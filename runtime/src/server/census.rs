//! How many connections there are, and whose.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::ConnectionLimits;

/// Counts the open connections of a server.
#[derive(Debug, Default)]
pub(super) struct Census(Mutex<Counts>);

#[derive(Debug, Default)]
struct Counts {
    all: usize,
    of_peer: HashMap<IpAddr, usize>,
    /// A connection was refused since there was last room for one.
    full: bool,
}

/// One open connection, until it is dropped.
#[derive(Debug)]
pub(super) struct Counted {
    census: Arc<Census>,
    peer: Option<IpAddr>,
}

impl Census {
    /// Counts a connection, if there is room for it.
    pub(super) fn admit(self: &Arc<Self>, peer: Option<SocketAddr>, limits: &ConnectionLimits) -> Option<Counted> {
        let peer = peer.map(|peer| network(peer.ip()));
        let mut counts = self.lock();
        if counts.all >= limits.connections {
            if !std::mem::replace(&mut counts.full, true) {
                tracing::warn!(connections = counts.all, "the server has all the connections it may have");
            }
            return None;
        }
        if let Some(peer) = peer {
            let of_peer = counts.of_peer.entry(peer).or_default();
            if *of_peer >= limits.per_peer {
                tracing::debug!(%peer, connections = *of_peer, "a peer has all the connections it may have");
                return None;
            }
            *of_peer += 1;
        }
        counts.all += 1;
        counts.full = false;
        Some(Counted { census: Arc::clone(self), peer })
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let mut counts = self.census.lock();
        counts.all -= 1;
        let Some(peer) = self.peer else {
            return;
        };
        if let Some(of_peer) = counts.of_peer.get_mut(&peer) {
            *of_peer -= 1;
            if *of_peer == 0 {
                counts.of_peer.remove(&peer);
            }
        }
    }
}

/// Whom an address belongs to: by IPv6, everybody has a /64.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX))),
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admit(census: &Arc<Census>, peer: &str) -> Option<Counted> {
        let limits = ConnectionLimits::new().max_connections(4).max_connections_per_peer(2);
        census.admit(Some(SocketAddr::new(peer.parse().unwrap(), 1)), &limits)
    }

    #[test]
    fn a_peer_has_its_share_and_all_have_theirs() {
        let census = Arc::default();
        let first = [admit(&census, "10.0.0.1"), admit(&census, "::ffff:10.0.0.1")].map(Option::unwrap);
        assert!(admit(&census, "10.0.0.1").is_none());
        let second = [admit(&census, "2001:db8::1"), admit(&census, "2001:db8::2:1")].map(Option::unwrap);
        assert!(admit(&census, "2001:db8:0:1::1").is_none(), "all are four");
        drop(first);
        assert!(admit(&census, "2001:db8::3").is_none(), "the /64 has two");
        drop(second);
        assert_eq!(census.lock().all, 0);
        assert!(census.lock().of_peer.is_empty());
        assert!(admit(&census, "2001:db8::3").is_some());
    }
}
