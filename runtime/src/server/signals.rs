//! When the operating system asks a server to stop.

use std::{future::Future, io};

/// Ready once the process is asked to stop: by SIGTERM, as containers and services are, or by Ctrl-C. From when this is
/// called on, neither ends the process by itself.
///
/// ```no_run
/// # async fn f(server: rsgrpc::Server) -> std::io::Result<()> {
/// let listener = rsgrpc::Listener::bind("0.0.0.0:50051").await?;
/// server.serve_with_shutdown(listener, rsgrpc::shutdown_signal()?).await
/// # }
/// ```
///
/// # Errors
///
/// The signals cannot be waited for.
///
/// # Panics
///
/// Outside of a tokio runtime with IO.
#[cfg(unix)]
pub fn shutdown_signal() -> io::Result<impl Future<Output = ()> + Send + 'static> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// Ready once the process is asked to stop, by Ctrl-C or because the machine is shut down. From when this is called on,
/// neither ends the process by itself.
///
/// # Errors
///
/// The signals cannot be waited for.
///
/// # Panics
///
/// Outside of a tokio runtime.
#[cfg(windows)]
pub fn shutdown_signal() -> io::Result<impl Future<Output = ()> + Send + 'static> {
    use tokio::signal::windows::{ctrl_c, ctrl_shutdown};
    let (mut pressed, mut ended) = (ctrl_c()?, ctrl_shutdown()?);
    Ok(async move {
        tokio::select! {
            _ = pressed.recv() => {}
            _ = ended.recv() => {}
        }
    })
}
