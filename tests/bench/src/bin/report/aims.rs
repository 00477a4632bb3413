//! What the project aims at, beside what was measured.

use std::fmt;

use rsgrpc_bench::Workload;

use crate::{
    Results,
    callgrind::Cost,
    case::{CASES, Case, SHARED},
    load::Load,
    process::{LIBRARIES, Library},
    table::server_ratio,
};

pub(crate) struct Aim {
    pub(crate) what: String,
    pub(crate) measured: f64,
    pub(crate) bound: Bound,
}

#[derive(Clone, Copy)]
pub(crate) enum Bound {
    AtMost(f64),
    AtLeast(f64),
}

impl Bound {
    pub(crate) fn holds(self, measured: f64) -> bool {
        match self {
            Self::AtMost(most) => measured <= most,
            Self::AtLeast(least) => measured >= least,
        }
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtMost(most) => write!(f, "≤ {most}"),
            Self::AtLeast(least) => write!(f, "≥ {least}"),
        }
    }
}

impl fmt::Display for Aim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, measured, bound } = self;
        let met = if bound.holds(*measured) { "met" } else { "missed" };
        write!(f, "{what}: {measured:.3} (aim {bound}: {met})")
    }
}

/// All whose figures there are.
pub(crate) fn all(results: &Results) -> Vec<Aim> {
    let mut aims = Vec::new();
    for (index, case) in CASES.iter().enumerate() {
        if case.workload == Workload::Unary {
            of_calls(&mut aims, results, index, case);
        }
        let Some(aim) = case.aim else { continue };
        for load in Load::ALL {
            let what = format!("{}: messages per CPU second of the server, load by {load}", case.name);
            let measured = server_ratio(results, index, load).map(|ratio| 1.0 / ratio);
            aims.extend(measured.map(|measured| Aim { what, measured, bound: Bound::AtLeast(aim) }));
        }
    }
    of_shared(&mut aims, results);
    aims
}

fn of_calls(aims: &mut Vec<Aim>, results: &Results, index: usize, case: &Case) {
    let costs = |side: &std::collections::BTreeMap<_, Cost>| {
        let [ours, theirs] = LIBRARIES.map(|library| side.get(&(index, library)).copied());
        ours.zip(theirs)
    };
    let mut aim = |what: &str, measured: f64, most: f64| {
        aims.push(Aim { what: format!("{}: {what}", case.name), measured, bound: Bound::AtMost(most) });
    };
    if let Some((ours, theirs)) = costs(&results.server) {
        aim("instructions of the server", ours.instructions / theirs.instructions, 0.75);
        aim("allocations of the server, as such", ours.allocations, 14.0);
    }
    if let Some((ours, theirs)) = costs(&results.client) {
        aim("instructions of the client", ours.instructions / theirs.instructions, 0.75);
        aim("allocations of the client", ours.allocations / theirs.allocations, 0.75);
    }
}

fn of_shared(aims: &mut Vec<Aim>, results: &Results) {
    let cost = |load| results.shared.get(&load)?.0;
    let Some(ours) = cost(Load::Client(Library::Rsgrpc)) else { return };
    for load in [Load::Client(Library::Tonic), Load::Balanced] {
        let Some(theirs) = cost(load) else { continue };
        let what = format!("{}: instructions of the client, beside {load}", SHARED.name);
        aims.push(Aim { what, measured: ours.instructions / theirs.instructions, bound: Bound::AtMost(0.75) });
    }
}
