//! The program itself.

#![expect(clippy::expect_used, reason = "a test fails by a panic")]

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use rsgrpc::Channel;
use user_service::example::v1::{NotificationServiceClient, SubscribeRequest};
use user_service::flags::Flags;

fn parse(arguments: &[&str]) -> Result<Flags, String> {
    Flags::parse(arguments.iter().map(Into::into))
}

fn run(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_user-service")).args(arguments).output().expect("the program starts")
}

#[test]
fn flags() {
    let expected = Flags { listen: ([127, 0, 0, 1], 50051).into(), db: None, once: false, help: false };
    assert_eq!(parse(&[]), Ok(expected));
    let expected =
        Flags { listen: ([0, 0, 0, 0], 80).into(), db: Some(PathBuf::from("a=b.db")), once: true, help: false };
    assert_eq!(parse(&["--listen=0.0.0.0:80", "--once", "--db", "a=b.db"]), Ok(expected));
    for (arguments, problem) in [
        (&["--db"][..], "--db needs a value"),
        (&["--listen", "localhost"], "--listen takes an address and a port such as 127.0.0.1:50051, not `localhost`"),
        (&["--db", ""], "--db takes the path of a file, not ``"),
        (&["--db="], "--db takes the path of a file, not ``"),
        (&["-h=1"], "-h takes no value"),
        (&["--onec"], "unknown argument `--onec`; see --help"),
        (&["serve"], "unknown argument `serve`; see --help"),
        (&["--once=yes"], "--once takes no value"),
    ] {
        assert_eq!(parse(arguments), Err(problem.to_owned()));
    }
}

#[cfg(unix)]
#[test]
fn a_path_that_is_not_utf8_is_a_value_of_its_own() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let parse = |arguments: &[&[u8]]| Flags::parse(arguments.iter().map(|bytes| OsStr::from_bytes(bytes).to_owned()));
    let flags = parse(&[b"--db", b"\xff.db"]).expect("flags");
    assert_eq!(flags.db.as_deref(), Some(OsStr::from_bytes(b"\xff.db").as_ref()));
    let problem = "`--db=\u{fffd}.db` is not UTF-8; give a path that is not by a space: --db PATH";
    assert_eq!(parse(&[b"--db=\xff.db"]), Err(problem.to_owned()));
}

/// The second time it finds what the first has left.
#[test]
fn once_makes_every_call_and_stops_again_and_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let db = folder.path().join("users.db");
    for outcome in ["CREATED", "UPDATED"] {
        let output = run(&["--listen", "127.0.0.1:0", "--once", "--db", &db.to_string_lossy()]);
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
        assert!(said.contains(&format!("ada: {outcome}")), "{said}");
        for call in ["SyncUsers", "GetUser", "ListUsers", "UpdateUser", "Subscribe", "UploadData", "Chat", "example.v2"]
        {
            assert!(said.contains(call), "{call} is missing in:\n{said}");
        }
    }
}

#[test]
fn help_is_printed() {
    for flag in ["-h", "--help"] {
        let output = run(&[flag]);
        assert!(output.status.success());
        assert!(String::from_utf8_lossy(&output.stdout).contains("Usage: user-service"));
    }
}

/// As with `| head`.
#[test]
fn it_ends_quietly_when_nobody_reads() {
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let mut program = Command::new(env!("CARGO_BIN_EXE_user-service"));
    program.args(["--listen", "127.0.0.1:0", "--once"]).stdout(writer).stderr(Stdio::piped());
    let output = program.spawn().and_then(std::process::Child::wait_with_output).expect("the program starts");
    assert_eq!((output.status.code(), String::from_utf8_lossy(&output.stderr).as_ref()), (Some(1), ""));
}

/// Ctrl-C, which is SIGINT, ends open streams and then the program, well within the grace of the server. So does SIGTERM.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")] // The client has to go on while this waits for the program.
async fn signals_stop_it_gracefully() {
    for signal in ["-INT", "-TERM"] {
        stops_gracefully(signal).await;
    }
}

#[cfg(unix)]
async fn stops_gracefully(signal: &str) {
    let mut program = Command::new(env!("CARGO_BIN_EXE_user-service"))
        .args(["--listen", "127.0.0.1:0"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let lines = BufReader::new(program.stdout.take().expect("its output")).lines().map_while(Result::ok);
    let serving = lines.into_iter().find(|line| line.ends_with("Ctrl-C stops it.")).expect("it serves");
    let address = serving.split(' ').nth(2).expect("an address").trim_end_matches('.');
    let channel = Channel::connect(format!("http://{address}")).expect("an address");
    let client = NotificationServiceClient::new(channel);
    let mut open = client.subscribe(SubscribeRequest::default()).await.expect("a stream").into_inner();

    let stopped = Instant::now();
    let killed = Command::new("kill").args([signal, &program.id().to_string()]).status();
    assert!(killed.expect("a signal").success());
    assert_eq!(open.message().await.expect("an end without an error"), None);
    assert!(program.wait().expect("an exit").success());
    assert!(stopped.elapsed() < Duration::from_secs(4), "{:?}", stopped.elapsed());
}

#[test]
fn problems_are_told() {
    let wrong = run(&["--listen", "nowhere"]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("--listen takes an address"));

    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    let in_use = run(&["--once", "--listen", &address]);
    assert_eq!(in_use.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&in_use.stderr).contains(&format!("cannot listen on {address}")));

    let no_folder = run(&["--once", "--db", "/nonexistent/users.db"]);
    assert!(String::from_utf8_lossy(&no_folder.stderr).contains("cannot open the database"));
}
