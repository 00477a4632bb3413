use std::{
    env, fmt, fs,
    path::PathBuf,
    process::{self, Command},
    time::Duration,
};

use crate::{
    Outcome,
    case::Case,
    process::{Library, Server, binary, output, wrapped},
};

/// What makes the calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Load {
    H2load,
    Client(Library),
    /// tonic's client over a list of connections.
    Balanced,
}

/// Connections of [`Load::Balanced`].
pub(crate) const LIST: usize = 4;

impl Load {
    pub(crate) const ALL: [Self; 3] = [Self::H2load, Self::Client(Library::Rsgrpc), Self::Client(Library::Tonic)];
    /// Those of the calls that share a channel.
    pub(crate) const SHARED: [Self; 3] = [Self::Client(Library::Rsgrpc), Self::Client(Library::Tonic), Self::Balanced];

    /// The client, and how it is called.
    pub(crate) fn client(self) -> Option<(Library, Vec<String>)> {
        match self {
            Self::H2load => None,
            Self::Client(library) => Some((library, Vec::new())),
            Self::Balanced => Some((Library::Tonic, vec![format!("--balanced={LIST}")])),
        }
    }
}

impl fmt::Display for Load {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::H2load => f.pad("h2load"),
            Self::Client(library) => write!(f, "{library} client"),
            Self::Balanced => write!(f, "tonic client, {LIST} connections"),
        }
    }
}

/// One timed run, per call or message.
pub(crate) struct Sample {
    pub(crate) per_second: f64,
    pub(crate) server_nanoseconds: f64,
    /// Not known for h2load.
    pub(crate) client_nanoseconds: Option<f64>,
}

const SERVER_CORE: &[&str] = &["taskset", "-c", "0"];
const LOAD_CORE: &[&str] = &["taskset", "-c", "1"];

/// Runs the case once against a fresh server.
pub(crate) fn sample(case: &Case, library: Library, load: Load) -> Outcome<Sample> {
    let server = Server::start(library, SERVER_CORE)?;
    let before = server.cpu_time()?;
    let count = case.count as f64;
    let (elapsed, client) = match load.client() {
        None => (h2load(case, case.count, case.connections, server.port)?, None),
        Some((library, extra)) => {
            let (elapsed, cpu) = client(case, library, extra, server.port)?;
            (elapsed, Some(cpu.as_nanos() as f64 / count))
        }
    };
    let server_cpu = server.cpu_time()? - before;
    Ok(Sample {
        per_second: count / elapsed.as_secs_f64(),
        server_nanoseconds: server_cpu.as_nanos() as f64 / count,
        client_nanoseconds: client,
    })
}

/// Runs h2load and returns how long it took.
pub(crate) fn h2load(case: &Case, count: u64, connections: u64, port: u16) -> Outcome<Duration> {
    let body = TemporaryFile::new(&case.body(count))?;
    let mut command = wrapped(LOAD_CORE, &PathBuf::from("h2load"));
    command
        .args(["-t1", "-H", "content-type: application/grpc", "-H", "te: trailers"])
        .arg(format!("-n{}", case.requests(count)))
        .arg(format!("-c{connections}"))
        .arg(format!("-m{}", case.in_flight))
        .arg("-d")
        .arg(&body.0)
        .arg(format!("http://127.0.0.1:{port}{}", case.path()));
    let printed = output(&mut command)?;
    let requests = case.requests(count);
    if !printed.contains(&format!(" {requests} succeeded, 0 failed")) {
        return Err(format!("{command:?}: not every call succeeded:\n{printed}").into());
    }
    elapsed(&printed).ok_or_else(|| format!("cannot read what h2load printed:\n{printed}").into())
}

/// Runs one of our load generators and returns wall clock and CPU time of the calls.
fn client(case: &Case, library: Library, extra: Vec<String>, port: u16) -> Outcome<(Duration, Duration)> {
    let mut command = wrapped(LOAD_CORE, &binary(&format!("client-{library}"))?);
    command.args(case.flags(case.count, case.connections)).args(extra).arg(format!("--port={port}"));
    let printed = output(&mut command)?;
    let mut numbers = printed.split_whitespace().map(|number| number.parse().map(Duration::from_nanos));
    let (Some(Ok(elapsed)), Some(Ok(cpu))) = (numbers.next(), numbers.next()) else {
        return Err(format!("cannot read what {command:?} printed: {printed}").into());
    };
    Ok((elapsed, cpu))
}

/// The time of "finished in 1.23s, 12345.67 req/s, 1.23MB/s"; the unit is s, ms or us.
fn elapsed(printed: &str) -> Option<Duration> {
    let text = printed.split_once("finished in ")?.1.split_once(',')?.0;
    let unit = text.find(|character: char| character.is_alphabetic())?;
    let (number, unit) = text.split_at(unit);
    let seconds = match unit {
        "s" => 1.0,
        "ms" => 1e-3,
        "us" => 1e-6,
        _ => return None,
    };
    Some(Duration::from_secs_f64(number.parse::<f64>().ok()? * seconds))
}

/// A file that is gone when dropped.
struct TemporaryFile(PathBuf);

impl TemporaryFile {
    fn new(content: &[u8]) -> Outcome<Self> {
        let path = env::temp_dir().join(format!("rsgrpc-bench-{}", process::id()));
        fs::write(&path, content)?;
        Ok(Self(path))
    }
}

impl Drop for TemporaryFile {
    fn drop(&mut self) {
        // What stays behind lies in the folder for temporary files.
        let _ = fs::remove_file(&self.0);
    }
}

/// The first line a tool prints about its version.
pub(crate) fn version(program: &str) -> Outcome<String> {
    let printed = output(Command::new(program).arg("--version"))?;
    Ok(printed.lines().next().unwrap_or_default().to_owned())
}
