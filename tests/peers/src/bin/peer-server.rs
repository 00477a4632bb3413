//! Serves `peers.proto` by rsgrpc on a free port of 127.0.0.1 and prints the port.

use std::error::Error;

use rsgrpc::Server;
use rsgrpc_peers::{PeersService, proto::ours::PeersServer};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    #[expect(clippy::print_stdout, reason = "whoever starts it reads the port there")]
    {
        println!("{}", listener.local_addr()?.port());
    }
    let server = Server::builder().add_service(PeersServer::new(PeersService::default())).build()?;
    server.serve_with_shutdown(listener, std::future::pending()).await?;
    Ok(())
}
