//! A runtime for each core.

use std::{future::Future, io, net::SocketAddr, num::NonZero, thread};

use tokio::{
    runtime,
    sync::{oneshot, watch},
};

use super::{Listener, Server};

impl Server {
    /// Serves on this address with a thread and a current-thread runtime for each core, each with a listener of its own
    /// that shares the port ([`Listener::shared`]); else as [`serve_with_shutdown`](Self::serve_with_shutdown).
    ///
    /// A call then never moves between cores, which costs less where calls are small and many. The kernel gives
    /// connections out by their addresses, so it takes many connections to load the cores alike, and what a handler
    /// computes holds up the other connections of its core: hand long work to `tokio::task::spawn_blocking`.
    ///
    /// # Errors
    ///
    /// The address cannot be bound, or a thread cannot be started.
    pub async fn serve_per_core(
        &self,
        mut addr: SocketAddr,
        shutdown: impl Future<Output = ()> + Send,
    ) -> io::Result<()> {
        let cores = thread::available_parallelism().map_or(1, NonZero::get);
        let (stop, stopped) = watch::channel(());
        let mut served = Vec::new();
        for core in 0..cores {
            let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
            let listener = {
                let _entered = runtime.enter();
                Listener::shared(addr)?
            };
            // Where the address leaves the port open, the first decides.
            addr = listener.local_addr().unwrap_or(addr);
            served.push(self.clone().serve_on(core, runtime, listener, stopped.clone())?);
        }
        shutdown.await;
        drop(stop);
        for served in served {
            // Its sender is gone only if the thread has panicked.
            served.await.unwrap_or_else(|_| Err(io::Error::other("a thread of the server panicked")))?;
        }
        Ok(())
    }

    fn serve_on(
        self,
        core: usize,
        runtime: runtime::Runtime,
        listener: Listener,
        mut stopped: watch::Receiver<()>,
    ) -> io::Result<oneshot::Receiver<io::Result<()>>> {
        let (report, served) = oneshot::channel();
        thread::Builder::new().name(format!("rsgrpc-{core}")).spawn(move || {
            let stopped = async move { drop(stopped.changed().await) };
            // Nobody listens where the caller gave up.
            let _ = report.send(runtime.block_on(self.serve_with_shutdown(listener, stopped)));
        })?;
        Ok(served)
    }
}
