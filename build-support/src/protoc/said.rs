//! What protoc says about protos, with how to mend it where protoc leaves that open.

use std::collections::BTreeSet;

use crate::includes::Includes;

/// What protoc says, and how to mend it; nothing where protoc says that, too. The first one that fits counts.
const MENDS: &[(&str, &str)] = &[
    ("Expected top-level statement", "begin a message, enum, service, import or option here, or remove a `}` above"),
    (
        "Expected \"required\", \"optional\", or \"repeated\"",
        "write one of them before the type, or begin the file with `syntax = \"proto3\";`",
    ),
    ("Expected ", "write that here"),
    ("Missing field number", "write ` = ` and a number that no other field of the message has"),
    ("Missing numeric value", "write ` = ` and a number"),
    ("Reached end of input", "close what is open"),
    ("Unmatched \"}\"", "remove it, or open the block by `{`"),
    ("End-of-file inside block comment", "close it by `*/`"),
    ("Comment started here", ""),
    ("Block comments cannot be nested", "write `//` before each line instead"),
    ("Did you miss", ""),
    ("Interpreting non ascii", "use only ASCII outside of comments and strings"),
    ("Invalid control characters", "remove them"),
    ("Need space between number and identifier", "names begin with a letter, and numbers end before one"),
    ("must be in octal", "remove the zero in front"),
    ("Integer out of range", "write a number that fits"),
    ("Next available field number is", ""),
    ("Suggested field numbers", ""),
    ("Field numbers ", "choose one from 1 to 536870911, and none from 19000 to 19999"),
    ("uses reserved number", "choose another number"),
    ("is reserved", "choose another one"),
    ("C++ scoping rules", "begin the names of values with the name of their enum"),
    (
        "is already defined in file",
        "rename or remove one of them; if both are one file, import it by one name everywhere",
    ),
    ("is already defined", "rename or remove one of them"),
    ("Unrecognized syntax identifier", "write `syntax = \"proto3\";` or `edition = \"2023\";`"),
    ("Unknown edition", "write `edition = \"2023\";` or `edition = \"2024\";`"),
    ("Multiple package definitions", "keep one"),
    ("Required fields are not allowed", "remove `required`"),
    ("Explicit default values are not allowed", "remove the default"),
    ("first enum value must be zero", "put a value with the number 0 first"),
    ("must define 0 as the first value", "put a value with the number 0 first"),
    ("Enums must contain", "add a value with the number 0"),
    ("If this is intended", ""),
    ("conflicts with the ", "rename one of them"),
    ("Ensure that your proto", ""),
    ("has no value named", "name one that it has"),
    ("Value must be", "write such a value"),
    ("is not a message type", "name a message"),
    ("Key in map fields", "use an integer, `bool` or `string` as the key"),
    ("labels", "remove the label"),
    ("Label ", ""),
    ("Groups are not supported", "declare a message and a field of it"),
    ("as an extension number", "declare it there by `extensions`, or choose one that is declared"),
    ("was listed twice", "remove one of them"),
    ("recursively imports itself", "move what these files share into another one, which imports none of them"),
    ("please add the necessary import", ""),
    ("is not defined", "correct the name, or declare it, or import the file that does"),
];

/// How to mend what is in no row, of which there are some hundred.
const OTHERWISE: &str = "what a proto may contain is described at https://protobuf.dev/programming-guides/";

/// What helps when a file is not found.
const INCLUDE: &str = "name the folder that has it by `rsgrpc_build::configure().include(..)`";

/// The lines of protoc, each `file:line:col: what; how to mend it`, with paths in place of the names of protos.
pub(super) fn lines(said: &str, includes: &Includes) -> Vec<String> {
    let missing: BTreeSet<&str> = said.lines().filter_map(|line| line.strip_suffix(": File not found.")).collect();
    let is_told_by_its_import = |line: &str| {
        let name = line.strip_suffix(": File not found.");
        name.is_some_and(|name| said.contains(&format!(": {}", not_imported(name))))
    };
    let lines = said.lines().filter(|line| !is_told_by_its_import(line));
    lines.map(|line| includes.localize(&import(line, &missing, includes).unwrap_or_else(|| mended(line)))).collect()
}

fn not_imported(name: &str) -> String {
    format!("Import \"{name}\" was not found or had errors.")
}

/// A line about an import: that there is no such file, or what is wrong with it comes first.
fn import(line: &str, missing: &BTreeSet<&str>, includes: &Includes) -> Option<String> {
    let (place, rest) = line.split_once(": Import \"")?;
    let name = rest.strip_suffix("\" was not found or had errors.")?;
    if !missing.contains(name) {
        return Some(format!("{place}: import \"{name}\" has mistakes; mend those first"));
    }
    Some(format!("{place}: import \"{name}\" is not found below {}; correct the name, or {INCLUDE}", includes.listed()))
}

fn mended(line: &str) -> String {
    let Some((_, what)) = line.split_once(": ").filter(|(_, what)| !what.starts_with("warning: ")) else {
        return line.to_owned();
    };
    let mend = match MENDS.iter().find(|(part, _)| what.contains(part)) {
        Some((_, mend)) => mend,
        None if has_position(line) => OTHERWISE,
        None => "",
    };
    if mend.is_empty() { line.to_owned() } else { format!("{}; {mend}", line.strip_suffix('.').unwrap_or(line)) }
}

/// Whether the line begins with `file:line:col: `, as those about protos do.
fn has_position(line: &str) -> bool {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    line.match_indices(": ").any(|(end, _)| {
        let mut parts = line[..end].rsplitn(3, ':');
        parts.next().is_some_and(is_number) && parts.next().is_some_and(is_number) && parts.next().is_some()
    })
}
