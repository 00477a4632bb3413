use std::{
    error::Error,
    fs,
    str::FromStr,
    time::{Duration, Instant},
};

use crate::Flags;

/// What a client does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Workload {
    /// Small unary calls.
    Unary,
    /// One call whose answer is a stream.
    Download,
    /// One call whose request is a stream.
    Upload,
}

impl FromStr for Workload {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            "unary" => Ok(Self::Unary),
            "download" => Ok(Self::Download),
            "upload" => Ok(Self::Upload),
            _ => Err(format!("unknown workload `{name}`; known are unary, download and upload")),
        }
    }
}

/// One connection of the client under measurement.
pub trait Client: Clone + Send + 'static {
    /// Makes one small unary call.
    fn say_hello(&mut self) -> impl Future<Output = Result<(), Box<dyn Error + Send + Sync>>> + Send;
    /// Asks for a stream and reads it to its end; returns how many messages came.
    fn download(&mut self, flags: &Flags) -> impl Future<Output = Result<u64, Box<dyn Error + Send + Sync>>>;
    /// Sends a stream; returns how many messages the server says it got.
    fn upload(&mut self, flags: &Flags) -> impl Future<Output = Result<u64, Box<dyn Error + Send + Sync>>>;
}

/// Runs the workload over the given connections and prints `ELAPSED_NS CPU_NS`: wall clock and CPU time of this process,
/// both without the time it took to connect.
///
/// # Errors
/// The first call that fails, or a stream that lost messages.
pub async fn drive<C: Client>(flags: &Flags, mut connections: Vec<C>) -> Result<(), Box<dyn Error>> {
    for connection in &mut connections {
        connection.say_hello().await.map_err(|error| error as Box<dyn Error>)?;
    }
    let (started, cpu) = (Instant::now(), cpu_time()?);
    match flags.workload {
        Workload::Unary => unary(flags, connections).await?,
        Workload::Download => whole(flags, connections.remove(0).download(flags).await)?,
        Workload::Upload => whole(flags, connections.remove(0).upload(flags).await)?,
    }
    let elapsed = started.elapsed();
    #[expect(clippy::print_stdout, reason = "the report reads it there")]
    {
        println!("{} {}", elapsed.as_nanos(), (cpu_time()? - cpu).as_nanos());
    }
    Ok(())
}

async fn unary<C: Client>(flags: &Flags, connections: Vec<C>) -> Result<(), Box<dyn Error>> {
    let each = flags.count / (flags.connections * flags.in_flight) as u64;
    let mut callers = Vec::new();
    for connection in connections {
        for _ in 0..flags.in_flight {
            let mut client = connection.clone();
            callers.push(tokio::spawn(async move {
                for _ in 0..each {
                    client.say_hello().await?;
                }
                Ok::<(), Box<dyn Error + Send + Sync>>(())
            }));
        }
    }
    for caller in callers {
        caller.await?.map_err(|error| error as Box<dyn Error>)?;
    }
    Ok(())
}

fn whole(flags: &Flags, messages: Result<u64, Box<dyn Error + Send + Sync>>) -> Result<(), Box<dyn Error>> {
    match messages {
        Ok(count) if count == flags.count => Ok(()),
        Ok(count) => Err(format!("{count} messages instead of {}", flags.count).into()),
        Err(error) => Err(error),
    }
}

/// The time this process was on a core: the first number of schedstat, in nanoseconds. The process has one thread.
fn cpu_time() -> Result<Duration, Box<dyn Error>> {
    let text = fs::read_to_string("/proc/self/schedstat")?;
    let nanoseconds = text.split_whitespace().next().ok_or("schedstat is empty")?;
    Ok(Duration::from_nanos(nanoseconds.parse()?))
}
