//! This test binary, started again as a process of its own.

use std::{
    io::{BufRead, BufReader, Lines},
    net::SocketAddr,
    process::{Child, ChildStderr, Command, Stdio},
};

use rsgrpc::{Request, Response};

use crate::support::{Answer, Echo};

pub struct Same;

impl Echo for Same {
    async fn unary(&self, request: Request<String>) -> Answer<String> {
        let text = request.into_inner();
        if text == "slow" {
            announce("called");
            tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        }
        Ok(Response::new(text))
    }
}

/// A line for whoever started this process.
pub fn announce(line: impl std::fmt::Display) {
    eprintln!("@{line}");
}

pub struct Process {
    pub child: Child,
    lines: Lines<BufReader<ChildStderr>>,
}

impl Process {
    /// Runs a test that is ignored otherwise, after a line of shell.
    pub fn start(shell: &str, test: &str, command: impl FnOnce(&mut Command)) -> Self {
        let program = std::env::current_exe().unwrap();
        let script = format!("{shell}; exec \"$0\" --ignored --exact --nocapture {test}");
        let mut start = Command::new("sh");
        start.arg("-c").arg(script).arg(program).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        command(&mut start);
        let mut child = start.spawn().unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        Self { child, lines }
    }

    /// The next line that it announces.
    pub fn line(&mut self) -> String {
        let announced = |line: std::io::Result<String>| line.unwrap().strip_prefix('@').map(str::to_owned);
        self.lines.by_ref().find_map(announced).unwrap_or_else(|| panic!("it ended without a word"))
    }

    pub fn addr(&mut self) -> SocketAddr {
        self.line().parse().unwrap()
    }

    pub fn signal(&self, signal: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
    }

    /// Waits for its end, which must be a good one.
    pub fn succeeds(mut self) {
        let rest: Vec<_> = self.lines.by_ref().map_while(Result::ok).collect();
        assert!(self.child.wait().unwrap().success(), "{rest:?}");
    }
}
