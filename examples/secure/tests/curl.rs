//! The servers of the example, as curl sees them.

#![expect(clippy::expect_used, reason = "a test fails by a panic")]

use std::path::Path;
use std::process::Command;

use secure::{app::App, tokens::TokenIssuer};

/// What came back: curl's exit code, and head and body, or curl's complaint.
struct Answer {
    exit: i32,
    text: String,
}

/// Runs curl with these arguments; `None` where this machine has none.
async fn curl(folder: &Path, arguments: &[&str]) -> Option<Answer> {
    let mut command = Command::new("curl");
    command.args(["--silent", "--show-error", "--include", "--max-time", "20"]).args(arguments).current_dir(folder);
    let output = tokio::task::spawn_blocking(move || command.output()).await.expect("it runs").ok()?;
    let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    Some(Answer { exit: output.status.code()?, text })
}

/// Arguments, curl's exit code, and what is part of the answer.
type Row<'a> = (&'a [&'a str], i32, &'a [&'a str]);

const TRICKS: &[&str] = &[
    "/v1/accounts/ada",
    "//v1/accounts/ada",
    "/v1//accounts/ada",
    "/v1/accounts/ada/",
    "/v1/accounts//ada",
    "/./v1/accounts/ada",
    "/v1/accounts/./ada",
    "/x/../v1/accounts/ada",
    "/grpc.reflection.v1.ServerReflection/../v1/accounts/ada",
    "/v1/accounts/x/../ada",
    "/v1/accounts/%61da",
    "/v1/accounts%2Fada",
    "/%76%31/accounts/ada",
    "/v1/%2e/accounts/ada",
    "/v1/accounts/ada%00",
    "/v1/accounts/ada%20",
    "/v1/accounts/ada;x",
    "/V1/Accounts/ada",
    "/v1/accounts?id=ada",
    "/v1/accounts/ada?id=ada",
    "/v1/accounts/ada:get",
    "/secure.v1.Accounts/GetAccount?id=ada",
    "/secure.v1.Accounts/GetAccount/ada",
];

#[tokio::test(flavor = "multi_thread")]
async fn who_is_served_and_who_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let app = App::start(folder, ([127, 0, 0, 1], 0).into()).await.expect("it serves");
    let bearer = |token: String| format!("authorization: Bearer {token}");
    let file = |name: &str| bearer(std::fs::read_to_string(folder.join(name)).expect("a token"));
    let (reader, writer, expired) = (file("reader.jwt"), file("writer.jwt"), file("expired.jwt"));
    let stranger = TokenIssuer::new().expect("a key");
    let forged = bearer(stranger.token("ada", "read write", 600).expect("a token"));
    std::fs::write(folder.join("frame"), b"\0\0\0\0\x05\x0a\x03ada").expect("a file");
    let at = |port: u16, path: &str| format!("https://localhost:{port}/secure.v1.Accounts/{path}");
    let (get, create) = (at(app.public.port(), "GetAccount"), at(app.public.port(), "CreateAccount"));
    let query = format!("{get}?connect=v1&encoding=json&message=%7B%22id%22%3A%22ada%22%7D");
    let (who, plain) = (at(app.internal.port(), "WhoAmI"), get.replace("https", "http"));
    let accounts = format!("https://localhost:{}/v1/accounts", app.public.port());
    let (rest, body) = (format!("{accounts}/ada"), r#"{"id":"mary","name":"Mary"}"#);
    let metrics = format!("http://{}/metrics", app.metrics);

    const JSON: &str = "content-type: application/json";
    const ADA: &str = r#"{"id":"ada","name":"Ada Lovelace"}"#;
    const UNAUTHENTICATED: &str = r#"{"code":"unauthenticated","message":"the bearer token is not valid"}"#;
    let read = r#"{"id":"ada"}"#;
    let new = r#"{"account":{"id":"eve","name":"Eve"}}"#;
    let ca = ["--cacert", "ca.crt"];
    let rows: &[Row<'_>] = &[
        // Connect, with a good token and with bad ones.
        (&["-H", &reader, "-H", JSON, "-d", read, &get], 0, &["HTTP/2 200", "x-request-id: ", ADA]),
        (&["--http1.1", "-H", &reader, "-H", JSON, "-d", read, &get], 0, &["HTTP/1.1 200", ADA]),
        (&["-H", &reader, &query], 0, &["HTTP/2 200", ADA]),
        (
            &["-H", JSON, "-d", read, &get],
            0,
            &[
                "HTTP/2 401",
                "www-authenticate: Bearer",
                r#"{"code":"unauthenticated","message":"a bearer token is required in the metadata `authorization`"}"#,
            ],
        ),
        (&[&query], 0, &["HTTP/2 401", "a bearer token is required"]),
        (&["-H", &expired, "-H", JSON, "-d", read, &get], 0, &["HTTP/2 401", UNAUTHENTICATED]),
        (&["-H", &forged, "-H", JSON, "-d", read, &get], 0, &["HTTP/2 401", UNAUTHENTICATED]),
        (&["-H", &reader, "-H", JSON, "-d", new, &create], 0, &["HTTP/2 403", r#"{"code":"permission_denied""#]),
        (&["-H", &writer, "-H", JSON, "-d", new, &create], 0, &["HTTP/2 200", r#"{"id":"eve","name":"Eve"}"#]),
        (&["-H", &writer, "-H", JSON, "-d", new, &create], 0, &["HTTP/2 409", "the id eve is taken"]),
        (&["-H", &writer, "-H", JSON, "-d", "{}", &create], 0, &["HTTP/2 400", "google.rpc.BadRequest"]),
        // gRPC and gRPC-Web.
        (
            &[
                "-H",
                &reader,
                "-H",
                "content-type: application/grpc",
                "-H",
                "te: trailers",
                "--data-binary",
                "@frame",
                &get,
            ],
            0,
            &["HTTP/2 200", "Ada Lovelace", "grpc-status: 0"],
        ),
        (
            &["-H", &reader, "-H", "content-type: application/grpc-web+proto", "--data-binary", "@frame", &get],
            0,
            &["HTTP/2 200", "Ada Lovelace", "grpc-status: 0"],
        ),
        // REST.
        (&["-H", &reader, &rest], 0, &["HTTP/2 200", "Ada Lovelace"]),
        (&[&rest], 0, &["HTTP/2 401", "a bearer token is required"]),
        (&["-H", &expired, &rest], 0, &["HTTP/2 401", "the bearer token is not valid"]),
        (&["-H", &reader, "-H", JSON, "-d", body, &accounts], 0, &["HTTP/2 403"]),
        (&["-H", &writer, "-H", JSON, "-d", body, &accounts], 0, &["HTTP/2 200", "Mary"]),
        // Mutual TLS: a token does not help there.
        (
            &["--cert", "billing.crt", "--key", "billing.key", "-H", JSON, "-d", "{}", &who],
            0,
            &["HTTP/2 200", r#""subject":"spiffe://example.test/billing""#],
        ),
        (&["--cert", "mail.crt", "--key", "mail.key", "-H", JSON, "-d", "{}", &who], 0, &["HTTP/2 403"]),
        (&["-H", &writer, "-H", JSON, "-d", "{}", &who], 56, &["certificate required"]),
        // Connections that cannot be: HTTP in place of HTTPS, and the reverse.
        (&[&plain], 1, &[]),
        (&[&metrics.replace("http", "https")], 35, &[]),
        (&[&metrics], 0, &[r#"grpc_server_call_started_total{grpc_method="secure.v1.Accounts/CreateAccount""#]),
    ];
    for (arguments, exit, parts) in rows {
        let Some(answer) = curl(folder, &[&ca, *arguments].concat()).await else {
            eprintln!("there is no curl here: nothing is tested");
            return;
        };
        assert_eq!(answer.exit, *exit, "{arguments:?}: {}", answer.text);
        for part in *parts {
            assert!(answer.text.contains(part), "{arguments:?}: no {part:?} in {}", answer.text);
        }
    }
    // Other ways to write the path of REST, without a token; some of them are the method's.
    let host = accounts.trim_end_matches("/v1/accounts");
    for path in TRICKS {
        for method in ["GET", "HEAD", "POST"] {
            let url = format!("{host}{path}");
            let more = ["--path-as-is", "--request", method, "--max-time", "5", "-H", "x-http-method-override: GET"];
            let answer = curl(folder, &[&ca[..], &more, &[&url]].concat()).await.expect("curl is there");
            assert!(
                !answer.text.contains("HTTP/2 2") && !answer.text.contains("Ada"),
                "{method} {path}: {}",
                answer.text
            );
        }
    }
    // Who does not know our authority sends nothing.
    let answer = curl(folder, &["-H", &reader, &query]).await.expect("curl is there");
    assert_eq!(answer.exit, 60, "{}", answer.text);
    app.stop().await.expect("nothing failed");
}
