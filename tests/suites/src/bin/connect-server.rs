//! Serves the conformance suite of Connect: reads how from standard input, says where on standard output.

use std::{error::Error, io};

use rsgrpc::{Identity, Server, ServerTls, TrustRoots};
use rsgrpc_suites::conformance::{
    self, Conformance,
    proto::{ConformanceServiceServer, ServerCompatRequest, ServerCompatResponse},
};
use tokio::{net::TcpListener, signal::unix};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let settings: ServerCompatRequest = conformance::read(&mut io::stdin().lock())?.ok_or("no settings came")?;
    let mut server = Server::builder().add_service(ConformanceServiceServer::new(Conformance));
    if settings.message_receive_limit > 0 {
        server = server.max_receive_message_bytes(settings.message_receive_limit as usize);
    }
    let mut answer = ServerCompatResponse { host: "127.0.0.1".into(), ..ServerCompatResponse::default() };
    if settings.use_tls {
        let credentials = settings.server_creds.ok_or("TLS was asked for without a certificate")?;
        let mut tls = ServerTls::new(Identity::from_pem(&credentials.cert, &credentials.key)?);
        if !settings.client_tls_cert.is_empty() {
            tls = tls.require_client_certificate(TrustRoots::from_pem(&settings.client_tls_cert)?);
        }
        server = server.tls(tls);
        answer.pem_cert = credentials.cert;
    }
    let server = server.build()?;
    let listener = TcpListener::bind((answer.host.as_str(), 0)).await?;
    answer.port = listener.local_addr()?.port().into();
    conformance::write(&mut io::stdout().lock(), &answer)?;
    let mut terminated = unix::signal(unix::SignalKind::terminate())?;
    server
        .serve_with_shutdown(listener, async move {
            terminated.recv().await;
        })
        .await?;
    Ok(())
}
