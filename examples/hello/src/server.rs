//! `cargo run --bin hello-server`

use rsgrpc::{Request, Response, Server, Status};

rsgrpc::include_proto!("hello.v1");

struct English;

impl Greeter for English {
    async fn say_hello(&self, request: Request<HelloRequest>) -> Result<Response<HelloReply>, Status> {
        let message = format!("Hello, {}!", request.into_inner().name);
        Ok(Response::new(HelloReply { message }))
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server = Server::builder().add_service(GreeterServer::new(English)).build()?;
    Ok(server.serve("127.0.0.1:50051").await?)
}
