//! Every rule of `docs/rest.md` is named by a test that shows it, and every name is that of a rule.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// Section and number, as in `2.10`.
type Rule = (u32, u32);

/// Where tests are that may name rules.
const FOLDERS: [&str; 3] = ["tests/transcoding/cases", "tests/generator/tests", "runtime/tests"];

#[test]
fn every_rule_has_a_test() {
    let rules: BTreeSet<Rule> = read("docs/rest.md").lines().filter_map(defined).collect();
    assert!(rules.len() > 80, "{} rules", rules.len());
    let named: BTreeSet<Rule> =
        FOLDERS.iter().flat_map(|folder| files(&root(folder))).flat_map(|file| names(&file)).collect();
    let untested: Vec<_> = rules.difference(&named).collect();
    let unknown: Vec<_> = named.difference(&rules).collect();
    assert!(untested.is_empty() && unknown.is_empty(), "no test names {untested:?}; no rule is {unknown:?}");
}

/// The rules of a section are numbered through.
#[test]
fn rules_are_numbered_in_order() {
    let rules: Vec<Rule> = read("docs/rest.md").lines().filter_map(defined).collect();
    let mut last = (0, 0);
    for rule in rules {
        let next = if rule.0 == last.0 { (last.0, last.1 + 1) } else { (last.0 + 1, 1) };
        assert_eq!(rule, next);
        last = rule;
    }
}

#[test]
fn what_names_a_rule() {
    let named = |text: &str, is_cases| names_in(text, is_cases).into_iter().collect::<Vec<_>>();
    let test = "    // docs/rest.md 2.3 4.10\n    #[test]\n";
    assert_eq!(named(test, false), [(2, 3), (4, 10)]);
    // Only a comment of its own names a rule, and only one that a test follows.
    assert_eq!(named("\"// docs/rest.md 2.3\"\ncall(); // docs/rest.md 2.3\n// docs/rest.md 2.3\n", false), []);
    let cases = "source docs/rest.md 2.3\n\ngroup\nGet: GET /a\nGET /a => Get {}\nsource docs/rest.md 2.4\n# none\n";
    assert_eq!(named(cases, true), [(2, 3)]);
    assert_eq!(named("source docs/rest.md 1.1 1.2\n+ GET /a\n- GET a\n", true), [(1, 1), (1, 2)]);
    assert_eq!(defined("- **2.3** A verb is"), Some((2, 3)));
    assert_eq!(defined("as in 2.3"), None);
}

/// The rule that a line of the document begins.
fn defined(line: &str) -> Option<Rule> {
    line.strip_prefix("- **")?.split_once("** ").and_then(|(number, _)| rule(number))
}

fn rule(text: &str) -> Option<Rule> {
    let (section, number) = text.split_once('.')?;
    Some((section.parse().ok()?, number.parse().ok()?))
}

fn names(file: &Path) -> BTreeSet<Rule> {
    let is_cases = file.extension().is_some_and(|extension| extension == "cases" || extension == "txt");
    names_in(&fs::read_to_string(file).unwrap(), is_cases)
}

/// The rules that a text names before what shows them: in Rust any line of code, among cases a case.
fn names_in(text: &str, is_cases: bool) -> BTreeSet<Rule> {
    let mark = if is_cases { "source docs/rest.md " } else { "// docs/rest.md " };
    let shows = |line: &str| match is_cases {
        true => line.contains(" =>") || line.starts_with(['+', '-']),
        false => !line.is_empty() && !line.starts_with("//"),
    };
    let (mut open, mut shown) = (Vec::new(), BTreeSet::new());
    for line in text.lines().map(str::trim) {
        if let Some(numbers) = line.strip_prefix(mark) {
            if is_cases {
                open.clear();
            }
            open.extend(numbers.split(' ').map(|number| rule(number).unwrap_or((0, 0))));
        } else if shows(line) {
            shown.extend(open.drain(..));
        }
    }
    shown
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    paths
        .flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] })
        .filter(|path| is_of_tests(path))
        .collect()
}

fn is_of_tests(path: &Path) -> bool {
    path.extension().is_some_and(|extension| ["rs", "cases", "txt"].iter().any(|known| extension == *known))
}

fn root(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}

fn read(path: &str) -> String {
    fs::read_to_string(root(path)).unwrap()
}
