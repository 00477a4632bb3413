use std::fs;

use crate::{Outcome, load::version};

/// The crates whose versions matter for the figures.
const CRATES: [&str; 8] = ["tonic", "tonic-prost", "prost", "hyper", "h2", "http", "tokio", "bytes"];

/// The machine and the versions, as lines of a markdown list.
pub(crate) fn describe() -> Outcome<String> {
    let mut lines = vec![
        format!("- {} cores of {}, Linux {}", cores()?, processor()?, kernel()?),
        format!(
            "- {}; release profile: thin LTO, one codegen unit; the system's allocator on both sides",
            version("rustc")?
        ),
        format!("- {}", locked_versions().join(", ")),
        format!("- {}, {}", version("h2load")?, version("valgrind")?),
    ];
    if let Ok(commit) =
        crate::process::output(std::process::Command::new("git").args(["describe", "--always", "--dirty"]))
    {
        lines.push(format!("- rsgrpc at {}", commit.trim()));
    }
    Ok(lines.join("\n"))
}

fn processor() -> Outcome<String> {
    let text = fs::read_to_string("/proc/cpuinfo")?;
    let model = text.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or(": unknown processor");
    Ok(model.trim_start_matches([' ', '\t', ':']).to_owned())
}

fn cores() -> Outcome<usize> {
    Ok(std::thread::available_parallelism()?.get())
}

fn kernel() -> Outcome<String> {
    Ok(fs::read_to_string("/proc/sys/kernel/osrelease")?.trim().to_owned())
}

fn locked_versions() -> Vec<String> {
    let lock = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../Cargo.lock"));
    CRATES
        .iter()
        .filter_map(|name| {
            let after = lock.split_once(&format!("name = \"{name}\"\nversion = \""))?.1;
            Some(format!("{name} {}", after.split_once('"')?.0))
        })
        .collect()
}
