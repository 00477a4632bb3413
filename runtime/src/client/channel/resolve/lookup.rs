//! What DNS knows of a host.

use std::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};

/// The addresses of a host, and how long they are good, where that is known.
pub(super) type Found = (Vec<IpAddr>, Option<Duration>);

#[cfg(not(feature = "dns"))]
pub(super) use system::Lookup;

#[cfg(feature = "dns")]
pub(super) use hickory::Lookup;

/// By the system, which does not say how long an answer is good.
#[cfg(not(feature = "dns"))]
mod system {
    use super::{Found, SocketAddr};

    #[derive(Debug)]
    pub(in super::super) struct Lookup;

    impl Lookup {
        pub(in super::super) fn new(_: Option<SocketAddr>) -> Self {
            Self
        }

        pub(in super::super) async fn addresses(&self, host: &str) -> Result<Found, String> {
            let found = tokio::net::lookup_host((host, 0)).await.map_err(|error| error.to_string())?;
            Ok((found.map(|address| address.ip()).collect(), None))
        }
    }
}

/// By a resolver that reads the system's settings and knows how long an answer is good.
#[cfg(feature = "dns")]
mod hickory {
    use std::{sync::OnceLock, time::Instant};

    use hickory_resolver::{
        TokioResolver,
        config::{NameServerConfig, ResolverConfig},
        net::runtime::TokioRuntimeProvider,
        proto::rr::RData,
    };

    use super::{Found, SocketAddr};

    /// Made when it is needed first; the system's is shared, with what it has learned.
    #[derive(Debug, Default)]
    pub(in super::super) struct Lookup {
        server: Option<SocketAddr>,
        own: OnceLock<Resolver>,
    }

    type Resolver = Result<TokioResolver, String>;

    static SYSTEM: OnceLock<Resolver> = OnceLock::new();

    impl Lookup {
        /// By this DNS server, or by those of the system.
        pub(in super::super) fn new(server: Option<SocketAddr>) -> Self {
            Self { server, own: OnceLock::new() }
        }

        pub(in super::super) async fn addresses(&self, host: &str) -> Result<Found, String> {
            let found = self.resolver()?.lookup_ip(host).await.map_err(|error| match error {
                error if error.is_nx_domain() => "DNS knows no such name (NXDOMAIN)".to_owned(),
                error if error.is_no_records_found() => "DNS knows no address of it".to_owned(),
                error => error.to_string(),
            })?;
            let good = found.valid_until().saturating_duration_since(Instant::now());
            Ok((found.iter().collect(), Some(good)))
        }

        /// The records of text under a name, each in one piece; none where there is no such name.
        pub(in super::super) async fn texts(&self, name: &str) -> Result<Vec<String>, String> {
            let found = match self.resolver()?.txt_lookup(name).await {
                Err(error) if error.is_no_records_found() => return Ok(Vec::new()),
                found => found.map_err(|error| error.to_string())?,
            };
            let text = |data: &RData| match data {
                RData::TXT(text) => Some(String::from_utf8_lossy(&text.txt_data.concat()).into_owned()),
                _ => None,
            };
            Ok(found.answers().iter().filter_map(|record| text(&record.data)).collect())
        }

        fn resolver(&self) -> Result<&TokioResolver, String> {
            let made = match self.server {
                None => SYSTEM.get_or_init(|| {
                    TokioResolver::builder_tokio()
                        .and_then(|builder| builder.build())
                        .map_err(|error| error.to_string())
                }),
                Some(server) => self.own.get_or_init(|| by(server)),
            };
            made.as_ref().map_err(Clone::clone)
        }
    }

    fn by(server: SocketAddr) -> Resolver {
        let mut config = NameServerConfig::udp_and_tcp(server.ip());
        config.connections.iter_mut().for_each(|connection| connection.port = server.port());
        let config = ResolverConfig::from_parts(None, Vec::new(), vec![config]);
        let builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
        builder.build().map_err(|error| error.to_string())
    }
}
