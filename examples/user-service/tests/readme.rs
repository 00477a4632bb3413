//! What the README says curl gets is what it gets, where there is a curl: nothing else of the project needs one.

#![expect(clippy::expect_used, reason = "a test fails by a panic")]
#![cfg(unix)]

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

/// The commands of the README with what they print, in which `…` stands for anything.
fn commands() -> Vec<(String, String)> {
    let readme = include_str!("../README.md");
    let blocks = readme.split("```console\n").skip(1).filter_map(|block| block.split_once("```"));
    let commands = blocks.flat_map(|(block, _)| block.split("$ ").skip(1).collect::<Vec<_>>());
    let parted = commands.map(|command| command.split_once('\n').expect("a command and its output"));
    parted.map(|(command, output)| (command.to_owned(), output.to_owned())).collect()
}

/// Whether a text has all the pieces between the dots, in their order.
fn is_like(text: &str, pattern: &str) -> bool {
    let mut rest = Some(text);
    for piece in pattern.split('…').map(str::trim).filter(|piece| !piece.is_empty()) {
        rest = rest.and_then(|rest| rest.split_once(piece)).map(|(_, behind)| behind);
    }
    rest.is_some()
}

/// What is not as the README says, by this curl.
fn differences(curl: &str) -> Vec<String> {
    let mut program = Command::new(env!("CARGO_BIN_EXE_user-service"))
        .args(["--listen", "127.0.0.1:0"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let lines = BufReader::new(program.stdout.take().expect("its output")).lines().map_while(Result::ok);
    let serving = lines.into_iter().find(|line| line.ends_with("Ctrl-C stops it.")).expect("it serves");
    let address = serving.split(' ').nth(2).expect("an address").trim_end_matches('.');
    let mut wrong = Vec::new();
    for (command, expected) in commands() {
        let command = command.replace("localhost:50051", address).replace("curl", curl);
        let output = Command::new("sh").args(["-c", &command]).output().expect("a shell");
        let printed = String::from_utf8_lossy(&output.stdout).replace("\r\n", "\n");
        if !is_like(&printed, &expected.replace("HTTP/1.1 200 OK", "200")) {
            wrong.push(format!("$ {command}\n{printed}\n(expected)\n{expected}"));
        }
    }
    program.kill().expect("the program stops");
    program.wait().expect("the program stops");
    wrong
}

#[test]
fn curl_gets_what_the_readme_says() {
    assert!(commands().len() >= 15, "{:#?}", commands());
    // `--json` came with curl 7.82; HTTP/2 is up to who built it.
    let version = Command::new("curl").args(["--json", "{}", "--version"]).output();
    let version = version.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    let is_usable = |&(feature, _): &(&str, &str)| version.contains(feature);
    for (_, curl) in
        [("curl", "curl --http1.1"), ("HTTP2", "curl --http2-prior-knowledge")].into_iter().filter(is_usable)
    {
        let wrong = differences(curl);
        assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    }
}
