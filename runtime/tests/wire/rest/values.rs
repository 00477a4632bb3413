//! What path and query set.

use super::{BAD, GET, OK, bad, json};
use crate::table::{Row, Want};

/// Percent-decoding, once, and the types of path values.
#[rustfmt::skip]
pub const PATH: &[Row] = &[
    Row { name: "a single segment is decoded whole", path: "/v1/items/a%2Fb%20c%2B%C3%BC", answer: Want { body: || json(r#"{"id":"a/b c+ü"}"#), ..OK }, ..GET },
    Row { name: "decoded once", path: "/v1/items/%2541%252F", answer: Want { body: || json(r#"{"id":"%41%2F"}"#), ..OK }, ..GET },
    Row { name: "a plus is a plus", path: "/v1/items/a+b", answer: Want { body: || json(r#"{"id":"a+b"}"#), ..OK }, ..GET },
    Row { name: "in several segments an escaped slash stays as sent", path: "/v1/shelves/a%2Fb/books/c%2fd%20e", answer: Want { body: || json(r#"{"name":"shelves/a%2Fb/books/c%2fd e"}"#), ..OK }, ..GET },
    Row { name: "in ** an escaped slash stays, even in one segment", path: "/v1/files/a%2Fb", answer: Want { body: || json(r#"{"name":"files/a%2Fb"}"#), ..OK }, ..GET },
    Row { name: "a lone percent", path: "/v1/items/a%", answer: Want { body: || bad("the value of `id` in the path: a `%` stands before something other than two hexadecimal digits"), ..BAD }, ..GET },
    Row { name: "a percent and no digits", path: "/v1/items/a%zz", answer: Want { body: || bad("the value of `id` in the path: a `%` stands before something other than two hexadecimal digits"), ..BAD }, ..GET },
    Row { name: "a path value that is not UTF-8", path: "/v1/items/%ff", answer: Want { body: || bad("the value of `id` in the path: it is not UTF-8"), ..BAD }, ..GET },
    Row { name: "NUL in a path", path: "/v1/items/a%00", answer: Want { body: || bad("the value of `id` in the path: it has a NUL character"), ..BAD }, ..GET },
    Row { name: "path values of all kinds", path: "/v1/typed/-5/true/GREEN/2026-11-22T16:00:00Z/deep", answer: Want { body: || json(r#"{"int32":-5,"flag":true,"color":"GREEN","child":{"id":"deep"},"time":"2026-11-22T16:00:00Z"}"#), ..OK }, ..GET },
    Row { name: "bytes and durations in a path", path: "/v1/bytes/_-8/1.5s/x", answer: Want { body: || json(r#"{"text":"x","data":"/+8=","duration":"1.500s"}"#), ..OK }, ..GET },
    Row { name: "an enum in a path by its number", path: "/v1/typed/0/false/7/2026-11-22T16:00:00Z/c", answer: Want { body: || json(r#"{"color":7,"child":{"id":"c"},"time":"2026-11-22T16:00:00Z"}"#), ..OK }, ..GET },
];

/// Query parameters.
#[rustfmt::skip]
pub const QUERY: &[Row] = &[
    Row { name: "what the path bound is not set again, by its proto name", path: "/v1/items/7?id=8&text=x", answer: Want { body: || json(r#"{"id":"7","text":"x"}"#), ..OK }, ..GET },
    Row { name: "what the path bound is not set again, nested", path: "/v1/typed/1/true/RED/2026-01-01T00:00:00Z/c?child.id=d&child.text=e", answer: Want { body: || json(r#"{"int32":1,"flag":true,"child":{"id":"c","text":"e"},"time":"2026-01-01T00:00:00Z"}"#), ..OK }, ..GET },
    Row { name: "keys by proto name and by JSON name", path: "/v1/items/7?snake_case=a&child.snakeCase=b", answer: Want { body: || json(r#"{"id":"7","child":{"id":"","snakeCase":"b"},"snakeCase":"a"}"#.replace(r#""id":"","#, "").as_str()), ..OK }, ..GET },
    Row { name: "dotted paths", path: "/v1/items/7?child.child.text=x&child.child.int32=5", answer: Want { body: || json(r#"{"id":"7","child":{"child":{"text":"x","int32":5}}}"#), ..OK }, ..GET },
    Row { name: "keys are decoded", path: "/v1/items/7?child%2Etext=a&%74ext=b", answer: Want { body: || json(r#"{"id":"7","text":"b","child":{"text":"a"}}"#), ..OK }, ..GET },
    Row { name: "the first = splits", path: "/v1/items/7?text=a=b=", answer: Want { body: || json(r#"{"id":"7","text":"a=b="}"#), ..OK }, ..GET },
    Row { name: "empty pairs are skipped", path: "/v1/items/7?&&text=a&", answer: Want { body: || json(r#"{"id":"7","text":"a"}"#), ..OK }, ..GET },
    Row { name: "an empty query", path: "/v1/items/7?", answer: Want { body: || json(r#"{"id":"7"}"#), ..OK }, ..GET },
    Row { name: "a key without = has an empty value, which sets presence", path: "/v1/items/7?maybe", answer: Want { body: || json(r#"{"id":"7","maybe":""}"#), ..OK }, ..GET },
    Row { name: "an empty value sets presence of wrappers and oneofs", path: "/v1/items/7?wrapped=&left=", answer: Want { body: || json(r#"{"id":"7","wrapped":"","left":""}"#), ..OK }, ..GET },
    Row { name: "an empty value is no number", path: "/v1/items/7?int32=", answer: Want { body: || bad(r#"the parameter `int32`: expected an integer, found \"\""#), ..BAD }, ..GET },
    Row { name: "a plus is a space", path: "/v1/items/7?text=a+b%2Bc", answer: Want { body: || json(r#"{"id":"7","text":"a b+c"}"#), ..OK }, ..GET },
    Row { name: "numbers", path: "/v1/items/7?int32=-2147483648&int64=9223372036854775807&double=1.5&number=18446744073709551615", answer: Want { body: || json(r#"{"id":"7","int32":-2147483648,"int64":"9223372036854775807","double":1.5,"number":"18446744073709551615"}"#), ..OK }, ..GET },
    Row { name: "NaN", path: "/v1/items/7?double=NaN", answer: Want { body: || json(r#"{"id":"7","double":"NaN"}"#), ..OK }, ..GET },
    Row { name: "infinity", path: "/v1/items/7?double=-Infinity", answer: Want { body: || json(r#"{"id":"7","double":"-Infinity"}"#), ..OK }, ..GET },
    Row { name: "a number out of range", path: "/v1/items/7?int32=2147483648", answer: Want { body: || bad("the parameter `int32`: 2147483648 is out of range: -2147483648 to 2147483647"), ..BAD }, ..GET },
    Row { name: "values are text and not JSON", path: "/v1/items/7?text=%22a%22&maybe=null", answer: Want { body: || json(r#"{"id":"7","text":"\"a\"","maybe":"null"}"#), ..OK }, ..GET },
    Row { name: "booleans", path: "/v1/items/7?flag=true", answer: Want { body: || json(r#"{"id":"7","flag":true}"#), ..OK }, ..GET },
    Row { name: "1 is no boolean", path: "/v1/items/7?flag=1", answer: Want { body: || bad(r#"the parameter `flag`: expected true or false, found \"1\""#), ..BAD }, ..GET },
    Row { name: "an enum by its name", path: "/v1/items/7?color=GREEN", answer: Want { body: || json(r#"{"id":"7","color":"GREEN"}"#), ..OK }, ..GET },
    Row { name: "an enum by a number that has no name", path: "/v1/items/7?color=9", answer: Want { body: || json(r#"{"id":"7","color":9}"#), ..OK }, ..GET },
    Row { name: "an enum by a name that it does not have", path: "/v1/items/7?color=BLUE", answer: Want { body: || bad("the parameter `color`: `test.rest.Color` has no value `BLUE`"), ..BAD }, ..GET },
    Row { name: "bytes in standard base64", path: "/v1/items/7?data=%2F%2B8%3D", answer: Want { body: || json(r#"{"id":"7","data":"/+8="}"#), ..OK }, ..GET },
    Row { name: "bytes in URL base64 without padding", path: "/v1/items/7?data=_-8", answer: Want { body: || json(r#"{"id":"7","data":"/+8="}"#), ..OK }, ..GET },
    Row { name: "well-known types", path: "/v1/items/7?time=2026-11-22T17:00:00%2B01:00&duration=1.5s&mask=display_name,a.bC&wrapped=w", answer: Want { body: || json(r#"{"id":"7","time":"2026-11-22T16:00:00Z","duration":"1.500s","mask":"displayName,a.bC","wrapped":"w"}"#), ..OK }, ..GET },
    Row { name: "a key repeated, without splitting at commas", path: "/v1/items/7?tags=a,b&tags=c", answer: Want { body: || json(r#"{"id":"7","tags":["a,b","c"]}"#), ..OK }, ..GET },
    Row { name: "a repeated message", path: "/v1/items/7?items.text=a", answer: Want { body: || bad("the parameter `items.text`: a repeated field has no fields of its own"), ..BAD }, ..GET },
    Row { name: "a message", path: "/v1/items/7?child=a", answer: Want { body: || bad("the parameter `child`: `test.rest.Item` is a message, set by its fields only"), ..BAD }, ..GET },
    Row { name: "a scalar given twice", path: "/v1/items/7?text=a&text=b", answer: Want { body: || bad("the parameter `text`: it is given twice, and the field is not repeated"), ..BAD }, ..GET },
    Row { name: "a scalar given twice in two spellings", path: "/v1/items/7?snake_case=a&snakeCase=b", answer: Want { body: || bad("the parameter `snakeCase`: it is given twice, and the field is not repeated"), ..BAD }, ..GET },
    Row { name: "two members of one oneof", path: "/v1/items/7?left=a&right=b", answer: Want { body: || bad("the parameter `right`: another field of the same oneof is set already"), ..BAD }, ..GET },
    Row { name: "entries of maps", path: "/v1/items/7?labels[a.b]=c&numbered[5].text=x&numbered[5].int32=1", answer: Want { body: || json(r#"{"id":"7","labels":{"a.b":"c"},"numbered":{"5":{"text":"x","int32":1}}}"#), ..OK }, ..GET },
    Row { name: "the same entry twice", path: "/v1/items/7?labels[a]=c&labels[a]=d", answer: Want { body: || bad(r#"the parameter `labels[a]`: the key \"a\" is given twice"#), ..BAD }, ..GET },
    Row { name: "a key that is none of the map's", path: "/v1/items/7?numbered[x].text=a", answer: Want { body: || bad(r#"the parameter `numbered[x].text`: expected a decimal i32 as key, found \"x\""#), ..BAD }, ..GET },
    Row { name: "unknown parameters are ignored and leave no trace", path: "/v1/items/7?nope=1&child.nope=2&numbered[5].nope=3&text=a", answer: Want { body: || json(r#"{"id":"7","text":"a"}"#), ..OK }, ..GET },
    Row { name: "a malformed key", path: "/v1/items/7?a%=1", answer: Want { body: || bad("the name of a parameter: a `%` stands before something other than two hexadecimal digits"), ..BAD }, ..GET },
    Row { name: "a malformed value", path: "/v1/items/7?text=%C3", answer: Want { body: || bad("the parameter `text`: it is not UTF-8"), ..BAD }, ..GET },
    Row { name: "NUL in a query", path: "/v1/items/7?text=%00", answer: Want { body: || bad("the parameter `text`: it has a NUL character"), ..BAD }, ..GET },
];
