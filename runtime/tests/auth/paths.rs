//! Other ways to write a path.

use rsgrpc::{
    Server,
    interceptors::{BearerAuth, Permissions, StaticTokens},
};

use crate::{Guarded, http2, post, raw};

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

/// How the same call can be asked for.
#[derive(Debug, Clone, Copy)]
enum Way {
    Http1(&'static str),
    Http2(&'static str),
    /// By GET, as Connect has it.
    Get,
    /// By the route of REST, over HTTP/1.1 or HTTP/2.
    Rest {
        http2: bool,
    },
}

const WAYS: [Way; 11] = [
    Way::Http1("application/proto"),
    Way::Http1("application/grpc-web+proto"),
    Way::Http1("application/grpc-web-text"),
    Way::Http1("application/grpc"),
    Way::Http2("application/grpc"),
    Way::Http2("application/grpc-web"),
    Way::Http2("application/proto"),
    Way::Http2("application/connect+proto"),
    Way::Get,
    Way::Rest { http2: false },
    Way::Rest { http2: true },
];

impl Way {
    async fn ask(self, server: &Server, path: &str, headers: &str) -> String {
        match self {
            Self::Http1(content_type) => raw(server, &post(path, content_type, headers)).await,
            Self::Http2(content_type) => http2(server, path, content_type, headers).await,
            Self::Get => {
                // The method that may be called so.
                let path = path.replace("Unary", "Look");
                let and = if path.contains('?') { '&' } else { '?' };
                let query = format!("{path}{and}connect=v1&encoding=proto&message=%0a%02hi");
                let get = format!("GET {query} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n{headers}\r\n");
                raw(server, get.as_bytes()).await
            }
            Self::Rest { http2 } => {
                let mut path = path.to_owned();
                for (ours, theirs) in [("test", "v1"), ("TEST", "V1"), (".Echo", ""), ("Unary", "unary")] {
                    path = path.replace(ours, theirs);
                }
                match http2 {
                    false => raw(server, &post(&path, "application/json", headers)).await,
                    true => self::http2(server, &path, "application/json", headers).await,
                }
            }
        }
    }

    /// Whether a right request of this kind is served at all.
    fn is_served(self) -> bool {
        !matches!(self, Self::Http1("application/grpc") | Self::Http2("application/connect+proto"))
    }
}

#[tokio::test]
async fn no_path_leads_around_the_token() {
    let guarded = Guarded::default();
    let auth = BearerAuth::new(StaticTokens::new([("me", "right")])).public("grpc.health.v1.Health").public("public");
    let server = guarded.server().interceptor(auth).build().unwrap();
    for way in WAYS {
        for path in PATHS {
            for headers in HEADERS {
                let answer = way.ask(&server, path, headers).await;
                assert_eq!(guarded.calls(), 0, "{path:?} as {way:?} got through: {answer}");
            }
        }
        // The same request does reach the method where it is right.
        let answer = way.ask(&server, PATHS[0], "authorization: Bearer right\r\n").await;
        assert_eq!(guarded.calls(), usize::from(way.is_served()), "{way:?}: {answer}");
    }
}

#[tokio::test]
async fn no_path_leads_around_the_permissions() {
    let guarded = Guarded::default();
    let permissions = || {
        let everything = ["test.Echo", "test.echo", "", "/"];
        everything.into_iter().fold(Permissions::new(), |permissions, name| permissions.allow(name, |_| true))
    };
    let closed = permissions().allow("test.Echo/Unary", |_| false).allow("test.Echo/Look", |_| false);
    let closed = guarded.server().interceptor(closed).build().unwrap();
    let open = guarded.server().interceptor(permissions()).build().unwrap();
    for way in WAYS {
        for path in PATHS {
            let answer = way.ask(&closed, path, "").await;
            assert_eq!(guarded.calls(), 0, "{path:?} as {way:?} got through: {answer}");
        }
        let answer = way.ask(&open, PATHS[0], "").await;
        assert_eq!(guarded.calls(), usize::from(way.is_served()), "{way:?}: {answer}");
    }
    let answer = WAYS[0].ask(&closed, PATHS[0], "").await;
    assert!(answer.starts_with("HTTP/1.1 403 "), "{answer}");
}
