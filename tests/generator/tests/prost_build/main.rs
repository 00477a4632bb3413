//! What we print for messages is what prost-build prints.
//!
//! The generator does not use prost-build, which panics on some protos, prints code that does not compile for others,
//! knows no editions, and takes long. But what it prints is what prost's derives are made for and what users of prost
//! have and know: nothing may differ without a reason. So both get the same descriptors and options here, and all that
//! their types are is compared. What differs on purpose is in `deliberate`, each with its reason.

mod case;
mod deliberate;
mod facts;
mod lower;
mod theirs;

use std::collections::{BTreeMap, BTreeSet};

use case::Case;
use deliberate::{DIFFERENT, REFUSED, RENAMED, TOLD};
use facts::{Facts, Reader};
use generator_tests::{Outcome, cases, folder};
use protoc_gen_rsgrpc::{Options, Request, generate};

/// Folders with protos that nobody wrote for this test.
const REAL: [&str; 5] =
    ["../proto/protos", "../examples/hello/proto", "../examples/user-service/proto", "bench/proto", "peers/proto"];

#[test]
fn messages_are_those_of_prost_build() -> Outcome {
    let mut cases = all_cases()?;
    cases.sort_by(|a, b| a.name.cmp(&b.name));
    let mut wrong = Vec::new();
    for case in &cases {
        wrong.extend(check(case).map_err(|error| format!("{}: {error}", case.name))?);
    }
    let names: BTreeSet<_> = cases.iter().map(|case| case.name.as_str()).collect();
    let mentioned = (REFUSED.iter().map(|row| row.case))
        .chain(TOLD.iter().map(|row| row.case))
        .chain(RENAMED.iter().map(|row| row.case))
        .chain(DIFFERENT.iter().map(|row| row.case));
    wrong.extend(mentioned.filter(|name| !names.contains(name)).map(|name| format!("there is no case `{name}`")));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}

fn all_cases() -> Outcome<Vec<Case>> {
    let mut all = Vec::new();
    for root in cases("golden")? {
        all.push(Case::folder(&root.file_name().unwrap_or_default().to_string_lossy(), &root)?);
    }
    for name in REAL {
        all.push(Case::folder(name, &folder(name))?);
    }
    all.push(Case::folder("protoc", &protoc_bin_vendored::include_path()?)?.without_well_known_types());
    Ok(all)
}

/// What is wrong with a case.
fn check(case: &Case) -> Outcome<Vec<String>> {
    let (files, ours) = ours(case)?;
    if let Some(refused) = REFUSED.iter().find(|refused| refused.case == case.name) {
        let Some(panic) = refused.panic else { return Ok(Vec::new()) };
        let error = theirs::facts(case, &files).err().map(|error| error.to_string()).unwrap_or_default();
        let holds = error.contains(panic);
        return Ok(if holds { Vec::new() } else { vec![format!("{}: prost-build says `{error}`", case.name)] });
    }
    let theirs = theirs::facts(case, &files)?;
    if theirs.is_empty() {
        return Err("there is nothing to compare".into());
    }
    let (ours, unused) = rename(case, ours)?;
    let mut wrong = unused;
    let mut excused: Vec<_> = DIFFERENT.iter().filter(|row| row.case == case.name).collect();
    for fact in ours.keys().chain(theirs.keys().filter(|&key| !ours.contains_key(key))) {
        let (mine, other) = (ours.get(fact).map(String::as_str), theirs.get(fact).map(String::as_str));
        let excuse = excused.iter().position(|row| row.fact == fact && row.ours == mine && row.theirs == other);
        match excuse {
            _ if mine == other => {}
            Some(index) => drop(excused.swap_remove(index)),
            None => wrong.push(format!("{}: {fact}\n    ours   {mine:?}\n    theirs {other:?}", case.name)),
        }
    }
    wrong.extend(excused.iter().map(|row| format!("{}: {} is not as the table says", case.name, row.fact)));
    Ok(wrong)
}

fn ours(case: &Case) -> Outcome<(BTreeMap<String, String>, Facts)> {
    let mut options = Options::default();
    for (key, value) in &case.options {
        options.set(key, value)?;
    }
    let root = case.options.iter().find(|(key, _)| key == "module_file").map_or("mod.rs", |(_, value)| value);
    let files = generate(&Request::from_descriptor_set(&case.set, &case.files)?, &options)?;
    let files: BTreeMap<_, _> = files.into_iter().map(|file| (file.name, file.content)).collect();
    let facts = read(&files, root)?;
    Ok((files, facts))
}

