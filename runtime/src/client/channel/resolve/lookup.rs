//! The addresses of a host.

use std::{net::IpAddr, time::Duration};

/// The addresses of a host, and how long they are good, where that is known.
pub(super) type Found = (Vec<IpAddr>, Option<Duration>);

/// By a resolver that reads the system's settings and knows how long an answer is good.
#[cfg(feature = "dns")]
pub(super) async fn lookup(host: &str) -> Result<Found, String> {
    use std::{sync::OnceLock, time::Instant};

    use hickory_resolver::TokioResolver;

    static RESOLVER: OnceLock<Result<TokioResolver, String>> = OnceLock::new();
    let build = || {
        let builder = TokioResolver::builder_tokio().map_err(|error| error.to_string())?;
        builder.build().map_err(|error| error.to_string())
    };
    let resolver = RESOLVER.get_or_init(build).as_ref().map_err(Clone::clone)?;
    let found = resolver.lookup_ip(host).await.map_err(|error| error.to_string())?;
    let good = found.valid_until().saturating_duration_since(Instant::now());
    Ok((found.iter().collect(), Some(good)))
}

/// By the system, which does not say how long an answer is good.
#[cfg(not(feature = "dns"))]
pub(super) async fn lookup(host: &str) -> Result<Found, String> {
    let found = tokio::net::lookup_host((host, 0)).await.map_err(|error| error.to_string())?;
    Ok((found.map(|address| address.ip()).collect(), None))
}
