//! The generated client by gRPC and over REST: every rule of the bookstore, and the same told by both.

use std::fmt::Debug;

use bookstore::v1::{
    Book, BookstoreClient, CreateBookRequest, CreateShelfRequest, DeleteBookRequest, DeleteShelfRequest,
    GetBookRequest, ListBooksRequest, ListShelvesRequest, MoveBookRequest, Shelf, UpdateBookRequest,
};
use rsgrpc::prost_types::FieldMask;
use rsgrpc::{Channel, Client, Protocol, Response, Status, StatusExt};
use tokio::net::TcpListener;

/// A message as text, or all of an error. Times are those of the clock.
fn told<T: Debug>(result: Result<Response<T>, Status>) -> String {
    let text = match result {
        Ok(response) => format!("{:?}", response.into_inner()),
        Err(status) => format!("{:?} {} {:?}", status.code(), status.message(), status.any_details()),
    };
    let mut parts = text.split("Timestamp {");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |told, part| told + "Timestamp {" + part.split_once('}').map_or(part, |(_, behind)| behind))
}

/// What a caller learns of calls of all methods.
async fn learned(client: &BookstoreClient) -> Vec<String> {
    let text = str::to_owned;
    let mut learned = Vec::new();
    for (id, theme) in [("a", "Ä & ö"), ("b", ""), ("a", "again"), ("NOT AN ID", "")] {
        let shelf = Some(Shelf { theme: text(theme), ..Shelf::default() });
        learned.push(told(client.create_shelf(CreateShelfRequest { shelf, shelf_id: text(id) }).await));
    }
    for (id, title) in [("one", "One"), ("two", "Two?"), ("", "no id"), ("three", "")] {
        let book = Some(Book { title: text(title), authors: vec![text("x"), text("y")], ..Book::default() });
        let request = CreateBookRequest { parent: text("shelves/a"), book, book_id: text(id) };
        learned.push(told(client.create_book(request).await));
    }
    for name in ["shelves/a/books/one", "shelves/a/books/none", "shelves/a/books/ü%2F b"] {
        learned.push(told(client.get_book(GetBookRequest { name: text(name) }).await));
    }
    for paths in [&["title", "pages"][..], &["authors"], &["no_such_field"], &[]] {
        let name = text("shelves/a/books/one");
        let book = Some(Book { name, title: text("Changed"), pages: 7, ..Book::default() });
        let update_mask = Some(FieldMask { paths: paths.iter().map(|&path| text(path)).collect() });
        learned.push(told(client.update_book(UpdateBookRequest { book, update_mask }).await));
    }
    let (name, destination) = (text("shelves/a/books/one"), text("shelves/b"));
    learned.push(told(client.move_book(MoveBookRequest { name, destination }).await));
    for (parent, page_size) in [("shelves/-", 1), ("shelves/a", 0), ("shelves/none", 5), ("shelves/a", -1)] {
        let request = ListBooksRequest { parent: text(parent), page_size, page_token: String::new() };
        learned.push(told(client.list_books(request).await));
    }
    learned.push(told(client.list_shelves(ListShelvesRequest { page_size: 1, page_token: String::new() }).await));
    learned.push(told(client.list_shelves(ListShelvesRequest { page_size: 0, page_token: text("no&token") }).await));
    learned.push(told(client.delete_shelf(DeleteShelfRequest { name: text("shelves/a"), force: false }).await));
    for name in ["shelves/b/books/one", "shelves/b/books/one"] {
        learned.push(told(client.delete_book(DeleteBookRequest { name: text(name) }).await));
    }
    learned.push(told(client.delete_shelf(DeleteShelfRequest { name: text("shelves/a"), force: true }).await));
    learned
}

#[tokio::test]
async fn rest_tells_what_grpc_tells() {
    let grpc = BookstoreClient::new(bookstore::server(None).expect("a database in memory"));
    let expected = learned(&grpc).await;
    for http1 in [false, true] {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let target = format!("http://{}", listener.local_addr().expect("its address"));
        let server = bookstore::server(None).expect("a database in memory");
        tokio::spawn(async move { server.serve_with_shutdown(listener, std::future::pending()).await });
        let channel = Channel::builder(target).protocol(Protocol::Rest);
        let channel = if http1 { channel.http1_only() } else { channel }.build().expect("a channel");
        let found = learned(&BookstoreClient::new(Client::from(channel))).await;
        for (call, (found, expected)) in found.iter().zip(&expected).enumerate() {
            assert_eq!(found, expected, "call {call}, HTTP/1.1: {http1}");
        }
    }
}
