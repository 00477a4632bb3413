//! A chat for web pages: a service behind an axum router that serves the page, too.

mod chat;
mod page;
mod room;

use std::path::Path;
use std::sync::Arc;

use axum::Router;
use rsgrpc::{BuildError, Cors, Server};

pub use room::Room;

/// The generated code.
pub mod v1 {
    rsgrpc::include_proto!("webchat.v1");
}

/// The page in this folder, and beside it the chat, by gRPC-Web and Connect (and gRPC and REST, as always). Pages of
/// these other origins may chat, too.
///
/// # Errors
///
/// One of the origins is not written as browsers write it.
pub fn app(room: &Arc<Room>, web: &Path, origins: &[String]) -> Result<Router, BuildError> {
    let chat = v1::ChatServiceServer::new(chat::Chat { room: Arc::clone(room) });
    let server = Server::builder().add_service(chat).cors(Cors::origins(origins)).build()?;
    Ok(page::routes(web).fallback_service(server))
}
