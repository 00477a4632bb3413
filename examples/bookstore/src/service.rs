//! `bookstore.v1.Bookstore`.

use rsgrpc::{Request, Response, Status};

use crate::errors;
use crate::names::{BookName, ShelfName};
use crate::pages::Page;
use crate::store::Store;
use crate::v1::{
    Book, Bookstore, CreateBookRequest, CreateShelfRequest, DeleteBookRequest, DeleteShelfRequest, GetBookRequest,
    ListBooksRequest, ListBooksResponse, ListShelvesRequest, ListShelvesResponse, MoveBookRequest, Shelf,
    UpdateBookRequest,
};

/// The service, on its database.
#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) store: Store,
}

impl Bookstore for Service {
    async fn list_shelves(
        &self,
        request: Request<ListShelvesRequest>,
    ) -> Result<Response<ListShelvesResponse>, Status> {
        let ListShelvesRequest { page_size, page_token } = request.into_inner();
        let page = Page::parse("shelves", page_size, &page_token)?;
        let found = self.store.shelves(page.after.clone(), page.limit()).await?;
        let (shelves, next_page_token) = page.cut(found, |shelf| &shelf.name);
        Ok(Response::new(ListShelvesResponse { shelves, next_page_token }))
    }

    async fn create_shelf(&self, request: Request<CreateShelfRequest>) -> Result<Response<Shelf>, Status> {
        let CreateShelfRequest { shelf, shelf_id } = request.into_inner();
        let name = ShelfName::of(shelf_id)?.to_string();
        let shelf = Shelf { name, ..shelf.unwrap_or_default() };
        Ok(Response::new(self.store.create_shelf(shelf).await?))
    }

    async fn delete_shelf(&self, request: Request<DeleteShelfRequest>) -> Result<Response<()>, Status> {
        let DeleteShelfRequest { name, force } = request.into_inner();
        Ok(Response::new(self.store.delete_shelf(ShelfName::parse("name", &name)?, force).await?))
    }

    async fn list_books(&self, request: Request<ListBooksRequest>) -> Result<Response<ListBooksResponse>, Status> {
        let ListBooksRequest { parent, page_size, page_token } = request.into_inner();
        let shelf = ShelfName::parse_or_all("parent", &parent)?;
        let page = Page::parse(&parent, page_size, &page_token)?;
        let (books, next_page_token) = page.cut(self.store.books(shelf, &page).await?, |book| &book.name);
        Ok(Response::new(ListBooksResponse { books, next_page_token }))
    }

    async fn get_book(&self, request: Request<GetBookRequest>) -> Result<Response<Book>, Status> {
        let name = BookName::parse("name", &request.into_inner().name)?;
        Ok(Response::new(self.store.book(name).await?))
    }

    async fn create_book(&self, request: Request<CreateBookRequest>) -> Result<Response<Book>, Status> {
        let CreateBookRequest { parent, book, book_id } = request.into_inner();
        let name = BookName::of(ShelfName::parse("parent", &parent)?, book_id)?;
        let book = book.unwrap_or_default();
        check(&book, "book.title", !book.title.is_empty(), "must not be empty")?;
        Ok(Response::new(self.store.create_book(name, book).await?))
    }

    async fn update_book(&self, request: Request<UpdateBookRequest>) -> Result<Response<Book>, Status> {
        let UpdateBookRequest { book, update_mask } = request.into_inner();
        let new = book.unwrap_or_default();
        let name = BookName::parse("book.name", &new.name)?;
        let fields = Fields::of(&new, &update_mask.unwrap_or_default().paths)?;
        check(&new, "book.title", !fields.title || !new.title.is_empty(), "must not be empty")?;
        Ok(Response::new(self.store.update_book(name, move |book| fields.copy(new, book)).await?))
    }

    async fn delete_book(&self, request: Request<DeleteBookRequest>) -> Result<Response<()>, Status> {
        let name = BookName::parse("name", &request.into_inner().name)?;
        Ok(Response::new(self.store.delete_book(name).await?))
    }

    async fn move_book(&self, request: Request<MoveBookRequest>) -> Result<Response<Book>, Status> {
        let MoveBookRequest { name, destination } = request.into_inner();
        let (name, shelf) = (BookName::parse("name", &name)?, ShelfName::parse("destination", &destination)?);
        Ok(Response::new(self.store.move_book(name, shelf).await?))
    }
}

/// Which fields of a book an update writes.
#[derive(Debug, Default)]
struct Fields {
    title: bool,
    authors: bool,
    pages: bool,
}

impl Fields {
    /// Those that the mask names; without a mask, those that are set (AIP-134).
    fn of(new: &Book, mask: &[String]) -> Result<Self, Status> {
        if mask.is_empty() {
            return Ok(Self { title: !new.title.is_empty(), authors: !new.authors.is_empty(), pages: new.pages != 0 });
        }
        let mut fields = Self::default();
        for path in mask {
            match path.as_str() {
                "title" => fields.title = true,
                "authors" => fields.authors = true,
                "pages" => fields.pages = true,
                "*" => fields = Self { title: true, authors: true, pages: true },
                // The name says which book, and the times are the server's: a caller may send back what it got.
                "name" | "create_time" | "update_time" => {}
                _ => return Err(errors::invalid("update_mask", &format!("names `{path}`, which no book has"))),
            }
        }
        Ok(fields)
    }

    fn copy(&self, new: Book, book: &mut Book) {
        if self.title {
            book.title = new.title;
        }
        if self.authors {
            book.authors = new.authors;
        }
        if self.pages {
            book.pages = new.pages;
        }
    }
}

/// What holds for every book, and one more rule.
fn check(book: &Book, field: &str, holds: bool, rule: &str) -> Result<(), Status> {
    if book.pages < 0 {
        return Err(errors::invalid("book.pages", "must not be negative"));
    }
    if book.authors.iter().any(|author| author.is_empty() || author.contains('\n')) {
        return Err(errors::invalid("book.authors", "must be names of one line"));
    }
    if holds { Ok(()) } else { Err(errors::invalid(field, rule)) }
}
