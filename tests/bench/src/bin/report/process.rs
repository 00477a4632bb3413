use std::{
    env, fmt, fs,
    net::{Ipv4Addr, TcpListener, TcpStream},
    path::PathBuf,
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use crate::Outcome;

/// Whose code is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Library {
    Rsgrpc,
    Tonic,
}

pub(crate) const LIBRARIES: [Library; 2] = [Library::Rsgrpc, Library::Tonic];

impl fmt::Display for Library {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Rsgrpc => "rsgrpc",
            Self::Tonic => "tonic",
        })
    }
}

/// A server, killed when dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) port: u16,
}

impl Server {
    /// Starts the library's server behind `wrapper` (a command and its arguments) and waits until it accepts connections.
    pub(crate) fn start(library: Library, wrapper: &[&str]) -> Outcome<Self> {
        let port = free_port()?;
        let mut command = wrapped(wrapper, &binary(&format!("server-{library}"))?);
        let child = command.arg(format!("--port={port}")).stdin(Stdio::null()).spawn()?;
        let mut server = Self { child, port };
        for _ in 0..300 {
            if TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok() {
                return Ok(server);
            }
            if let Some(status) = server.child.try_wait()? {
                return Err(format!("the {library} server ended at once: {status}").into());
            }
            thread::sleep(Duration::from_millis(50));
        }
        Err(format!("the {library} server did not come up").into())
    }

    /// The time all its threads were on a core.
    pub(crate) fn cpu_time(&self) -> Outcome<Duration> {
        let mut nanoseconds = 0;
        for task in fs::read_dir(format!("/proc/{}/task", self.child.id()))? {
            let text = fs::read_to_string(task?.path().join("schedstat"))?;
            nanoseconds += text.split_whitespace().next().ok_or("schedstat is empty")?.parse::<u64>()?;
        }
        Ok(Duration::from_nanos(nanoseconds))
    }

    /// Ends it by SIGTERM, on which callgrind still writes its file.
    pub(crate) fn terminate(mut self) -> Outcome<()> {
        Command::new("kill").arg(self.child.id().to_string()).status()?;
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Either may fail only because the server has ended before.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A command behind a wrapper such as `taskset -c 0`.
pub(crate) fn wrapped(wrapper: &[&str], program: &PathBuf) -> Command {
    match wrapper.split_first() {
        None => Command::new(program),
        Some((first, rest)) => {
            let mut command = Command::new(first);
            command.args(rest).arg(program);
            command
        }
    }
}

/// A binary of this crate: they all lie in one folder.
pub(crate) fn binary(name: &str) -> Outcome<PathBuf> {
    Ok(env::current_exe()?.with_file_name(name))
}

/// Runs a command to its end and returns what it printed.
pub(crate) fn output(command: &mut Command) -> Outcome<String> {
    let output = command.output().map_err(|error| format!("cannot run {command:?}: {error}"))?;
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(printed);
    }
    let complaint = String::from_utf8_lossy(&output.stderr);
    Err(format!("{command:?} failed: {}\n{printed}{complaint}", output.status).into())
}

fn free_port() -> Outcome<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}
