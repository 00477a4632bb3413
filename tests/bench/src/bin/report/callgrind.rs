use std::{
    collections::HashMap,
    env, fmt, fs,
    path::{Path, PathBuf},
};

use crate::{
    Outcome,
    case::Case,
    load::{self, Load},
    process::{Library, Server, binary, output, wrapped},
};

/// What one call or message costs in user space.
#[derive(Clone, Copy)]
pub(crate) struct Cost {
    pub(crate) instructions: f64,
    pub(crate) allocations: f64,
}

impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.0} instructions, {:.2} allocations", self.instructions, self.allocations)
    }
}

/// The functions of libc by which Rust's system allocator gets memory; `realloc` counts, as tonic's and our counts do alike.
const ALLOCATORS: [&str; 5] = ["malloc", "calloc", "realloc", "posix_memalign", "aligned_alloc"];

/// What the case costs in the server, on one connection of h2load.
pub(crate) fn server(case: &Case, library: Library) -> Outcome<Cost> {
    slope(case, |count| {
        let file = file(&format!("server-{library}"));
        let server = Server::start(library, &wrapper(&file.1).each_ref().map(String::as_str))?;
        load::h2load(case, count, 1, server.port)?;
        server.terminate()?;
        Totals::read(&file.0)
    })
}

/// What the case costs in the client, which has one channel.
pub(crate) fn client(case: &Case, load: Load, server: Library) -> Outcome<Cost> {
    let (library, extra) = load.client().ok_or("h2load is no client of ours to count")?;
    slope(case, |count| {
        let file = file(&format!("client-{library}"));
        let server = Server::start(server, &[])?;
        let mut command =
            wrapped(&wrapper(&file.1).each_ref().map(String::as_str), &binary(&format!("client-{library}"))?);
        output(command.args(case.flags(count, 1)).args(&extra).arg(format!("--port={}", server.port)))?;
        Totals::read(&file.0)
    })
}

fn slope(case: &Case, totals: impl Fn(u64) -> Outcome<Totals>) -> Outcome<Cost> {
    let [few, many] = case.slope;
    let (low, high) = (totals(few)?, totals(many)?);
    let per = |low: u64, high: u64| (high as f64 - low as f64) / (many - few) as f64;
    Ok(Cost {
        instructions: per(low.instructions, high.instructions),
        allocations: per(low.allocations, high.allocations),
    })
}

/// Where callgrind is to write: left behind for a look by `callgrind_annotate`.
fn file(name: &str) -> (PathBuf, String) {
    let path = env::temp_dir().join(format!("callgrind.{name}"));
    let flag = format!("--callgrind-out-file={}", path.display());
    (path, flag)
}

fn wrapper(out: &str) -> [String; 4] {
    ["valgrind", "-q", "--tool=callgrind", out].map(str::to_owned)
}

struct Totals {
    instructions: u64,
    allocations: u64,
}

impl Totals {
    /// Reads callgrind's file: `calls=COUNT …` follows the `cfn=(ID) NAME` of the function called, whose name stands only
    /// where the id is first used.
    fn read(path: &Path) -> Outcome<Self> {
        let text = String::from_utf8_lossy(&fs::read(path)?).into_owned();
        let mut names = HashMap::new();
        let mut calls: HashMap<&str, u64> = HashMap::new();
        let mut instructions = None;
        let mut callee = "";
        for line in text.lines() {
            if let Some(name) = line.strip_prefix("cfn=").or_else(|| line.strip_prefix("fn=")) {
                let (id, name) = name.split_once(')').ok_or("a name without an id")?;
                if !name.is_empty() {
                    names.insert(id, name.trim());
                }
                if line.starts_with('c') {
                    callee = id;
                }
            } else if let Some(count) = line.strip_prefix("calls=") {
                let count: u64 = count.split_whitespace().next().ok_or("calls without a count")?.parse()?;
                *calls.entry(callee).or_default() += count;
            } else if let Some(total) = line.strip_prefix("totals: ") {
                instructions = Some(total.trim().parse()?);
            }
        }
        let allocations = calls.iter().filter(|(id, _)| names.get(*id).is_some_and(|name| ALLOCATORS.contains(name)));
        Ok(Self {
            instructions: instructions.ok_or_else(|| format!("{} has no totals", path.display()))?,
            allocations: allocations.map(|(_, count)| count).sum(),
        })
    }
}
