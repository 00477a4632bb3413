//! Makes calls with the generated client, and prints each as the curl that does the same over REST.

#![expect(clippy::print_stdout, reason = "printing is what the demonstration is for")]

use std::net::SocketAddr;

use rsgrpc::google::rpc::ErrorInfo;
use rsgrpc::json::{self, Json};
use rsgrpc::prost_types::FieldMask;
use rsgrpc::{Client, Code, Response, Status, StatusExt};

use crate::v1::{
    Book, BookstoreClient, CreateBookRequest, CreateShelfRequest, DeleteShelfRequest, ListBooksRequest,
    MoveBookRequest, Shelf, UpdateBookRequest,
};

/// Fills two shelves, changes and moves a book, and turns pages.
///
/// # Errors
///
/// The first call that fails although it should not.
pub async fn run(client: impl Into<Client>, address: SocketAddr) -> Result<(), Status> {
    let client = BookstoreClient::new(client);
    let curl = |arguments: &str| println!("\ncurl {}", arguments.replace('@', &format!("http://{address}/v1")));

    for (shelf_id, theme) in [("computing", "Machines"), ("travel", "Journeys")] {
        curl(&format!(r#"--json '{{"theme": "{theme}"}}' @/shelves?shelf_id={shelf_id}"#));
        let shelf = Some(Shelf { theme: theme.into(), ..Shelf::default() });
        made(client.create_shelf(CreateShelfRequest { shelf, shelf_id: shelf_id.into() }).await)?;
    }
    for (book_id, title) in [("notes", "Notes by the Translator"), ("nautical", "Nautical Almanac"), ("abc", "ABC")] {
        curl(&format!(r#"--json '{{"title": "{title}"}}' @/shelves/computing/books?book_id={book_id}"#));
        let book = Some(Book { title: title.into(), ..Book::default() });
        let parent = "shelves/computing".into();
        made(client.create_book(CreateBookRequest { parent, book, book_id: book_id.into() }).await)?;
    }

    curl(r#"-X PATCH --json '{"authors": ["Ada Lovelace"]}' @/shelves/computing/books/notes"#);
    let authors = vec!["Ada Lovelace".to_owned()];
    let book = Some(Book { name: "shelves/computing/books/notes".into(), authors, ..Book::default() });
    let update_mask = Some(FieldMask { paths: vec!["authors".into()] });
    shown(client.update_book(UpdateBookRequest { book, update_mask }).await)?;

    curl(r#"--json '{"destination": "shelves/travel"}' @/shelves/computing/books/nautical:move"#);
    let (name, destination) = ("shelves/computing/books/nautical".into(), "shelves/travel".into());
    made(client.move_book(MoveBookRequest { name, destination }).await)?;

    let mut page_token = String::new();
    loop {
        curl(&format!("'@/shelves/-/books?page_size=2&page_token={page_token}'"));
        let request = ListBooksRequest { parent: "shelves/-".into(), page_size: 2, page_token };
        page_token = shown(client.list_books(request).await)?.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }

    curl("-X DELETE @/shelves/travel");
    let Err(status) = client.delete_shelf(DeleteShelfRequest { name: "shelves/travel".into(), force: false }).await
    else {
        return Err(Status::internal("a shelf with books was removed"));
    };
    let reason = status.detail::<ErrorInfo>().unwrap_or_default().reason;
    println!("{:?} ({reason}): {}", status.code(), status.message());
    Ok(())
}

/// Prints the answer. That it is there already, from a run before with the same file, is fine.
fn made<T: Json>(result: Result<Response<T>, Status>) -> Result<(), Status> {
    match shown(result) {
        Err(status) if matches!(status.code(), Code::AlreadyExists | Code::NotFound) => {
            println!("{}", status.message());
            Ok(())
        }
        result => result.map(drop),
    }
}

fn shown<T: Json>(result: Result<Response<T>, Status>) -> Result<T, Status> {
    let message = result?.into_inner();
    let text = json::Options::new().emit_defaults(true).to_string(&message);
    println!("{}", text.map_err(|error| Status::internal(error.to_string()))?);
    Ok(message)
}
