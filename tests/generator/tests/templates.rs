//! The rules that the tests of other transcoders have, and some of our own, and what becomes of them here:
//! `tests/transcoding/cases/templates.txt`.

use std::fmt::Write as _;
use std::fs;

use generator_tests::{Outcome, descriptor_set, folder};
use protoc_gen_rsgrpc::{Options, Request, generate};

/// One line: `+ VERB path key=value…`, or `-`.
struct Rule {
    line: usize,
    is_valid: bool,
    verb: String,
    path: String,
    rest: Vec<(String, String)>,
    up: &'static str,
}

#[test]
fn the_rules_of_others_are_taken_or_refused() -> Outcome {
    let text = fs::read_to_string(folder("transcoding").join("cases/templates.txt"))?;
    let rules: Vec<Rule> = (1..).zip(text.lines()).filter_map(rule).collect();
    assert!(rules.len() > 150, "{} rules", rules.len());
    let (valid, invalid): (Vec<_>, Vec<_>) = rules.iter().partition(|rule| rule.is_valid);
    assert_eq!(mistakes(&valid)?, "", "these should be fine");
    let mistakes = mistakes(&invalid)?;
    let told = |rule: &&&Rule| mistakes.contains(&format!("HTTP rule of rpc `Line{}`", rule.line));
    let missed: Vec<_> = invalid.iter().filter(|rule| !told(rule)).map(|rule| (rule.line, &rule.path)).collect();
    assert!(missed.is_empty(), "these should be refused: {missed:#?}");
    Ok(())
}

fn rule((line, text): (usize, &str)) -> Option<Rule> {
    let is_valid = text.starts_with('+');
    let text = text.strip_prefix(['+', '-'])?.trim_start();
    let (verb, mut path) = text.split_once(' ').unwrap_or((text, ""));
    let mut rest = Vec::new();
    let mut up = "";
    while let Some((before, word)) = path.rsplit_once(' ').or_else(|| path.contains("body=").then_some(("", path))) {
        match word.split_once('=') {
            Some((key @ ("body" | "response_body"), value)) => rest.push((key.to_owned(), value.to_owned())),
            _ if word == "up" => up = "stream ",
            // A space in the path.
            _ => break,
        }
        path = before;
    }
    Some(Rule { line, is_valid, verb: verb.to_owned(), path: path.to_owned(), rest, up })
}

/// What the generator says about these rules, each in a service of its own, in one run.
fn mistakes(rules: &[&Rule]) -> Outcome<String> {
    let root = tempfile::tempdir()?;
    let files = ["everything.proto".to_owned(), "rules.proto".to_owned()];
    fs::copy(folder("transcoding").join("proto/everything.proto"), root.path().join(&files[0]))?;
    let mut proto = "syntax = \"proto3\";\npackage transcoding;\nimport \"everything.proto\";\n\
                     import \"google/api/annotations.proto\";\n"
        .to_owned();
    for Rule { line, verb, path, rest, up, .. } in rules {
        let pattern = match &**verb {
            "GET" | "PUT" | "POST" | "DELETE" | "PATCH" => format!("{}: {path:?}", verb.to_lowercase()),
            "NONE" => String::new(),
            kind => format!("custom {{ kind: {kind:?} path: {path:?} }}"),
        };
        let rest: String = rest.iter().map(|(key, value)| format!(" {key}: {value:?}")).collect();
        writeln!(proto, "service Service{line} {{ rpc Line{line}({up}Everything) returns (Everything) {{")?;
        writeln!(proto, "  option (google.api.http) = {{ {pattern}{rest} }};\n}} }}")?;
    }
    fs::write(root.path().join(&files[1]), proto)?;
    let request = Request::from_descriptor_set(&descriptor_set(root.path(), &files)?, &files)?;
    Ok(generate(&request, &Options::default()).err().map(|mistakes| mistakes.to_string()).unwrap_or_default())
}
