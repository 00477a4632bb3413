//! What the settings of REST change, and what they refuse.

use rsgrpc::{ConnectionLimits, Cors, Encoding, Rest, Server, ServiceDescriptor, codegen::Reply, json};

use super::{
    BAD, GET, JSON, OK, POST, bad, error,
    items::{self, Handler, ItemsServer, proto::ITEMS},
    json,
};
use crate::{
    over_http1, over_http2, probe,
    table::{Row, Want, gzip},
};

/// As a server is by default.
// docs/rest.md 6.2
#[rustfmt::skip]
const DEFAULT: &[Row] = &[
    Row { name: "fields without presence are there, with their defaults", path: "/v1/items/7/child?child.text=a", answer: Want { body: || json(r#"{"id":"","name":"","act":"","text":"a","int32":0,"int64":"0","flag":false,"double":0,"color":"RED","data":"","tags":[],"items":[],"labels":{},"numbered":{},"snakeCase":""}"#), ..OK }, ..GET },
];

// docs/rest.md 4.15 4.16 4.17 5.6
#[rustfmt::skip]
const STRICT: &[Row] = &[
    Row { name: "unknown parameters are refused", path: "/v1/items/7?nope=1", answer: Want { body: || bad("the parameter `nope`: `test.rest.Item` has no field `nope`"), ..BAD }, ..GET },
    Row { name: "unknown parameters are refused, nested", path: "/v1/items/7?child.nope=1", answer: Want { body: || bad("the parameter `child.nope`: `test.rest.Item` has no field `nope`"), ..BAD }, ..GET },
    Row { name: "unknown JSON fields are refused", path: "/v1/items", body: &[|| json(r#"{"nope":1}"#)], answer: Want { body: || bad("the body cannot be read: `test.rest.Item` has no field `nope` (line 1, column 2)"), ..BAD }, ..POST },
    Row { name: "fewer parameters", path: "/v1/items/7?tags=a&tags=b&tags=c", answer: Want { body: || bad("the query has more than 2 parameters"), ..BAD }, ..GET },
    Row { name: "fewer levels", path: "/v1/items/7?child.child.text=a", answer: Want { body: || bad("the parameter `child.child.text`: it names a field more than 2 levels deep"), ..BAD }, ..GET },
    Row { name: "shorter targets", path: "/v1/items/0123456789012345678901234567890123456789", answer: Want { http: 414, body: || error(414, "INVALID_ARGUMENT", "the path and query are longer than 40 bytes"), ..OK }, ..GET },
];

/// Errors as bare google.rpc.Status, whose code is that of gRPC.
// docs/rest.md 6.11
#[rustfmt::skip]
const BARE: &[Row] = &[
    Row { name: "a bare status", path: "/v1/nothing", answer: Want { http: 404, body: || json(r#"{"code":5,"message":"no route has this path","details":[]}"#), ..OK }, ..GET },
    Row { name: "a bare status with details", path: "/v1/items/7?act=details:a", answer: Want { body: || json(r#"{"code":3,"message":"bad","details":[{"@type":"type.googleapis.com/google.rpc.BadRequest","fieldViolations":[{"field":"a"}]}]}"#), ..BAD }, ..GET },
    Row { name: "a bare status in a stream", path: "/v1/watch/break-1", answer: Want { body: || json(r#"[{"text":"0"},{"code":15,"message":"broke","details":[]}]"#), ..OK }, ..GET },
];

/// A server that compresses.
// docs/rest.md 6.13
#[rustfmt::skip]
const COMPRESSED: &[Row] = &[
    Row { name: "an answer is compressed for who accepts it", path: "/v1/items/7", headers: &[("accept-encoding", "gzip")], answer: Want { headers: &[("content-encoding", "gzip"), ("vary", "accept-encoding")], body: || gzip(br#"{"id":"7"}"#), ..OK }, ..GET },
    Row { name: "an answer is not compressed for others", path: "/v1/items/7", answer: Want { headers: &[("content-type", "application/json")], body: || json(r#"{"id":"7"}"#), ..OK }, ..GET },
    Row { name: "an answer is compressed for who accepts it with a weight", path: "/v1/items/7", headers: &[("accept-encoding", "br;q=1.0, GZIP;q=0.8")], answer: Want { headers: &[("content-encoding", "gzip"), ("vary", "accept-encoding")], body: || gzip(br#"{"id":"7"}"#), ..OK }, ..GET },
    Row { name: "a weight of zero refuses an encoding", path: "/v1/items/7", headers: &[("accept-encoding", "gzip;q=0.000, *")], answer: Want { body: || json(r#"{"id":"7"}"#), ..OK }, ..GET },
    Row { name: "a stream is not held back to be compressed", path: "/v1/watch/n-1", headers: &[("accept-encoding", "gzip")], answer: Want { body: || json(r#"[{"text":"0"}]"#), ..OK }, ..GET },
    Row { name: "an error is not compressed", path: "/v1/items/7?act=code:5", headers: &[("accept-encoding", "gzip")], answer: Want { http: 404, body: || error(404, "NOT_FOUND", r#"as \"asked\""#), ..OK }, ..GET },
];

// docs/rest.md 2.12
#[rustfmt::skip]
const CROSS_ORIGIN: &[Row] = &[
    Row { name: "OPTIONS with CORS", method: "OPTIONS", path: "/v1/items", headers: &[("origin", "https://app.example")], answer: Want { http: 204, headers: &[("allow", "OPTIONS, POST"), ("access-control-allow-origin", "https://app.example")], ..OK }, ..GET },
    Row { name: "a preflight", method: "OPTIONS", path: "/v1/items", headers: &[("origin", "https://app.example"), ("access-control-request-method", "POST")], answer: Want { http: 204, headers: &[("access-control-allow-methods", "GET, POST, PUT, PATCH, DELETE")], ..OK }, ..GET },
    Row { name: "a preflight for a method that only rules have", method: "OPTIONS", path: "/v1/items", headers: &[("origin", "https://app.example"), ("access-control-request-method", "LOCK")], answer: Want { http: 204, headers: &[("access-control-allow-methods", "GET, POST, PUT, PATCH, DELETE, LOCK")], ..OK }, ..GET },
    Row { name: "a preflight for what is no method", method: "OPTIONS", path: "/v1/items", headers: &[("origin", "https://app.example"), ("access-control-request-method", "A, B")], answer: Want { http: 204, headers: &[("access-control-allow-methods", "GET, POST, PUT, PATCH, DELETE")], ..OK }, ..GET },
    Row { name: "an error is readable, too", path: "/v1/nothing", headers: &[("origin", "https://app.example")], answer: Want { http: 404, headers: &[("access-control-allow-origin", "https://app.example")], body: || error(404, "NOT_FOUND", "no route has this path"), ..OK }, ..GET },
];

#[rustfmt::skip]
const OFF: &[Row] = &[
    Row { name: "REST is off", path: "/v1/items/7", answer: Want { http: 404, headers: &[], ..OK }, ..GET },
];

/// What only HTTP/1.1 can send: a path without a leading slash, which is no path, and headers for one hop.
// docs/rest.md 2.2 7.1
#[rustfmt::skip]
const ONLY_HTTP1: &[Row] = &[
    Row { name: "what Connection names is no metadata", path: "/v1/items/7?act=keys", headers: &[("connection", "x-a , Keep-Alive,x-c"), ("x-a", "1"), ("x-b", "1"), ("x-c", "1"), ("connection", "X-D,content-type,,\u{e4}"), ("x-d", "1")], answer: Want { body: || json(r#"{"text":"Ascii(\"x-b\")"}"#), ..OK }, ..GET },
    Row { name: "*", method: "OPTIONS", path: "*", answer: Want { http: 404, headers: JSON, body: || error(404, "NOT_FOUND", "no route has this path"), ..OK }, ..GET },
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn settings() {
    let plain = || Rest::new().emit_defaults(false);
    over_http2(DEFAULT, || items::builder(Rest::new()).build().unwrap()).await;
    let strict = plain().refuse_unknown_parameters().max_parameters(2).max_parameter_levels(2).max_target_bytes(40);
    let refusing = || items::builder(strict.clone()).json(json::Options::new()).build().unwrap();
    over_http2(STRICT, refusing).await;
    over_http1(STRICT, refusing).await;
    over_http2(BARE, || items::builder(plain().bare_errors()).build().unwrap()).await;
    over_http1(COMPRESSED, || items::builder(plain()).send_compressed(Encoding::Gzip).build().unwrap()).await;
    let cors = Cors::origins(["https://app.example"]);
    over_http1(CROSS_ORIGIN, || items::builder(plain()).cors(cors.clone()).build().unwrap()).await;
    over_http2(OFF, || items::builder(Rest::off()).build().unwrap()).await;
    over_http1(ONLY_HTTP1, || items::builder(plain()).build().unwrap()).await;
}

/// Another service with the routes of the first.
struct Twin(ItemsServer<Handler>);

impl rsgrpc::Service for Twin {
    fn descriptor(&self) -> &'static ServiceDescriptor {
        static METHOD: [rsgrpc::Method; 1] =
            [rsgrpc::Method { path: "/test.rest.Twin/Get", http: ITEMS.methods[0].http, ..METHODS }];
        static TWIN: ServiceDescriptor = ServiceDescriptor { name: "test.rest.Twin", methods: &METHOD, ..NOTHING };
        &TWIN
    }

    fn call(&self, method: usize, call: rsgrpc::codegen::ServerCall) -> Reply {
        rsgrpc::Service::call(&self.0, method, call)
    }
}

const METHODS: rsgrpc::Method = rsgrpc::Method {
    path: "",
    kind: rsgrpc::MethodKind::Unary,
    idempotency: rsgrpc::Idempotency::Unknown,
    input: Some(json::Type::of::<items::Item>("test.rest.Item")),
    output: Some(json::Type::of::<items::Item>("test.rest.Item")),
    http: &[],
};

const NOTHING: ServiceDescriptor =
    ServiceDescriptor { name: "", methods: &[], message_types: &[], file_descriptor_set: &[] };

// docs/rest.md 1.12
#[test]
fn routes_of_two_services_collide() {
    let both = |rest| items::builder(rest).add_service(Twin(ItemsServer::new(Handler))).build();
    let error = both(Rest::new()).unwrap_err().to_string();
    assert_eq!(
        error,
        "the route `GET /v1/items/{id}` of test.rest.Twin/Get matches the same requests as `GET /v1/items/{id}` of \
         test.rest.Items/Get; change one of them, or set Rest::first_route_wins to keep that of the service added first"
    );
    let server = both(Rest::new().first_route_wins()).unwrap();
    assert!(server.routes().all(|(method, _)| method.service() == "test.rest.Items"));
}

/// Nobody could ever send so much.
// docs/rest.md 4.16
#[test]
fn a_target_that_no_head_has_room_for() {
    let with = |rest, header_bytes| {
        items::builder(rest).connection_limits(ConnectionLimits::new().max_header_bytes(header_bytes)).build()
    };
    let error = with(Rest::new().max_target_bytes(40_000), 32 * 1024).unwrap_err().to_string();
    assert_eq!(
        error,
        "Rest::max_target_bytes allows 40000 bytes, and ConnectionLimits::max_header_bytes only 32768 for the whole head of \
         a request; raise the latter"
    );
    with(Rest::new().max_target_bytes(40_000), 64 * 1024).unwrap();
    // The default, which nobody has set, may be too much.
    with(Rest::new(), 8 * 1024).unwrap();
}

#[test]
fn all_routes_are_listed() {
    let listed = |server: Server| -> Vec<String> {
        let shown = |(method, rule): (&rsgrpc::Method, &rsgrpc::HttpRule)| {
            format!("{} {} {}", rule.verb, rule.template.text, method.full_name())
        };
        server.routes().map(shown).collect()
    };
    let routes = listed(items::server());
    assert_eq!(routes.len(), ITEMS.methods.iter().map(|method| method.http.len()).sum::<usize>());
    assert_eq!(routes[0], "GET /v1/items/{id} test.rest.Items/Get");
    assert!(routes.contains(&"REPORT /v1/items/{id} test.rest.Items/Get".to_owned()));
    assert!(listed(probe::server()).is_empty());
    assert!(listed(items::builder(Rest::off()).build().unwrap()).is_empty());
}
