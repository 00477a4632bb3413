//! A resource-oriented API by the AIPs (<https://google.aip.dev>) on SQLite. The README of this crate shows it with curl.

pub mod demo;

mod errors;
mod names;
mod pages;
mod service;
mod store;

use std::{path::Path, time::Duration};

use rsgrpc::Server;

/// The generated code.
pub mod v1 {
    rsgrpc::include_proto!("bookstore.v1");
}

/// The service on a server: gRPC, gRPC-Web, Connect and REST on one port. The books are kept in this file, or in memory.
///
/// # Errors
///
/// The file cannot be opened or is no database.
pub fn server(file: Option<&Path>) -> Result<Server, Box<dyn std::error::Error>> {
    let bookstore = service::Service { store: store::Store::open(file)? };
    let server = Server::builder().add_service(v1::BookstoreServer::new(bookstore));
    Ok(server.shutdown_grace(Duration::from_secs(5)).build()?)
}
