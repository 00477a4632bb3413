//! Which rule a request matches.

use super::{BAD, GET, JSON, OK, POST, bad, error, json};
use crate::table::{Row, Want};

#[rustfmt::skip]
pub const ROWS: &[Row] = &[
    // The path is split before anything is decoded.
    Row { name: "an escaped slash is no structure", path: "/v1/items/a%2Fb", answer: Want { body: || json(r#"{"id":"a/b"}"#), ..OK }, ..GET },
    Row { name: "an escaped colon is no verb", method: "POST", path: "/v1/items/a%3Amove", answer: Want { http: 405, body: || error(405, "UNIMPLEMENTED", "the path has no route for POST; it has for DELETE, GET, HEAD, OPTIONS, PATCH, PUT, REPORT"), headers: &[("allow", "DELETE, GET, HEAD, OPTIONS, PATCH, PUT, REPORT")], ..OK }, ..GET },
    Row { name: "a verb that is registered", path: "/v1/items/a:move", body: &[|| json("{}")], answer: Want { body: || json(r#"{"id":"a","text":"moved"}"#), ..OK }, ..POST },
    Row { name: "a verb at the last colon", path: "/v1/items/a:b:move", body: &[|| json("{}")], answer: Want { body: || json(r#"{"id":"a:b","text":"moved"}"#), ..OK }, ..POST },
    Row { name: "a colon without a registered verb is data", path: "/v1/items/a:b", answer: Want { body: || json(r#"{"id":"a:b"}"#), ..OK }, ..GET },
    Row { name: "a verb of another method's rule is data", path: "/v1/items/a:move", answer: Want { body: || json(r#"{"id":"a:move"}"#), ..OK }, ..GET },
    Row { name: "a verb with nothing before it is data", path: "/v1/items/:move", answer: Want { body: || json(r#"{"id":":move"}"#), ..OK }, ..GET },
    Row { name: "a trailing colon is data", path: "/v1/items/a:", answer: Want { body: || json(r#"{"id":"a:"}"#), ..OK }, ..GET },
    Row { name: "a verb behind **", path: "/v1/trees/oak/1:shake", answer: Want { body: || json(r#"{"name":"trees/oak/1"}"#), ..OK }, ..GET },
    // Precedence.
    Row { name: "a literal before a variable, whatever their order", path: "/v1/items/latest", answer: Want { body: || json(r#"{"text":"latest"}"#), ..OK }, ..GET },
    Row { name: "a literal for POST does not shadow a variable for GET", path: "/v1/items/posted", answer: Want { body: || json(r#"{"id":"posted"}"#), ..OK }, ..GET },
    Row { name: "a literal for GET does not shadow a variable for DELETE", method: "DELETE", path: "/v1/items/latest", answer: Want { body: || json(r#"{"id":"latest"}"#), ..OK }, ..GET },
    Row { name: "a method before the kind *", method: "PUT", path: "/v1/any/7", answer: Want { body: || json(r#"{"id":"7","text":"one"}"#), ..OK }, ..GET },
    Row { name: "the kind * is any method", method: "PATCH", path: "/v1/any/7", answer: Want { body: || json(r#"{"id":"7","text":"anything"}"#), ..OK }, ..GET },
    Row { name: "the kind * is any token", method: "M-SEARCH", path: "/v1/any/7", answer: Want { body: || json(r#"{"id":"7","text":"anything"}"#), ..OK }, ..GET },
    Row { name: "a custom kind", method: "REPORT", path: "/v1/items/7", answer: Want { body: || json(r#"{"id":"7"}"#), ..OK }, ..GET },
    Row { name: "an additional binding", path: "/v1/shelves/1/books/2", answer: Want { body: || json(r#"{"name":"shelves/1/books/2"}"#), ..OK }, ..GET },
    Row { name: "** is many segments", path: "/v1/files/a/b/c", answer: Want { body: || json(r#"{"name":"files/a/b/c"}"#), ..OK }, ..GET },
    Row { name: "** is no segment", path: "/v1/files", answer: Want { body: || json(r#"{"name":"files"}"#), ..OK }, ..GET },
    Row { name: "** with a literal behind it", path: "/v1/trees/a/b/leaf", answer: Want { body: || json(r#"{"name":"trees/a/b"}"#), ..OK }, ..GET },
    Row { name: "** that is nothing, with a literal behind it", path: "/v1/trees/leaf", answer: Want { body: || json(r#"{"name":"trees"}"#), ..OK }, ..GET },
    Row { name: "a literal is not found behind **", path: "/v1/trees/a/b", answer: Want { http: 404, body: || error(404, "NOT_FOUND", "no route has this path"), ..OK }, ..GET },
    // Not found, not allowed.
    Row { name: "no path matches", path: "/v1/nothing", answer: Want { http: 404, body: || error(404, "NOT_FOUND", "no route has this path"), ..OK }, ..GET },
    Row { name: "the path matches under other methods", method: "PATCH", path: "/v1/items", answer: Want { http: 405, body: || error(405, "UNIMPLEMENTED", "the path has no route for PATCH; it has for OPTIONS, POST"), headers: &[("allow", "OPTIONS, POST"), ("content-type", "application/json")], ..OK }, ..GET },
    Row { name: "a value that does not parse", path: "/v1/typed/x/true/RED/2026-01-01T00:00:00Z/c", answer: Want { body: || bad(r#"the value of `int32` in the path: expected an integer, found \"x\""#), ..BAD }, ..GET },
    Row { name: "OPTIONS says what is allowed", method: "OPTIONS", path: "/v1/items/7", answer: Want { http: 204, headers: &[("allow", "DELETE, GET, HEAD, OPTIONS, PATCH, PUT, REPORT")], ..OK }, ..GET },
    Row { name: "OPTIONS of a path that no rule has", method: "OPTIONS", path: "/v1/nothing", answer: Want { http: 404, body: || error(404, "NOT_FOUND", "no route has this path"), ..OK }, ..GET },
    // docs/rest.md 2.11
    Row { name: "HEAD is GET without its body", method: "HEAD", path: "/v1/items/7", answer: Want { headers: &[("content-type", "application/json"), ("content-length", "10")], ..OK }, ..GET },
    Row { name: "HEAD of an error", method: "HEAD", path: "/v1/nothing", answer: Want { http: 404, headers: JSON, ..OK }, ..GET },
    Row { name: "HEAD of a stream", method: "HEAD", path: "/v1/watch/hang-2", answer: Want { headers: JSON, ..OK }, ..GET },
    // Slashes and letters.
    Row { name: "a trailing slash counts", path: "/v1/items/7/", answer: Want { http: 404, body: || error(404, "NOT_FOUND", "no route has this path"), ..OK }, ..GET },
    Row { name: "an empty segment is no value", path: "/v1/items/", answer: Want { http: 404, body: || error(404, "NOT_FOUND", "no route has this path"), ..OK }, ..GET },
    Row { name: "empty segments do not collapse", path: "/v1//items/7", answer: Want { http: 404, body: || error(404, "NOT_FOUND", "no route has this path"), ..OK }, ..GET },
    Row { name: "empty segments stay in a **", path: "/v1/files//a/", answer: Want { body: || json(r#"{"name":"files//a/"}"#), ..OK }, ..GET },
    Row { name: "literals are case-sensitive", path: "/V1/items/7", answer: Want { http: 404, body: || error(404, "NOT_FOUND", "no route has this path"), ..OK }, ..GET },
    Row { name: "unreserved characters of literals may be escaped", path: "/%761/item%73/7", answer: Want { body: || json(r#"{"id":"7"}"#), ..OK }, ..GET },
    Row { name: "escapes in a template are the characters", path: "/v1/~tilde/a.b-c_d@e", answer: Want { body: || json("{}"), ..OK }, ..GET },
    Row { name: "escapes in a template, escaped", path: "/v1/%7etilde/a%2Eb-c_d@e", answer: Want { body: || json("{}"), ..OK }, ..GET },
    Row { name: "dot segments are data", path: "/v1/items/%2e%2e", answer: Want { body: || json(r#"{"id":".."}"#), ..OK }, ..GET },
];
