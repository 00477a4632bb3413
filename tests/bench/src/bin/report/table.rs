use std::fmt::Write as _;

use crate::{
    Outcome, Results, aims,
    callgrind::Cost,
    case::{CASES, Case, SHARED},
    load::{Load, Sample},
    machine,
    process::{LIBRARIES, Library},
    spread::Spread,
};

/// The results as markdown.
pub(crate) fn markdown(results: &Results) -> Outcome<String> {
    let mut text = String::from("# rsgrpc beside tonic\n\nWritten by `tests/bench/run`; do not edit.\n\n");
    writeln!(text, "{}\n", machine::describe()?)?;
    aimed(&mut text, results)?;
    if !results.server.is_empty() {
        counted(&mut text, results)?;
    }
    if !results.timed.is_empty() {
        timed(&mut text, results)?;
    }
    shared(&mut text, results)?;
    Ok(text)
}

fn aimed(text: &mut String, results: &Results) -> Outcome<()> {
    writeln!(text, "## What is aimed at\n\nEach is rsgrpc to tonic, unless it says otherwise.\n")?;
    writeln!(text, "| | measured | aim | |\n|---|---:|---:|---|")?;
    for aims::Aim { what, measured, bound } in aims::all(results) {
        let met = if bound.holds(measured) { "met" } else { "**missed**" };
        writeln!(text, "| {what} | {measured:.3} | {bound} | {met} |")?;
    }
    text.push('\n');
    Ok(())
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

fn timed(text: &mut String, results: &Results) -> Outcome<()> {
    let rounds = results.rounds;
    writeln!(
        text,
        "## Time\n\nServer on one core, load on another; medians of {rounds} interleaved rounds and of their ratios, the range \
         of the server's CPU time in brackets. Calls or messages per CPU second is the inverse of the server's CPU time.\n"
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
    let samples = |library| results.timed.get(&(index, library, load)).map(|samples| samples.iter());
    // The two of a round were measured one right after the other, and the machine is at times a fifth slower.
    let rounds = samples(Library::Rsgrpc)?.zip(samples(Library::Tonic)?);
    Some(Spread::of(rounds.map(|(ours, theirs)| ours.server_nanoseconds / theirs.server_nanoseconds)).median)
}

/// The clients whose calls share a channel.
fn shared(text: &mut String, results: &Results) -> Outcome<()> {
    writeln!(
        text,
        "## {}\n\nIn the client, against a server of rsgrpc, per call.\n\n\
         | client | instructions | allocations | calls per second | CPU ns |\n|---|---:|---:|---:|---:|",
        SHARED.name
    )?;
    for (load, (cost, samples)) in &results.shared {
        let cost = cost.map_or(" | ".to_owned(), |cost| format!("{:.0} | {:.2}", cost.instructions, cost.allocations));
        let median = |of: fn(&Sample) -> Option<f64>| Spread::of(samples.iter().filter_map(of)).median;
        let time = match samples.is_empty() {
            true => " | ".to_owned(),
            false => {
                format!("{:.0} | {:.0}", median(|one| Some(one.per_second)), median(|one| one.client_nanoseconds))
            }
        };
        writeln!(text, "| {load} | {cost} | {time} |")?;
    }
    Ok(())
}
