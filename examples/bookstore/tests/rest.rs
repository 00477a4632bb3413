//! The bookstore over raw HTTP.

#![expect(clippy::expect_used, reason = "a test fails by a panic")]

use std::net::SocketAddr;
use std::process::Command;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

struct Bookstore(SocketAddr);

impl Bookstore {
    async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("its address");
        let server = bookstore::server(None).expect("a database in memory");
        tokio::spawn(async move { server.serve_with_shutdown(listener, std::future::pending()).await });
        Self(address)
    }

    /// The status and the JSON of the answer.
    async fn call(&self, method: &str, target: &str, body: &Value) -> (u16, Value) {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let mut socket = TcpStream::connect(self.0).await.expect("a connection");
        let head = format!("{method} {target} HTTP/1.1\r\nhost: bookstore\r\nconnection: close\r\n");
        let request = format!("{head}content-length: {}\r\n\r\n{body}", body.len());
        socket.write_all(request.as_bytes()).await.expect("it takes the request");
        let mut answer = String::new();
        socket.read_to_string(&mut answer).await.expect("an answer");
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
        (head[9..12].parse().expect("a status"), serde_json::from_str(body).expect("JSON"))
    }
}

#[tokio::test]
async fn shelves_and_books() {
    let books = Bookstore::open().await;
    let (status, shelf) = books.call("POST", "/v1/shelves?shelf_id=a", &json!({"theme": "A"})).await;
    assert_eq!((status, shelf), (200, json!({"name": "shelves/a", "theme": "A"})));
    books.call("POST", "/v1/shelves?shelfId=b", &json!({})).await;
    let (status, error) = books.call("POST", "/v1/shelves?shelf_id=a", &json!({})).await;
    assert_eq!((status, &error["error"]["status"]), (409, &json!("ALREADY_EXISTS")));

    // Created, with only what the path and the body say.
    let (status, one) = books.call("POST", "/v1/shelves/a/books?book_id=one", &json!({"title": "One"})).await;
    assert_eq!((status, &one["name"], &one["pages"]), (200, &json!("shelves/a/books/one"), &json!(0)));
    assert_eq!(books.call("GET", "/v1/shelves/a/books/one", &Value::Null).await, (200, one));

    // Changed, field by field: the mask is what the body has.
    let target = "/v1/shelves/a/books/one";
    let (_, book) = books.call("PATCH", target, &json!({"authors": ["Ada"], "pages": 7})).await;
    assert_eq!((&book["title"], &book["authors"], &book["pages"]), (&json!("One"), &json!(["Ada"]), &json!(7)));
    let (_, book) = books.call("PATCH", target, &json!({"pages": 0})).await;
    assert_eq!((&book["authors"], &book["pages"]), (&json!(["Ada"]), &json!(0)));
    let (_, book) = books.call("PATCH", "/v1/shelves/a/books/one?update_mask=title", &json!({"title": "1"})).await;
    assert_eq!((&book["title"], &book["authors"]), (&json!("1"), &json!(["Ada"])));

    // Moved, with its name.
    let (status, book) = books.call("POST", "/v1/shelves/a/books/one:move", &json!({"destination": "shelves/b"})).await;
    assert_eq!((status, &book["name"]), (200, &json!("shelves/b/books/one")));
    let (status, error) = books.call("GET", target, &Value::Null).await;
    assert_eq!((status, &error["error"]["details"][0]["reason"]), (404, &json!("RESOURCE_MISSING")));
    assert_eq!(error["error"]["details"][1]["resourceName"], "shelves/a/books/one");

    // Not removed while there are books, unless forced.
    let (status, error) = books.call("DELETE", "/v1/shelves/b", &Value::Null).await;
    assert_eq!((status, &error["error"]["status"]), (400, &json!("FAILED_PRECONDITION")));
    assert_eq!(books.call("DELETE", "/v1/shelves/b?force=true", &Value::Null).await, (200, json!({})));
}

#[tokio::test]
async fn pages() {
    let books = Bookstore::open().await;
    for shelf in ["x", "y"] {
        books.call("POST", &format!("/v1/shelves?shelf_id={shelf}"), &json!({})).await;
        for book in ["1", "2", "3"] {
            let target = format!("/v1/shelves/{shelf}/books?book_id={book}");
            books.call("POST", &target, &json!({"title": book})).await;
        }
    }
    let mut names = Vec::new();
    let mut token = String::new();
    loop {
        let target = format!("/v1/shelves/-/books?page_size=4&page_token={token}");
        let (_, page) = books.call("GET", &target, &Value::Null).await;
        names.extend(page["books"].as_array().expect("books").iter().map(|book| book["name"].to_string()));
        token = page["nextPageToken"].as_str().expect("a token").to_owned();
        if token.is_empty() {
            break;
        }
        // A token is good for its own list only.
        let (status, _) = books.call("GET", &format!("/v1/shelves/x/books?page_token={token}"), &Value::Null).await;
        assert_eq!(status, 400);
    }
    let expected: Vec<_> =
        ["x", "y"].iter().flat_map(|shelf| [1, 2, 3].map(|id| format!("\"shelves/{shelf}/books/{id}\""))).collect();
    assert_eq!(names, expected);
}

#[tokio::test]
async fn what_is_wrong_is_told_by_field() {
    let books = Bookstore::open().await;
    books.call("POST", "/v1/shelves?shelf_id=a", &json!({})).await;
    books.call("POST", "/v1/shelves/a/books?book_id=b", &json!({"title": "B"})).await;
    for (method, target, body, field) in [
        ("POST", "/v1/shelves?shelf_id=A", json!({}), "shelf_id"),
        ("POST", "/v1/shelves/a/books?book_id=c", json!({}), "book.title"),
        ("POST", "/v1/shelves/a/books", json!({"title": "C"}), "book_id"),
        ("PATCH", "/v1/shelves/a/books/b", json!({"pages": -1}), "book.pages"),
        ("PATCH", "/v1/shelves/a/books/b?updateMask=color", json!({}), "update_mask"),
        ("POST", "/v1/shelves/a/books/b:move", json!({"destination": "a"}), "destination"),
        ("GET", "/v1/shelves/a/books?page_size=-1", Value::Null, "page_size"),
        ("GET", "/v1/shelves?page_token=x", Value::Null, "page_token"),
    ] {
        let (status, error) = books.call(method, target, &body).await;
        assert_eq!(status, 400, "{target}: {error}");
        assert_eq!(error["error"]["details"][1]["fieldViolations"][0]["field"], field, "{target}: {error}");
    }
}

#[test]
fn once_makes_the_calls_and_stops() {
    let program = Command::new(env!("CARGO_BIN_EXE_bookstore")).args(["--listen", "127.0.0.1:0", "--once"]).output();
    let output = program.expect("it starts");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("FailedPrecondition (SHELF_NOT_EMPTY)"), "{said}");
}
