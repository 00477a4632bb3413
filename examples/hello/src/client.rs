//! `cargo run --bin hello-client`, while the server runs
#![expect(clippy::print_stdout, reason = "a command line program prints")]

use std::time::Duration;

use rsgrpc::Channel;

rsgrpc::include_proto!("hello.v1");

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let greeter = GreeterClient::new(Channel::connect("http://127.0.0.1:50051")?);
    let reply = greeter.say_hello(HelloRequest { name: "Ada".into() }).timeout(Duration::from_secs(1)).await?;
    println!("{}", reply.into_inner().message);
    Ok(())
}