fn read(files: &BTreeMap<String, String>, root: &str) -> Outcome<Facts> {
    let mut reader = Reader { files, facts: Facts::new() };
    reader.text(&[], files.get(root).ok_or("there is no module file")?)?;
    Ok(reader.facts)
}

/// Our facts with their names, and what is wrong with the table of names.
fn rename(case: &Case, mut facts: Facts) -> Outcome<(Facts, Vec<String>)> {
    let mut unused = Vec::new();
    for row in RENAMED.iter().filter(|row| row.case == case.name) {
        let renamed: Facts = facts
            .iter()
            .map(|(fact, value)| (replace(fact, row.ours, row.theirs), replace(value, row.ours, row.theirs)))
            .collect();
        if renamed == facts {
            unused.push(format!("{}: nothing is called {}", case.name, row.ours));
        }
        facts = renamed;
    }
    Ok((facts, unused))
}

/// Replaces whole names only.
fn replace(text: &str, from: &str, to: &str) -> String {
    let is_part = |character: char| character == '_' || character.is_alphanumeric();
    let mut replaced = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(from) {
        let (before, after) = (&rest[..start], &rest[start + from.len()..]);
        let is_whole = !before.ends_with(is_part) && !after.starts_with(is_part);
        replaced.push_str(before);
        replaced.push_str(if is_whole { to } else { from });
        rest = after;
    }
    replaced + rest
}

/// The comparison would be worth nothing if it overlooked things.
#[test]
fn every_kind_of_difference_is_seen() -> Outcome {
    for (name, changes) in CHANGES {
        let (files, facts) = ours(&Case::folder(name, &folder("golden").join(name))?)?;
        for (from, to) in *changes {
            let change = |(name, text): (&String, &String)| (name.clone(), text.replacen(from, to, 1));
            let changed = files.iter().map(change).collect();
            assert_ne!(files, changed, "{name} has no {from}");
            assert_ne!(facts, read(&changed, "mod.rs")?, "{name}: {from}");
        }
    }
    Ok(())
}

/// By golden, what to replace by what.
const CHANGES: &[(&str, &[(&str, &str)])] = &[
    (
        "oneofs",
        &[
            ("pub mod many", "pub mod more"),
            ("pub struct Many", "pub struct More"),
            ("pub first:", "first:"),
            ("pub first:", "pub fist:"),
            ("Option<inner::First>", "Option<First>"),
            ("D(::rsgrpc::prost::alloc::boxed::Box<super::Many>)", "D(super::Many)"),
            ("#[prost(int32, tag = \"1\")]", "#[prost(int32, tag = \"12\")]"),
            ("#[prost(int32, tag = \"1\")]", "#[prost(sint32, tag = \"1\")]"),
            ("enumeration = \"super::Kind\"", "enumeration = \"Kind\""),
            ("tags = \"8, 9\"", "tags = \"8\""),
            ("(Clone, Copy, PartialEq, Eq, Hash, ", "(Clone, PartialEq, Eq, Hash, "),
            ("(Clone, Copy, PartialEq, Eq, Hash, ", "(Clone, Copy, PartialEq, "),
        ],
    ),
    (
        "enums",
        &[
            ("Active = 1", "Active = 5"),
            ("fn as_str_name", "fn name"),
            ("Self::Active => \"STATUS_ACTIVE\"", "Self::Active => \"ACTIVE\""),
            ("\"STATUS_ACTIVE\" => ::core", "\"ACTIVE\" => ::core"),
            ("enumeration(self::Status)", "enumeration(self::Old)"),
            ("const NAME: &'static str = \"Holder\"", "const NAME: &'static str = \"holder\""),
            ("\"type.googleapis.com/enums.Holder\"", "\"enums.Holder\""),
            ("#[deprecated]", ""),
        ],
    ),
    ("presence", &[("packed = \"false\", ", ""), ("bytes = \"vec\"", "bytes = \"bytes\"")]),
    ("proto2", &[("default = \"-5\"", "default = \"5\""), ("required, tag = \"1\"", "optional, tag = \"1\"")]),
    ("maps", &[("HashMap<i32, ", "HashMap<i64, ")]),
];
