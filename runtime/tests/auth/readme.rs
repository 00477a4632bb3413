//! What the README of the project shows about letting others in is what compiles here.

use std::{error::Error, time::Instant};

use rsgrpc::{
    Call, Identity, Next, Server, ServerBuilder, ServerTls, Status, StatusExt,
    google::rpc::{BadRequest, bad_request::FieldViolation},
    interceptors::{BearerAuth, Claims, JwtVerifier, Permissions},
};

use crate::support::{Echo, EchoServer as GreeterServer};

struct English;

impl Echo for English {}

fn tls_and_tokens() -> Result<Server, Box<dyn Error>> {
    let verifier: JwtVerifier = JwtVerifier::from_file("jwks.json", "https://users.example")?;
    let server = Server::builder()
        .tls(ServerTls::new(Identity::from_files("server.crt", "server.key")?))
        .interceptor(BearerAuth::new(verifier))
        .interceptor(Permissions::new().allow("hello.v1.Greeter", |call| {
            call.extensions().get::<Claims>().is_some_and(|claims| claims.has_scope("greet"))
        }))
        .add_service(GreeterServer::new(English))
        .build()?;
    Ok(server)
}

fn details(field_violations: Vec<FieldViolation>) -> Result<(), Status> {
    Err(Status::invalid_argument("the name is missing").with_detail(&BadRequest { field_violations }))
}

#[expect(clippy::print_stdout, reason = "as the README does")]
fn own(builder: ServerBuilder) -> ServerBuilder {
    builder.interceptor(|call: Call, next: Next| async move {
        let (method, started) = (call.method().full_name(), Instant::now());
        let result = next.run(call).await; // the whole call, streams included
        println!("{method}: {:?} after {:?}", result.as_ref().map_err(Status::code).err(), started.elapsed());
        result
    })
}

#[test]
fn the_readme_compiles() {
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let here = words(include_str!("readme.rs"));
    let readme = include_str!("../../../README.md");
    let (_, guide) = readme.split_once("## Letting others in").unwrap();
    let (guide, _) = guide.split_once("\n## ").unwrap();
    let blocks: Vec<_> = guide.split("```rust\n").skip(1).filter_map(|block| block.split_once("```")).collect();
    assert_eq!(blocks.len(), 3);
    for (block, _) in blocks {
        assert!(here.contains(&words(block)), "{block}");
    }
    assert!(tls_and_tokens().unwrap_err().to_string().starts_with("cannot read jwks.json: "));
    assert!(details(Vec::new()).unwrap_err().detail::<BadRequest>().is_some());
    own(Server::builder()).build().unwrap();
}
