//! Serves gRPC's interop tests; the flags are those of grpc-go's server.

use std::error::Error;

use rsgrpc::{Encoding, Health, Server};
use rsgrpc_suites::{
    interop::{Interop, ServerFlags, proto::TestServiceServer},
    pages::{OnePage, PagesServer},
};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let flags = ServerFlags::parse()?;
    let mut server = Server::builder()
        .add_service(TestServiceServer::new(Interop))
        .add_service(PagesServer::new(OnePage))
        .health(Health::default())
        .reflection()
        .send_compressed(Encoding::Gzip);
    if let Some(tls) = flags.tls()? {
        server = server.tls(tls);
    }
    server.build()?.serve(("127.0.0.1", flags.port)).await?;
    Ok(())
}
