//! Brackets and tags that line by line look as if they were code.
//!
//! Spans of code may go from one line to the next, so where one is left open on its line only a parser can tell.

use std::cell::RefCell;
use std::collections::BTreeSet;

use pulldown_cmark::{BrokenLink, Event, LinkType, Options, Parser, Tag};

use super::code::{dialects, enclosed};
use super::inline::is_address;

/// How often the text is looked at again: a new escape may move where code begins.
const ROUNDS: usize = 16;

/// The text without links and tags that rustdoc would warn of.
pub(super) fn settled(mut text: String) -> String {
    if !text.contains(['[', '<']) || !text.lines().any(leaves_code_open) {
        return text;
    }
    for _ in 0..ROUNDS {
        let found: BTreeSet<usize> = dialects().flat_map(|dialect| mistaken(&text, dialect)).collect();
        if found.is_empty() {
            return text;
        }
        found.into_iter().rev().for_each(|at| text.insert(at, '\\'));
    }
    enclosed(&text)
}

/// Whether a backtick of the line has no partner in it.
fn leaves_code_open(line: &str) -> bool {
    let mut rest = line;
    while let Some(at) = rest.find('`') {
        let tail = &rest[at..];
        let run = tail.len() - tail.trim_start_matches('`').len();
        let is_run = |at: &usize| {
            let found = &tail[*at..];
            found.len() - found.trim_start_matches('`').len() == run && !tail[..*at].ends_with('`')
        };
        let partner = tail.match_indices('`').map(|(at, _)| at).filter(|&at| at >= run).find(is_run);
        let Some(partner) = partner else { return true };
        rest = &tail[partner + run..];
    }
    false
}

/// Where there is a bracket or tag to escape.
fn mistaken(text: &str, dialect: Options) -> Vec<usize> {
    let unresolved = RefCell::new(Vec::new());
    let note = |link: BrokenLink<'_>| {
        unresolved.borrow_mut().push(link.span.start);
        None
    };
    let mut found = Vec::new();
    for (event, range) in Parser::new_with_broken_link_callback(text, dialect, Some(note)).into_offset_iter() {
        match event {
            Event::Html(_) | Event::InlineHtml(_) => {
                found.extend(text[range.clone()].find('<').map(|at| range.start + at))
            }
            Event::Start(Tag::Link { link_type, dest_url, .. }) => {
                let is_right = matches!(link_type, LinkType::Autolink | LinkType::Email) || is_address(&dest_url);
                found.extend((!is_right).then_some(range.start));
            }
            _ => {}
        }
    }
    found.extend(unresolved.into_inner());
    found
}
