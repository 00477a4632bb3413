use std::fmt::Write as _;

use crate::{
    Outcome, Results,
    callgrind::Cost,
    case::{CASES, Case},
    load::{Load, Sample},
    machine,
    process::{LIBRARIES, Library},
};

/// The results as markdown.
pub(crate) fn markdown(results: &Results, rounds: usize) -> Outcome<String> {
    let mut text = String::from("# rsgrpc beside tonic\n\nWritten by `tests/bench/run`; do not edit.\n\n");
    writeln!(text, "{}\n", machine::describe()?)?;
    if !results.server.is_empty() {
        counted(&mut text, results)?;
    }
    if !results.timed.is_empty() {
        timed(&mut text, results, rounds)?;
    }
    Ok(text)
}

fn counted(text: &mut String, results: &Results) -> Outcome<()> {
    writeln!(
        text,
        "## Instructions and allocations\n\nIn user space, counted by callgrind on one connection, as the slope between two \
         counts. The server's load is h2load, the client's server is of its own library. The ratio is rsgrpc to tonic.\n"
    )?;
    writeln!(
        text,
        "| | | rsgrpc instructions | tonic instructions | ratio | rsgrpc allocations | tonic allocations |"
    )?;
    writeln!(text, "|---|---|---:|---:|---:|---:|---:|")?;
    for (index, case) in CASES.iter().enumerate() {
        for (side, costs) in [("server", &results.server), ("client", &results.client)] {
            let [Some(ours), Some(theirs)] = LIBRARIES.map(|library| costs.get(&(index, library))) else { continue };
            writeln!(text, "| {} | {side}, per {} | {} |", case.name, case.unit, costs_row(ours, theirs))?;
        }
    }
    text.push('\n');
    Ok(())
}

fn costs_row(ours: &Cost, theirs: &Cost) -> String {
    format!(
        "{:.0} | {:.0} | {:.2} | {:.2} | {:.2}",
        ours.instructions,
        theirs.instructions,
        ours.instructions / theirs.instructions,
        ours.allocations,
        theirs.allocations
    )
}

fn timed(text: &mut String, results: &Results, rounds: usize) -> Outcome<()> {
    writeln!(
        text,
        "## Time\n\nServer on one core, load on another; medians of {rounds} interleaved rounds, the range of the server's \
         CPU time in brackets. Calls or messages per CPU second is the inverse of the server's CPU time.\n"
    )?;
    writeln!(text, "| | load | server | per second | server CPU ns | client CPU ns | server CPU, ratio |")?;
    writeln!(text, "|---|---|---|---:|---:|---:|---:|")?;
    for (index, case) in CASES.iter().enumerate() {
        for load in Load::ALL {
            for library in LIBRARIES {
                timed_row(text, results, (index, case), load, library)?;
            }
        }
    }
    text.push('\n');
    Ok(())
}

fn timed_row(
    text: &mut String,
    results: &Results,
    (index, case): (usize, &Case),
    load: Load,
    library: Library,
) -> Outcome<()> {
    let Some(samples) = results.timed.get(&(index, library, load)) else { return Ok(()) };
    let server = Spread::of(samples.iter().map(|sample| sample.server_nanoseconds));
    let client = Spread::of(samples.iter().filter_map(|sample| sample.client_nanoseconds));
    let ratio = server_ratio(results, index, load).filter(|_| library == Library::Rsgrpc);
    writeln!(
        text,
        "| {} | {load} | {library} | {:.0} {}s | {:.0} ({:.0}–{:.0}) | {} | {} |",
        case.name,
        Spread::of(samples.iter().map(|sample| sample.per_second)).median,
        case.unit,
        server.median,
        server.least,
        server.most,
        if load == Load::H2load { String::new() } else { format!("{:.0}", client.median) },
        ratio.map(|ratio| format!("{ratio:.2}")).unwrap_or_default(),
    )?;
    Ok(())
}

/// The server's CPU time, rsgrpc to tonic.
pub(crate) fn server_ratio(results: &Results, index: usize, load: Load) -> Option<f64> {
    let median = |library| {
        let samples: &Vec<Sample> = results.timed.get(&(index, library, load))?;
        Some(Spread::of(samples.iter().map(|sample| sample.server_nanoseconds)).median)
    };
    Some(median(Library::Rsgrpc)? / median(Library::Tonic)?)
}

struct Spread {
    median: f64,
    least: f64,
    most: f64,
}

impl Spread {
    /// Of no values at all it is all zero.
    fn of(values: impl Iterator<Item = f64>) -> Self {
        let mut values: Vec<f64> = values.collect();
        values.sort_by(f64::total_cmp);
        let at = |index: usize| values.get(index).copied().unwrap_or_default();
        Self { median: at(values.len() / 2), least: at(0), most: at(values.len().saturating_sub(1)) }
    }
}
