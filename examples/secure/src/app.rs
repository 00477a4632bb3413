//! All of it, running.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use tokio::{net::TcpListener, sync::watch, task::JoinSet};

use crate::telemetry::Metrics;
use crate::{Error, certificates, servers, tokens::TokenIssuer};

/// Both servers and the metrics.
#[derive(Debug)]
pub struct App {
    /// Where callers come in with tokens.
    pub public: SocketAddr,
    /// Where callers come in with certificates.
    pub internal: SocketAddr,
    /// Where Prometheus comes in, by HTTP.
    pub metrics: SocketAddr,
    stop: watch::Sender<()>,
    serving: JoinSet<io::Result<()>>,
}

impl App {
    /// Makes certificates and tokens in the folder and serves at this address; `internal` and `metrics` have the two
    /// ports above it, or with port 0 any three.
    ///
    /// # Errors
    ///
    /// The folder cannot be written, or a port is taken.
    pub async fn start(folder: &Path, listen: SocketAddr) -> Result<Self, Error> {
        std::fs::create_dir_all(folder)?;
        certificates::write(folder)?;
        TokenIssuer::new()?.write(folder)?;
        let (accounts, metrics) = (Arc::default(), Metrics::new()?);
        let meter = metrics.meter();
        let public = servers::public(&accounts, folder, &meter)?;
        let internal = servers::internal(&accounts, folder, &meter)?;

        let [first, second, third] = [bind(listen, 0).await?, bind(listen, 1).await?, bind(listen, 2).await?];
        let addresses = (first.local_addr()?, second.local_addr()?, third.local_addr()?);
        let (stop, stopped) = watch::channel(());
        let until = |mut stopped: watch::Receiver<()>| async move { drop(stopped.changed().await) };
        let mut serving = JoinSet::new();
        for (server, listener) in [(public, first), (internal, second)] {
            let stopped = until(stopped.clone());
            serving.spawn(async move { server.serve_with_shutdown(listener, stopped).await });
        }
        serving.spawn(async move {
            tokio::select! {
                result = metrics.serve(third) => result,
                () = until(stopped) => Ok(()),
            }
        });
        Ok(Self { public: addresses.0, internal: addresses.1, metrics: addresses.2, stop, serving })
    }

    /// Stops once the calls that run are done.
    ///
    /// # Errors
    ///
    /// One of them had failed before.
    pub async fn stop(mut self) -> Result<(), Error> {
        drop(self.stop);
        while let Some(served) = self.serving.join_next().await {
            served??;
        }
        Ok(())
    }
}

async fn bind(listen: SocketAddr, offset: u16) -> Result<TcpListener, Error> {
    let port = if listen.port() == 0 { 0 } else { listen.port().saturating_add(offset) };
    let address = SocketAddr::new(listen.ip(), port);
    TcpListener::bind(address)
        .await
        .map_err(|error| format!("cannot listen on {address}: {error}; choose another address by --listen").into())
}
