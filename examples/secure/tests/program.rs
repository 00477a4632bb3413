//! The program itself.

#![expect(clippy::expect_used, reason = "a test fails by a panic")]

use std::process::{Command, Output};

fn run(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_secure")).args(arguments).output().expect("the program starts")
}

/// Each call checks by itself how it ended; here is what they print.
#[test]
fn once_makes_every_call_and_stops() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = run(&["--once", "--folder", &folder.path().to_string_lossy()]);
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    for line in [
        "Account { id: \"ada\", name: \"Ada Lovelace\" }",
        "Unauthenticated: the bearer token is not valid",
        "account.name must be 1 to 100 characters",
        "the server's certificate is refused: it is signed by no authority that is trusted here",
        "the server demands a client certificate; give one with ClientTls::identity",
        "subject: \"spiffe://example.test/billing\"",
        r#"{grpc_method="secure.v1.Accounts/GetAccount",grpc_status="UNAUTHENTICATED",otel_scope_name="secure"} 3"#,
    ] {
        assert!(said.contains(line), "{line} is missing in:\n{said}");
    }
    // The span that the client began is the server's parent.
    let traceparent = said.split("traceparent: \"00-").nth(1).expect("a trace");
    assert!(traceparent.split('-').next().is_some_and(|trace| trace.len() == 32), "{traceparent}");
    // What is wrong with a token stands in the log only.
    let log = String::from_utf8_lossy(&output.stderr);
    assert!(log.contains("ExpiredSignature") && !said.contains("ExpiredSignature"), "{log}");
}

#[test]
fn problems_are_told() {
    let wrong = run(&["--listen", "nowhere"]);
    assert_eq!(wrong.status.code(), Some(2));
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    let folder = tempfile::tempdir().expect("a folder");
    let in_use = run(&["--once", "--listen", &address, "--folder", &folder.path().to_string_lossy()]);
    assert_eq!(in_use.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&in_use.stderr).contains(&format!("cannot listen on {address}")));
}
