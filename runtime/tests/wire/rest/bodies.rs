//! Bodies, there and back.

use super::{BAD, GET, JSON, OK, POST, bad, error, json};
use crate::table::{Row, Want, gzip};

const PUT: Row = Row { method: "PUT", ..POST };
const PATCH: Row = Row { method: "PATCH", ..POST };

/// What requests carry.
#[rustfmt::skip]
pub const REQUESTS: &[Row] = &[
    Row { name: "*: the body is the message", path: "/v1/items", body: &[|| json(r#"{"id":"a","snakeCase":"b","child":{"text":"c"}}"#)], answer: Want { body: || json(r#"{"id":"a","child":{"text":"c"},"snakeCase":"b"}"#), ..OK }, ..POST },
    Row { name: "with body *, the query is ignored", path: "/v1/items?text=q&nope=%zz", body: &[|| json(r#"{"id":"a"}"#)], answer: Want { body: || json(r#"{"id":"a"}"#), ..OK }, ..POST },
    Row { name: "a field: an object", path: "/v1/items/7/child?text=q", body: &[|| json(r#"{"id":"a"}"#)], answer: Want { body: || json(r#"{"id":"7","text":"q","child":{"id":"a"}}"#), ..OK }, ..POST },
    Row { name: "a field: an array", path: "/v1/items/7/tags", body: &[|| json(r#"["a","b"]"#)], answer: Want { body: || json(r#"{"id":"7","tags":["a","b"]}"#), ..OK }, ..POST },
    Row { name: "a field: a map", path: "/v1/items/7/labels", body: &[|| json(r#"{"a":"b"}"#)], answer: Want { body: || json(r#"{"id":"7","labels":{"a":"b"}}"#), ..OK }, ..POST },
    Row { name: "a field: a scalar", path: "/v1/items/7/text", body: &[|| json(r#""a\"b""#)], answer: Want { body: || json(r#"{"id":"7","text":"a\"b"}"#), ..OK }, ..POST },
    Row { name: "a field: a well-known type", path: "/v1/items/7/time", body: &[|| json(r#""2026-11-22T16:00:00Z""#)], answer: Want { body: || json(r#"{"id":"7","time":"2026-11-22T16:00:00Z"}"#), ..OK }, ..POST },
    Row { name: "a field: null", path: "/v1/items/7/child", body: &[|| json("null")], answer: Want { body: || json(r#"{"id":"7"}"#), ..OK }, ..POST },
    Row { name: "what is under the body field is no parameter", path: "/v1/items/7/child?child.text=q&text=r", body: &[|| json(r#"{"id":"a"}"#)], answer: Want { body: || json(r#"{"id":"7","text":"r","child":{"id":"a"}}"#), ..OK }, ..POST },
    Row { name: "no body in the rule: one is ignored", path: "/v1/items/7", body: &[|| json("not even JSON")], answer: Want { body: || json(r#"{"id":"7"}"#), ..OK }, ..GET },
    Row { name: "an empty body is an unset one", path: "/v1/items", answer: Want { body: || json("{}"), ..OK }, ..POST },
    Row { name: "an empty body field is an unset one", path: "/v1/items/7/child", answer: Want { body: || json(r#"{"id":"7"}"#), ..OK }, ..POST },
    Row { name: "trailing garbage", path: "/v1/items", body: &[|| json("{} x")], answer: Want { body: || bad("the body cannot be read: expected the end of the text, found 'x' (line 1, column 4)"), ..BAD }, ..POST },
    Row { name: "a second value", path: "/v1/items", body: &[|| json("{}{}")], answer: Want { body: || bad("the body cannot be read: expected the end of the text, found an object (line 1, column 3)"), ..BAD }, ..POST },
    Row { name: "unknown JSON fields are discarded", path: "/v1/items", body: &[|| json(r#"{"nope":[1,{"a":2}],"id":"a"}"#)], answer: Want { body: || json(r#"{"id":"a"}"#), ..OK }, ..POST },
    Row { name: "a path value wins over the body's", path: "/v1/items/7", body: &[|| json(r#"{"id":"8","text":"a"}"#)], answer: Want { body: || json(r#"{"id":"7","text":"a"}"#), ..OK }, ..PUT },
    Row { name: "a path value is woven into a message of the body", path: "/v1/woven/deep", body: &[|| json(r#"{"child":{"id":"a","child":{"text":"b"}}}"#)], answer: Want { body: || json(r#"{"child":{"id":"a","child":{"id":"deep","text":"b"}}}"#), ..OK }, ..PUT },
    Row { name: "a path value makes the messages on its way", path: "/v1/woven/deep", body: &[|| json("{}")], answer: Want { body: || json(r#"{"child":{"child":{"id":"deep"}}}"#), ..OK }, ..PUT },
    Row { name: "a path value is woven into the body field", path: "/v1/children/c", body: &[|| json(r#"{"id":"x","text":"b"}"#)], answer: Want { body: || json(r#"{"child":{"id":"c","text":"b"}}"#), ..OK }, ..POST },
    // Media types and encodings.
    Row { name: "no content type", path: "/v1/items", headers: &[], body: &[|| json(r#"{"id":"a"}"#)], answer: Want { body: || json(r#"{"id":"a"}"#), ..OK }, ..POST },
    Row { name: "a charset", path: "/v1/items", headers: &[("content-type", "application/json; charset=UTF-8")], body: &[|| json(r#"{"id":"a"}"#)], answer: Want { body: || json(r#"{"id":"a"}"#), ..OK }, ..POST },
    Row { name: "a type that ends with +json", path: "/v1/items", headers: &[("content-type", "application/merge-patch+json")], body: &[|| json(r#"{"id":"a"}"#)], answer: Want { body: || json(r#"{"id":"a"}"#), ..OK }, ..POST },
    Row { name: "another content type", path: "/v1/items", headers: &[("content-type", "text/plain")], body: &[|| json(r#"{"id":"a"}"#)], answer: Want { http: 415, body: || error(415, "INVALID_ARGUMENT", r#"the content type text/plain is not JSON; send application/json in UTF-8"#), ..OK }, ..POST },
    Row { name: "another charset", path: "/v1/items", headers: &[("content-type", "application/json; charset=latin-1")], body: &[|| json(r#"{"id":"a"}"#)], answer: Want { http: 415, body: || error(415, "INVALID_ARGUMENT", r#"the content type application/json; charset=latin-1 is not JSON; send application/json in UTF-8"#), ..OK }, ..POST },
    Row { name: "another content type where no body is read", headers: &[("content-type", "text/plain")], path: "/v1/items/7", answer: Want { body: || json(r#"{"id":"7"}"#), ..OK }, ..GET },
    // docs/rest.md 5.9
    Row { name: "gzip is undone", path: "/v1/items", headers: &[("content-type", "application/json"), ("content-encoding", "gzip")], body: &[|| gzip(br#"{"id":"a"}"#)], answer: Want { body: || json(r#"{"id":"a"}"#), ..OK }, ..POST },
    Row { name: "the name of an encoding, in capitals", path: "/v1/items", headers: &[("content-type", "application/json"), ("content-encoding", "GZip")], body: &[|| gzip(br#"{"id":"a"}"#)], answer: Want { body: || json(r#"{"id":"a"}"#), ..OK }, ..POST },
    Row { name: "an encoding we do not have", path: "/v1/items", headers: &[("content-type", "application/json"), ("content-encoding", "lzma")], body: &[|| json("{}")], answer: Want { http: 415, headers: JSON, body: || error(415, "INVALID_ARGUMENT", &format!(r#"the encoding \"lzma\" is not supported; supported are: {}"#, crate::table::SUPPORTED)), ..OK }, ..POST },
    // Masks.
    Row { name: "PATCH: a mask that is absent is filled with the leaves, sorted, in proto names", path: "/v1/items/7", body: &[|| json(r#"{"text":"a","snakeCase":"b","child":{"int32":1,"child":{"id":"c"}}}"#)], answer: Want { body: || json(r#"{"item":{"id":"7","text":"a","child":{"int32":1,"child":{"id":"c"}},"snakeCase":"b"},"updateMask":"child.child.id,child.int32,snakeCase,text"}"#), ..OK }, ..PATCH },
    Row { name: "PATCH: the mask stops at lists, maps, Any, Struct and empty objects", path: "/v1/items/7", body: &[|| json(r#"{"tags":["a"],"items":[{"id":"x"}],"labels":{"a":"b"},"numbered":{"1":{"id":"y"}},"any":{"@type":"type.googleapis.com/test.rest.Item","id":"z"},"struct":{"a":{"b":1}},"child":{},"time":"2026-01-01T00:00:00Z"}"#)], answer: Want { body: || json(r#"{"item":{"id":"7","child":{},"tags":["a"],"items":[{"id":"x"}],"labels":{"a":"b"},"numbered":{"1":{"id":"y"}},"time":"2026-01-01T00:00:00Z","struct":{"a":{"b":1}},"any":{"@type":"type.googleapis.com/test.rest.Item","id":"z"}},"updateMask":"any,child,items,labels,numbered,struct,tags,time"}"#), ..OK }, ..PATCH },
    Row { name: "PATCH: null counts", path: "/v1/items/7", body: &[|| json(r#"{"text":null,"child":null}"#)], answer: Want { body: || json(r#"{"item":{"id":"7"},"updateMask":"child,text"}"#), ..OK }, ..PATCH },
    Row { name: "PATCH: an explicit mask wins", path: "/v1/items/7?updateMask=text", body: &[|| json(r#"{"text":"a","flag":true}"#)], answer: Want { body: || json(r#"{"item":{"id":"7","text":"a","flag":true},"updateMask":"text"}"#), ..OK }, ..PATCH },
    Row { name: "PATCH: a mask that is empty is filled", path: "/v1/items/7?update_mask=", body: &[|| json(r#"{"flag":true}"#)], answer: Want { body: || json(r#"{"item":{"id":"7","flag":true},"updateMask":"flag"}"#), ..OK }, ..PATCH },
    Row { name: "PATCH: unknown fields are not in the mask", path: "/v1/items/7", body: &[|| json(r#"{"nope":1,"flag":true}"#)], answer: Want { body: || json(r#"{"item":{"id":"7","flag":true},"updateMask":"flag"}"#), ..OK }, ..PATCH },
    Row { name: "PATCH with body *: no mask is filled", path: "/v1/changes", body: &[|| json(r#"{"item":{"flag":true}}"#)], answer: Want { body: || json(r#"{"item":{"flag":true}}"#), ..OK }, ..PATCH },
    Row { name: "PUT: no mask is filled", path: "/v1/changes/7", body: &[|| json(r#"{"flag":true}"#)], answer: Want { body: || json(r#"{"item":{"id":"7","flag":true}}"#), ..OK }, ..PUT },
    // HttpBody.
    Row { name: "HttpBody there and back", path: "/v1/raw", headers: &[("content-type", "image/png")], body: &[|| b"\x89PNG\x00\xff".to_vec()], answer: Want { headers: &[("content-type", "image/png")], body: || b"\x89PNG\x00\xff".to_vec(), ..OK }, ..POST },
    Row { name: "HttpBody: JSON is not parsed", path: "/v1/raw", body: &[|| json("{ not JSON")], answer: Want { body: || json("{ not JSON"), ..OK }, ..POST },
    Row { name: "HttpBody as the body field", path: "/v1/attachments/a%20b", headers: &[("content-type", "text/csv")], body: &[|| json("1,2")], answer: Want { body: || json(r#"{"name":"a b","file":{"contentType":"text/csv","data":"MSwy"}}"#), ..OK }, ..POST },
    Row { name: "HttpBody by body and response_body", path: "/v1/attachments/a:echo", headers: &[("content-type", "text/csv")], body: &[|| json("1,2")], answer: Want { headers: &[("content-type", "text/csv")], body: || json("1,2"), ..OK }, ..POST },
    Row { name: "HttpBody by response_body, unset", path: "/v1/attachments/a:echo", headers: &[], answer: Want { headers: &[], ..OK }, ..POST },
    Row { name: "HttpBody out", path: "/v1/files/7:download", answer: Want { headers: &[("content-type", "image/png")], body: || b"\x89PNG\x00\xff7".to_vec(), ..OK }, ..GET },
    Row { name: "an error in place of HttpBody", path: "/v1/files/none:download", answer: Want { http: 404, body: || error(404, "NOT_FOUND", "no such file"), ..OK }, ..GET },
];

/// What answers carry.
#[rustfmt::skip]
pub const ANSWERS: &[Row] = &[
    Row { name: "response_body: a message", path: "/v1/items/7/child?child.text=a", answer: Want { body: || json(r#"{"text":"a"}"#), ..OK }, ..GET },
    Row { name: "response_body: a message that is not set", path: "/v1/items/7/child", answer: Want { body: || json("{}"), ..OK }, ..GET },
    Row { name: "response_body: a list", path: "/v1/items/7/tags?tags=a&tags=b", answer: Want { body: || json(r#"["a","b"]"#), ..OK }, ..GET },
    Row { name: "response_body: an empty list", path: "/v1/items/7/tags", answer: Want { body: || json("[]"), ..OK }, ..GET },
    Row { name: "response_body: a map", path: "/v1/items/7/labels?labels[a]=b", answer: Want { body: || json(r#"{"a":"b"}"#), ..OK }, ..GET },
    Row { name: "response_body: an empty map", path: "/v1/items/7/labels", answer: Want { body: || json("{}"), ..OK }, ..GET },
    Row { name: "response_body: a string", path: "/v1/items/7/text?text=a", answer: Want { body: || json(r#""a""#), ..OK }, ..GET },
    Row { name: "response_body: an empty string", path: "/v1/items/7/text", answer: Want { body: || json(r#""""#), ..OK }, ..GET },
    Row { name: "response_body: a number", path: "/v1/items/7/int64?int64=5", answer: Want { body: || json(r#""5""#), ..OK }, ..GET },
    Row { name: "response_body: a number that is not set", path: "/v1/items/7/int64", answer: Want { body: || json(r#""0""#), ..OK }, ..GET },
    Row { name: "response_body: an optional field that is not set", path: "/v1/items/7/maybe", answer: Want { body: || json(r#""""#), ..OK }, ..GET },
    Row { name: "response_body: a member of a oneof that is not set", path: "/v1/items/7/left", answer: Want { body: || json(r#""""#), ..OK }, ..GET },
    // Errors.
    Row { name: "CANCELLED", path: "/v1/items/7?act=code:1", answer: Want { http: 499, body: || error(499, "CANCELLED", r#"as \"asked\""#), ..OK }, ..GET },
    Row { name: "UNKNOWN", path: "/v1/items/7?act=code:2", answer: Want { http: 500, body: || error(500, "UNKNOWN", r#"as \"asked\""#), ..OK }, ..GET },
    Row { name: "INVALID_ARGUMENT", path: "/v1/items/7?act=code:3", answer: Want { http: 400, body: || error(400, "INVALID_ARGUMENT", r#"as \"asked\""#), ..OK }, ..GET },
    Row { name: "DEADLINE_EXCEEDED", path: "/v1/items/7?act=code:4", answer: Want { http: 504, body: || error(504, "DEADLINE_EXCEEDED", r#"as \"asked\""#), ..OK }, ..GET },
    Row { name: "NOT_FOUND", path: "/v1/items/7?act=code:5", answer: Want { http: 404, body: || error(404, "NOT_FOUND", r#"as \"asked\""#), ..OK }, ..GET },
    Row { name: "ALREADY_EXISTS", path: "/v1/items/7?act=code:6", answer: Want { http: 409, body: || error(409, "ALREADY_EXISTS", r#"as \"asked\""#), ..OK }, ..GET },
    Row { name: "PERMISSION_DENIED", path: "/v1/items/7?act=code:7", answer: Want { http: 403, body: || error(403, "PERMISSION_DENIED", r#"as \"asked\""#), ..OK }, ..GET },
    Row { name: "RESOURCE_EXHAUSTED", path: "/v1/items/7?act=code:8", answer: Want { http: 429, body: || error(429, "RESOURCE_EXHAUSTED", r#"as \"asked\""#), ..OK }, ..GET },
    Row { name: "FAILED_PRECONDITION", path: "/v1/items/7?act=code:9", answer: Want { http: 400, body: || error(400, "FAILED_PRECONDITION", r#"as \"asked\""#), ..OK }, ..GET },
    Row { name: "ABORTED", path: "/v1/items/7?act=code:10", answer: Want { http: 409, body: || error(409, "ABORTED", r#"as \"asked\""#), ..OK }, ..GET },
    Row { name: "OUT_OF_RANGE", path: "/v1/items/7?act=code:11", answer: Want { http: 400, body: || error(400, "OUT_OF_RANGE", r#"as \"asked\""#), ..OK }, ..GET },
    Row { name: "UNIMPLEMENTED", path: "/v1/items/7?act=code:12", answer: Want { http: 501, body: || error(501, "UNIMPLEMENTED", r#"as \"asked\""#), ..OK }, ..GET },
    Row { name: "INTERNAL", path: "/v1/items/7?act=code:13", answer: Want { http: 500, body: || error(500, "INTERNAL", r#"as \"asked\""#), ..OK }, ..GET },
    Row { name: "UNAVAILABLE", path: "/v1/items/7?act=code:14", answer: Want { http: 503, body: || error(503, "UNAVAILABLE", r#"as \"asked\""#), ..OK }, ..GET },
    Row { name: "DATA_LOSS", path: "/v1/items/7?act=code:15", answer: Want { http: 500, body: || error(500, "DATA_LOSS", r#"as \"asked\""#), ..OK }, ..GET },
    Row { name: "UNAUTHENTICATED says how to authenticate", path: "/v1/items/7?act=code:16", answer: Want { http: 401, headers: &[("www-authenticate", "Bearer"), ("content-type", "application/json")], body: || error(401, "UNAUTHENTICATED", r#"as \"asked\""#), ..OK }, ..GET },
    // docs/rest.md 6.9
    Row { name: "an unknown code is 500", path: "/v1/items/7?act=code:99", answer: Want { http: 500, body: || error(500, "UNKNOWN", r#"as \"asked\""#), ..OK }, ..GET },
    // docs/rest.md 6.10 7.5
    Row { name: "the handler's own WWW-Authenticate, and metadata of an error", path: "/v1/items/7?act=deny", answer: Want { http: 401, headers: &[("www-authenticate", "Basic realm=\"x\""), ("grpc-trailer-x-why", "because")], body: || error(401, "UNAUTHENTICATED", "who are you"), ..OK }, ..GET },
    Row { name: "details come from the status", path: "/v1/items/7?act=details:a", answer: Want { body: || json(r#"{"error":{"code":400,"message":"bad","status":"INVALID_ARGUMENT","details":[{"@type":"type.googleapis.com/google.rpc.BadRequest","fieldViolations":[{"field":"a"}]}]}}"#), ..BAD }, ..GET },
    // docs/rest.md 6.12
    Row { name: "a detail of an unknown type keeps its bytes", path: "/v1/items/7?act=strange-details", answer: Want { http: 409, body: || json(r#"{"error":{"code":409,"message":"odd","status":"ABORTED","details":[{"@type":"type.example/no.such.Type","value":"AQID"}]}}"#), ..OK }, ..GET },
    Row { name: "a panic", path: "/v1/items/7?act=panic", answer: Want { http: 500, body: || error(500, "INTERNAL", "the handler panicked"), ..OK }, ..GET },
    Row { name: "an interceptor answers", path: "/v1/items/7", headers: &[("x-refuse", "1")], answer: Want { http: 403, body: || error(403, "PERMISSION_DENIED", "Get is closed"), ..OK }, ..GET },
    Row { name: "an interceptor answers before the parameters are read", path: "/v1/items/7?int32=x", headers: &[("x-refuse", "1")], answer: Want { http: 403, body: || error(403, "PERMISSION_DENIED", "Get is closed"), ..OK }, ..GET },
    Row { name: "an interceptor answers before the parameters of an upload are read", path: "/v1/uploads/%ff", headers: &[("x-refuse", "1")], answer: Want { http: 403, body: || error(403, "PERMISSION_DENIED", "Upload is closed"), ..OK }, ..POST },
    // Metadata, deadlines, status codes.
    // docs/rest.md 7.1 7.2 7.4 7.5
    Row { name: "headers become metadata, those of HTTP and of the protocol do not", path: "/v1/items/7?act=keys", headers: &[("authorization", "Bearer x"), ("grpc-metadata-x-b", "1"), ("x-a", "1"), ("grpc-timeout", "1H"), ("accept-encoding", "identity"), ("te", "trailers"), ("proxy-authorization", "Basic eA==")], answer: Want { body: || json(r#"{"text":"Ascii(\"authorization\") Ascii(\"x-a\") Ascii(\"x-b\")"}"#), ..OK }, ..GET },
    Row { name: "metadata both ways, trailers apart", path: "/v1/items/7?act=echo-metadata", headers: &[("grpc-metadata-x-b", "2"), ("grpc-metadata-x-c-bin", "AAE="), ("x-a", "1"), ("etag", "\"v\"")], answer: Want { headers: &[("grpc-metadata-x-a", "1"), ("grpc-metadata-x-b", "2"), ("grpc-metadata-x-c-bin", "AAE="), ("etag", "\"v\""), ("grpc-trailer-etag", "\"v\""), ("grpc-trailer-x-a", "1"), ("grpc-trailer-x-b", "2")], body: || json("{}"), ..OK }, ..GET },
    Row { name: "a -Bin value that is not base64", path: "/v1/items/7", headers: &[("grpc-metadata-x-b-bin", "!")], answer: Want { body: || bad("the value of the metadata x-b-bin is not base64"), ..BAD }, ..GET },
    Row { name: "the handler sees the deadline", path: "/v1/items/7?act=deadline", headers: &[("grpc-timeout", "90M")], answer: Want { body: || json(r#"{"text":"Some(89)"}"#), ..OK }, ..GET },
    Row { name: "a deadline cuts a handler", path: "/v1/items/7?act=sleep", headers: &[("grpc-timeout", "20m")], answer: Want { http: 504, body: || error(504, "DEADLINE_EXCEEDED", "the deadline of the call has passed"), ..OK }, ..GET },
    Row { name: "a grpc-timeout that is none", path: "/v1/items/7", headers: &[("grpc-timeout", "soon")], answer: Want { body: || bad(r#"grpc-timeout \"soon\" is not one to eight digits and a unit of H, M, S, m, u or n"#), ..BAD }, ..GET },
    Row { name: "the handler knows its method", path: "/v1/items/7?act=method", answer: Want { body: || json(r#"{"text":"test.rest.Items/Get"}"#), ..OK }, ..GET },
    // docs/rest.md 7.8
    Row { name: "201 with a location", path: "/v1/items", body: &[|| json(r#"{"act":"status:201"}"#)], answer: Want { http: 201, headers: &[("location", "/v1/items/7"), ("content-type", "application/json")], body: || json(r#"{"act":"status:201"}"#), ..OK }, ..POST },
    Row { name: "202", path: "/v1/items", body: &[|| json(r#"{"act":"status:202"}"#)], answer: Want { http: 202, body: || json(r#"{"act":"status:202"}"#), ..OK }, ..POST },
    Row { name: "204 has no body", path: "/v1/items/7?act=status:204", method: "DELETE", answer: Want { http: 204, headers: &[("location", "/v1/items/7")], ..OK }, ..GET },
    Row { name: "205 has no body", path: "/v1/items/7?act=status:205", answer: Want { http: 205, headers: &[("content-type", "absent")], ..OK }, ..GET },
    Row { name: "304 has no body", path: "/v1/items/7?act=status:304", answer: Want { http: 304, headers: &[("content-type", "absent")], ..OK }, ..GET },
    Row { name: "an answer over the limit", path: "/v1/items/7?act=long:1048576", answer: Want { http: 429, body: || error(429, "RESOURCE_EXHAUSTED", "sending a message of 1048587 bytes, over the limit of 1048576 bytes"), ..OK }, ..GET },
];
