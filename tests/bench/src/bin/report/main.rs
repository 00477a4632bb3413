//! Measures rsgrpc beside tonic in one run and writes `results.md` and `results.svg`.
//!
//! The server has core 0, the load has core 1; the rounds go through all servers and loads in turn, so that a drift of the
//! machine meets all alike. Instructions and allocations are counted by callgrind, as the slope between two counts. All of
//! it together is bounded in time: rounds for which there is none left are not begun.

mod aims;
mod callgrind;
mod case;
mod load;
mod machine;
mod plot;
mod process;
mod spread;
mod table;

use std::{
    collections::BTreeMap,
    error::Error,
    fs,
    path::PathBuf,
    process::ExitCode,
    time::{Duration, Instant},
};

use lexopt::prelude::*;

use crate::{
    callgrind::Cost,
    case::{CASES, SHARED},
    load::{Load, Sample},
    process::{LIBRARIES, Library},
};

type Outcome<T> = Result<T, Box<dyn Error>>;

/// All that was measured; keys are the index of the case and the library.
#[derive(Default)]
struct Results {
    /// By case, library of the server, and load.
    timed: BTreeMap<(usize, Library, Load), Vec<Sample>>,
    /// Cost in the server, under the load of h2load.
    server: BTreeMap<(usize, Library), Cost>,
    /// Cost in the client, against a server of its own library.
    client: BTreeMap<(usize, Library), Cost>,
    /// Cost and time of clients whose calls share a channel, against a server of rsgrpc.
    shared: BTreeMap<Load, (Option<Cost>, Vec<Sample>)>,
    /// How often all was timed.
    rounds: usize,
}

struct Options {
    rounds: usize,
    callgrind: bool,
    /// How long all may take.
    time: Duration,
    out: PathBuf,
}

fn main() -> ExitCode {
    match Options::parse().and_then(|options| report(&options)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

impl Options {
    fn parse() -> Outcome<Self> {
        let mut options =
            Self { rounds: 3, callgrind: true, time: Duration::from_secs(12 * 60), out: PathBuf::from(".") };
        let mut parser = lexopt::Parser::from_env();
        while let Some(flag) = parser.next()? {
            match flag {
                Long("rounds") => options.rounds = parser.value()?.parse()?,
                Long("no-callgrind") => options.callgrind = false,
                Long("minutes") => options.time = Duration::from_secs(60 * parser.value()?.parse::<u64>()?),
                Long("out") => options.out = parser.value()?.into(),
                other => return Err(other.unexpected().into()),
            }
        }
        Ok(options)
    }
}

fn report(options: &Options) -> Outcome<()> {
    let mut results = Results::default();
    let until = Instant::now() + options.time;
    if options.callgrind {
        count(&mut results)?;
    }
    if options.rounds > 0 {
        time(&mut results, options.rounds, until)?;
    }
    for aim in aims::all(&results) {
        eprintln!("{aim}");
    }
    fs::create_dir_all(&options.out)?;
    fs::write(options.out.join("results.md"), table::markdown(&results)?)?;
    fs::write(options.out.join("results.svg"), plot::svg(&results))?;
    Ok(())
}

fn count(results: &mut Results) -> Outcome<()> {
    for (index, case) in CASES.iter().enumerate() {
        for library in LIBRARIES {
            let server = callgrind::server(case, library)?;
            let client = callgrind::client(case, Load::Client(library), library)?;
            eprintln!("{}: {library}: server {server}, client {client}", case.name);
            results.server.insert((index, library), server);
            results.client.insert((index, library), client);
        }
    }
    for load in Load::SHARED {
        let client = callgrind::client(&SHARED, load, Library::Rsgrpc)?;
        eprintln!("{}: {load}: {client}", SHARED.name);
        results.shared.entry(load).or_default().0 = Some(client);
    }
    Ok(())
}

/// Round 0 warms up and is thrown away. What a round takes, the next is expected to take.
fn time(results: &mut Results, rounds: usize, until: Instant) -> Outcome<()> {
    for round in 0..=rounds {
        eprintln!("round {round} of {rounds}");
        let begun = Instant::now();
        let mut samples = Vec::new();
        for (index, case) in CASES.iter().enumerate() {
            for load in Load::ALL {
                for library in LIBRARIES {
                    samples.push(((index, library, load), load::sample(case, library, load)?));
                }
            }
        }
        let mut shared = Vec::new();
        for load in Load::SHARED {
            shared.push((load, load::sample(&SHARED, Library::Rsgrpc, load)?));
        }
        if round > 0 {
            samples.into_iter().for_each(|(key, sample)| results.timed.entry(key).or_default().push(sample));
            shared.into_iter().for_each(|(load, sample)| results.shared.entry(load).or_default().1.push(sample));
            results.rounds = round;
        }
        if Instant::now() + begun.elapsed() > until {
            eprintln!("no time is left for another round");
            break;
        }
    }
    Ok(())
}
