//! REST: rules of `google.api.http` (google/api/http.proto), AIP-127 and AIP-193, row by row. The name of a row says the
//! rule that it shows.

mod bodies;
mod client;
pub mod hostile;
pub mod items;
mod live;
mod routing;
mod settings;
pub mod streams;
mod values;

pub use items::server;

use crate::table::{Row, UNARY, Want};

pub type Headers = &'static [(&'static str, &'static str)];

const JSON: Headers = &[("content-type", "application/json")];

const GET: Row =
    Row { method: "GET", headers: &[], answer: Want { headers: JSON, status: "", ..UNARY.answer }, ..UNARY };
const POST: Row = Row { method: "POST", headers: JSON, ..GET };
const OK: Want = GET.answer;
const BAD: Want = Want { http: 400, ..OK };

/// All rows.
pub fn rows() -> impl Iterator<Item = &'static Row> {
    [
        routing::ROWS,
        values::PATH,
        values::QUERY,
        bodies::REQUESTS,
        bodies::ANSWERS,
        streams::DOWN,
        streams::UP,
        hostile::ROWS,
    ]
    .into_iter()
    .flatten()
}

/// The JSON of an error without details.
fn error(http: u16, status: &str, message: &str) -> Vec<u8> {
    format!(r#"{{"error":{{"code":{http},"message":"{message}","status":"{status}","details":[]}}}}"#).into_bytes()
}

fn bad(message: &str) -> Vec<u8> {
    error(400, "INVALID_ARGUMENT", message)
}

fn json(text: &str) -> Vec<u8> {
    text.as_bytes().to_vec()
}
