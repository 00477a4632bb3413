//! Other ways to write a path.

use rsgrpc::interceptors::{BearerAuth, Permissions, StaticTokens};

use crate::{Guarded, post, raw};

const PATHS: &[&str] = &[
    "/test.Echo/Unary",
    "/test.Echo/Unary?",
    "/test.Echo/Unary?x=1",
    "/test.Echo/Unary#x",
    "http://test/test.Echo/Unary",
    "http://other/test.Echo/Unary",
    "test.Echo/Unary",
    "//test.Echo/Unary",
    "///test.Echo/Unary",
    "/test.Echo//Unary",
    "/test.Echo/Unary/",
    "/test.Echo/Unary//",
    "/./test.Echo/Unary",
    "/test.Echo/./Unary",
    "/x/../test.Echo/Unary",
    "/test.Echo/../test.Echo/Unary",
    "/%2e/test.Echo/Unary",
    "/x/%2e%2e/test.Echo/Unary",
    "/test%2EEcho/Unary",
    "/test%2eEcho/Unary",
    "/test.Echo/%55nary",
    "/test.Echo/%2555nary",
    "/test.Echo%2FUnary",
    "/test.Echo%2fUnary",
    "%2Ftest.Echo/Unary",
    "/test.Echo/Unary%00",
    "/test.Echo/Unary%20",
    "/test.Echo/Unary%0d%0a",
    "/test.Echo/Unary;x",
    "/test.Echo;x/Unary",
    "/test.Echo\\Unary",
    "\\test.Echo\\Unary",
    "/test.echo/unary",
    "/TEST.ECHO/UNARY",
    "/test.Echo/unary",
    "/Test.Echo/Unary",
    "/.test.Echo/Unary",
    "/test..Echo/Unary",
    "/Echo/Unary",
    "/test/Echo/Unary",
    "/test.Echo.Unary",
    "/grpc.health.v1.Health/../test.Echo/Unary",
    "/grpc.health.v1.Health/Check/../../test.Echo/Unary",
    "/public/test.Echo/Unary",
    "*",
    "/",
    "",
];

/// Headers that other servers have taken for the path or the method.
const HEADERS: &[&str] = &[
    "",
    "x-original-url: /grpc.health.v1.Health/Check\r\n",
    "x-rewrite-url: /grpc.health.v1.Health/Check\r\n",
    "x-http-method-override: GET\r\n",
    "x-forwarded-path: /grpc.health.v1.Health/Check\r\n",
];

const TYPES: [&str; 3] = ["application/proto", "application/grpc-web+proto", "application/grpc"];

#[tokio::test]
async fn no_path_leads_around_the_token() {
    let guarded = Guarded::default();
    let auth = BearerAuth::new(StaticTokens::new([("me", "right")])).public("grpc.health.v1.Health").public("public");
    let server = guarded.server().interceptor(auth).build().unwrap();
    for path in PATHS {
        for headers in HEADERS {
            for content_type in TYPES {
                let answer = raw(&server, &post(path, content_type, headers)).await;
                assert_eq!(guarded.calls(), 0, "{path:?} as {content_type} got through: {answer}");
            }
        }
    }
    // The same requests do reach the method where they are right.
    for content_type in &TYPES[..2] {
        let answer = raw(&server, &post(PATHS[0], content_type, "authorization: Bearer right\r\n")).await;
        assert_eq!(guarded.calls(), 1, "{answer}");
    }
}

#[tokio::test]
async fn no_path_leads_around_the_permissions() {
    let guarded = Guarded::default();
    let permissions = Permissions::new()
        .allow("test.Echo", |_| true)
        .allow("test.Echo/Unary", |_| false)
        .allow("test.echo", |_| true)
        .allow("", |_| true)
        .allow("/", |_| true);
    let server = guarded.server().interceptor(permissions).build().unwrap();
    for path in PATHS {
        for content_type in TYPES {
            let answer = raw(&server, &post(path, content_type, "")).await;
            assert_eq!(guarded.calls(), 0, "{path:?} as {content_type} got through: {answer}");
        }
    }
    let answer = raw(&server, &post(PATHS[0], TYPES[0], "")).await;
    assert!(answer.starts_with("HTTP/1.1 403 "), "{answer}");
}
