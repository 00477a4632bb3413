//! Measures rsgrpc beside tonic in one run and writes `results.md` and `results.svg`.
//!
//! The server has core 0, the load has core 1; the rounds go through all servers and loads in turn, so that a drift of the
//! machine meets all alike. Instructions and allocations are counted by callgrind, as the slope between two counts.

mod callgrind;
mod case;
mod load;
mod machine;
mod plot;
mod process;
mod table;

use std::{collections::BTreeMap, error::Error, fs, path::PathBuf, process::ExitCode};

use lexopt::prelude::*;

use crate::{
    callgrind::Cost,
    case::CASES,
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
}

struct Options {
    rounds: usize,
    callgrind: bool,
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
        let mut options = Self { rounds: 7, callgrind: true, out: PathBuf::from(".") };
        let mut parser = lexopt::Parser::from_env();
        while let Some(flag) = parser.next()? {
            match flag {
                Long("rounds") => options.rounds = parser.value()?.parse()?,
                Long("no-callgrind") => options.callgrind = false,
                Long("out") => options.out = parser.value()?.into(),
                other => return Err(other.unexpected().into()),
            }
        }
        Ok(options)
    }
}

fn report(options: &Options) -> Outcome<()> {
    let mut results = Results::default();
    if options.callgrind {
        count(&mut results)?;
    }
    time(&mut results, options.rounds)?;
    fs::create_dir_all(&options.out)?;
    fs::write(options.out.join("results.md"), table::markdown(&results, options.rounds)?)?;
    fs::write(options.out.join("results.svg"), plot::svg(&results))?;
    Ok(())
}

fn count(results: &mut Results) -> Outcome<()> {
    for (index, case) in CASES.iter().enumerate() {
        for library in LIBRARIES {
            let server = callgrind::server(case, library)?;
            let client = callgrind::client(case, library)?;
            eprintln!("{}: {library}: server {server}, client {client}", case.name);
            results.server.insert((index, library), server);
            results.client.insert((index, library), client);
        }
    }
    Ok(())
}

/// Round 0 warms up and is thrown away.
fn time(results: &mut Results, rounds: usize) -> Outcome<()> {
    if rounds == 0 {
        return Ok(());
    }
    for round in 0..=rounds {
        eprintln!("round {round} of {rounds}");
        for (index, case) in CASES.iter().enumerate() {
            for load in Load::ALL {
                for library in LIBRARIES {
                    let sample = load::sample(case, library, load)?;
                    if round > 0 {
                        results.timed.entry((index, library, load)).or_default().push(sample);
                    }
                }
            }
        }
    }
    Ok(())
}
