//! Pages of lists (AIP-158).

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use rsgrpc::Status;

use crate::errors;

/// The largest page, and the page of a caller who does not say.
const LARGEST: u32 = 100;

/// Which page of a list is asked for.
#[derive(Debug)]
pub(crate) struct Page {
    /// What is listed. A token is good for one list only.
    list: String,
    size: u32,
    /// The name behind which the page begins.
    pub(crate) after: String,
}

impl Page {
    /// Reads the fields of a request for a page of this list.
    pub(crate) fn parse(list: &str, page_size: i32, page_token: &str) -> Result<Self, Status> {
        let size = match u32::try_from(page_size) {
            Err(_) => return Err(errors::invalid("page_size", "must not be negative")),
            Ok(0) => LARGEST,
            Ok(size) => size.min(LARGEST),
        };
        let after = match page_token {
            "" => Some(String::new()),
            token => after(list, token),
        };
        let rule = "must be a `next_page_token` of the same list";
        let after = after.ok_or_else(|| errors::invalid("page_token", rule))?;
        Ok(Self { list: list.to_owned(), size, after })
    }

    /// How many to read: one more than asked for tells whether there is another page.
    pub(crate) fn limit(&self) -> u32 {
        self.size + 1
    }

    /// The items of this page, and the token of the next.
    pub(crate) fn cut<T>(&self, mut found: Vec<T>, name: impl Fn(&T) -> &str) -> (Vec<T>, String) {
        let size = self.size as usize;
        let has_more = found.len() > size;
        found.truncate(size);
        let last = found.last().filter(|_| has_more);
        let token = last.map(|last| URL_SAFE_NO_PAD.encode(format!("{}\n{}", self.list, name(last))));
        (found, token.unwrap_or_default())
    }
}

/// What a token says. It is opaque to callers, not secret.
fn after(list: &str, token: &str) -> Option<String> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
    let (of, name) = text.split_once('\n')?;
    (of == list).then(|| name.to_owned())
}
