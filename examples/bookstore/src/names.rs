//! Resource names (AIP-122), parsed once: what a name is made of is checked here and nowhere else.

use std::fmt;

use rsgrpc::Status;

use crate::errors;

/// `shelves/{shelf}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ShelfName {
    pub(crate) shelf: String,
}

/// `shelves/{shelf}/books/{book}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BookName {
    pub(crate) shelf: String,
    pub(crate) book: String,
}

impl ShelfName {
    /// Reads the name in this field of a request.
    pub(crate) fn parse(field: &str, name: &str) -> Result<Self, Status> {
        match name.split('/').collect::<Vec<_>>()[..] {
            ["shelves", shelf] if is_id(shelf) => Ok(Self { shelf: shelf.to_owned() }),
            _ => Err(errors::invalid(field, "must be `shelves/{shelf}`")),
        }
    }

    /// Reads the name in this field; `None` for `shelves/-`, which is every shelf (AIP-159).
    pub(crate) fn parse_or_all(field: &str, name: &str) -> Result<Option<Self>, Status> {
        if name == "shelves/-" { Ok(None) } else { Self::parse(field, name).map(Some) }
    }

    /// The name of a new shelf.
    pub(crate) fn of(shelf_id: String) -> Result<Self, Status> {
        check_id("shelf_id", &shelf_id)?;
        Ok(Self { shelf: shelf_id })
    }
}

impl BookName {
    /// Reads the name in this field of a request.
    pub(crate) fn parse(field: &str, name: &str) -> Result<Self, Status> {
        match name.split('/').collect::<Vec<_>>()[..] {
            ["shelves", shelf, "books", book] if is_id(shelf) && is_id(book) => {
                Ok(Self { shelf: shelf.to_owned(), book: book.to_owned() })
            }
            _ => Err(errors::invalid(field, "must be `shelves/{shelf}/books/{book}`")),
        }
    }

    /// The name of a new book.
    pub(crate) fn of(parent: ShelfName, book_id: String) -> Result<Self, Status> {
        check_id("book_id", &book_id)?;
        Ok(Self { shelf: parent.shelf, book: book_id })
    }
}

fn check_id(field: &str, id: &str) -> Result<(), Status> {
    if is_id(id) {
        Ok(())
    } else {
        Err(errors::invalid(field, "must be 1 to 63 of a-z, 0-9 and `-`, with no `-` first"))
    }
}

fn is_id(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=63).contains(&text.len()) && text.bytes().all(fits) && !text.starts_with('-')
}

impl fmt::Display for ShelfName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "shelves/{}", self.shelf)
    }
}

impl fmt::Display for BookName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "shelves/{}/books/{}", self.shelf, self.book)
    }
}
