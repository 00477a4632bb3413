//! Shelves and books, in SQLite.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use rsgrpc::Status;
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::errors;
use crate::names::{BookName, ShelfName};
use crate::pages::Page;
use crate::v1::{Book, Shelf};

const SCHEMA: &str = "
    PRAGMA foreign_keys = ON;
    CREATE TABLE IF NOT EXISTS shelves (
        name  TEXT PRIMARY KEY,    -- the whole resource name, so that lists are in its order
        theme TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS books (
        name    TEXT PRIMARY KEY,
        shelf   TEXT NOT NULL REFERENCES shelves (name) ON DELETE CASCADE,
        title   TEXT NOT NULL,
        authors TEXT NOT NULL,     -- a line each
        pages   INTEGER NOT NULL,
        created INTEGER NOT NULL,  -- milliseconds since 1970
        updated INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID";

/// The database. SQLite blocks, so it runs on the threads that tokio has for that.
#[derive(Debug)]
pub(crate) struct Store {
    connection: Arc<Mutex<Connection>>,
}

impl Store {
    /// Opens the file, or an empty database in memory.
    pub(crate) fn open(file: Option<&Path>) -> rusqlite::Result<Self> {
        let connection = file.map_or_else(Connection::open_in_memory, Connection::open)?;
        connection.execute_batch(SCHEMA)?;
        Ok(Self { connection: Arc::new(Mutex::new(connection)) })
    }

    /// The shelves of a page, and the first of the next.
    pub(crate) async fn shelves(&self, after: String, limit: u32) -> Result<Vec<Shelf>, Status> {
        self.run(move |db| {
            let mut query = db.prepare_cached("SELECT * FROM shelves WHERE name > ?1 ORDER BY name LIMIT ?2")?;
            query.query_map(params![after, limit], shelf)?.collect()
        })
        .await
    }

    /// Adds a shelf.
    pub(crate) async fn create_shelf(&self, shelf: Shelf) -> Result<Shelf, Status> {
        self.run(move |db| {
            let added =
                db.execute("INSERT OR IGNORE INTO shelves VALUES (?1, ?2)", params![shelf.name, shelf.theme])?;
            Ok(if added == 1 { Ok(shelf) } else { Err(errors::taken(&shelf.name)) })
        })
        .await?
    }

    /// Removes a shelf, with its books or only without.
    pub(crate) async fn delete_shelf(&self, name: ShelfName, force: bool) -> Result<(), Status> {
        let name = name.to_string();
        self.run(move |db| {
            let transaction = db.transaction()?;
            let has_books = "SELECT EXISTS (SELECT 1 FROM books WHERE shelf = ?1)";
            if !force && transaction.query_row(has_books, [&name], |row| row.get(0))? {
                return Ok(Err(errors::not_empty(&name)));
            }
            let removed = transaction.execute("DELETE FROM shelves WHERE name = ?1", [&name])?;
            transaction.commit()?;
            Ok(if removed == 1 { Ok(()) } else { Err(errors::missing(&name)) })
        })
        .await?
    }

    /// The books of a page, and the first of the next; of one shelf or of all.
    pub(crate) async fn books(&self, parent: Option<ShelfName>, page: &Page) -> Result<Vec<Book>, Status> {
        let (after, limit) = (page.after.clone(), page.limit());
        let parent = parent.map(|parent| parent.to_string());
        self.run(move |db| {
            if let Some(shelf) = &parent
                && !has_shelf(db, shelf)?
            {
                return Ok(Err(errors::missing(shelf)));
            }
            let mut query = db.prepare_cached(
                "SELECT * FROM books WHERE name > ?1 AND shelf = ifnull(?2, shelf) ORDER BY name LIMIT ?3",
            )?;
            query.query_map(params![after, parent, limit], book)?.collect::<rusqlite::Result<_>>().map(Ok)
        })
        .await?
    }

    /// The book of this name.
    pub(crate) async fn book(&self, name: BookName) -> Result<Book, Status> {
        let name = name.to_string();
        self.run(move |db| Ok(find(db, &name)?.ok_or_else(|| errors::missing(&name)))).await?
    }

    /// Adds a book.
    pub(crate) async fn create_book(&self, name: BookName, new: Book) -> Result<Book, Status> {
        let shelf = ShelfName { shelf: name.shelf.clone() }.to_string();
        let name = name.to_string();
        self.run(move |db| {
            if !has_shelf(db, &shelf)? {
                return Ok(Err(errors::missing(&shelf)));
            }
            let values = params![name, shelf, new.title, new.authors.join("\n"), new.pages, millis_now()];
            let added = db.execute("INSERT OR IGNORE INTO books VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6)", values)?;
            if added == 1 { found(db, &name) } else { Ok(Err(errors::taken(&name))) }
        })
        .await?
    }

    /// Changes a book as told.
    pub(crate) async fn update_book(
        &self,
        name: BookName,
        change: impl FnOnce(&mut Book) + Send + 'static,
    ) -> Result<Book, Status> {
        let name = name.to_string();
        self.run(move |db| {
            let transaction = db.transaction()?;
            let Some(mut book) = find(&transaction, &name)? else { return Ok(Err(errors::missing(&name))) };
            change(&mut book);
            let statement = "UPDATE books SET title = ?2, authors = ?3, pages = ?4, updated = ?5 WHERE name = ?1";
            let values = params![name, book.title, book.authors.join("\n"), book.pages, millis_now()];
            transaction.execute(statement, values)?;
            let book = found(&transaction, &name)?;
            transaction.commit()?;
            Ok(book)
        })
        .await?
    }

    /// Removes a book.
    pub(crate) async fn delete_book(&self, name: BookName) -> Result<(), Status> {
        let name = name.to_string();
        self.run(move |db| {
            let removed = db.execute("DELETE FROM books WHERE name = ?1", [&name])?;
            Ok(if removed == 1 { Ok(()) } else { Err(errors::missing(&name)) })
        })
        .await?
    }

    /// Puts a book on another shelf.
    pub(crate) async fn move_book(&self, name: BookName, destination: ShelfName) -> Result<Book, Status> {
        let new = BookName { shelf: destination.shelf.clone(), book: name.book.clone() }.to_string();
        let (name, shelf) = (name.to_string(), destination.to_string());
        self.run(move |db| {
            let transaction = db.transaction()?;
            if !has_shelf(&transaction, &shelf)? {
                return Ok(Err(errors::missing(&shelf)));
            }
            let statement = "UPDATE OR IGNORE books SET name = ?2, shelf = ?3, updated = ?4 WHERE name = ?1";
            if transaction.execute(statement, params![name, new, shelf, millis_now()])? == 0 {
                let is_missing = find(&transaction, &name)?.is_none();
                return Ok(Err(if is_missing { errors::missing(&name) } else { errors::taken(&new) }));
            }
            let book = found(&transaction, &new)?;
            transaction.commit()?;
            Ok(book)
        })
        .await?
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Status> {
        let connection = Arc::clone(&self.connection);
        // A transaction that a panic interrupted was rolled back when it was dropped.
        let work = move || work(&mut connection.lock().unwrap_or_else(PoisonError::into_inner));
        let done = tokio::task::spawn_blocking(work).await.map_err(|_| Status::internal("the database failed"))?;
        done.map_err(|error| {
            eprintln!("database: {error}"); // For the operator, not for the caller.
            Status::internal("the database failed")
        })
    }
}

fn has_shelf(db: &Connection, name: &str) -> rusqlite::Result<bool> {
    db.query_row("SELECT EXISTS (SELECT 1 FROM shelves WHERE name = ?1)", [name], |row| row.get(0))
}

fn find(db: &Connection, name: &str) -> rusqlite::Result<Option<Book>> {
    db.prepare_cached("SELECT * FROM books WHERE name = ?1")?.query_row([name], book).optional()
}

/// The book that was just written.
fn found(db: &Connection, name: &str) -> rusqlite::Result<Result<Book, Status>> {
    Ok(find(db, name)?.ok_or_else(|| errors::missing(name)))
}

fn shelf(row: &Row<'_>) -> rusqlite::Result<Shelf> {
    Ok(Shelf { name: row.get("name")?, theme: row.get("theme")? })
}

fn book(row: &Row<'_>) -> rusqlite::Result<Book> {
    let time = |millis: i64| SystemTime::UNIX_EPOCH + Duration::from_millis(millis.unsigned_abs());
    Ok(Book {
        name: row.get("name")?,
        title: row.get("title")?,
        authors: row.get::<_, String>("authors")?.lines().map(str::to_owned).collect(),
        pages: row.get("pages")?,
        create_time: Some(time(row.get("created")?).into()),
        update_time: Some(time(row.get("updated")?).into()),
    })
}

fn millis_now() -> i64 {
    let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since_1970.as_millis()).unwrap_or(i64::MAX)
}
