//! Rust documentation from proto comments.
//!
//! Comments are prose of other people with code of other languages. rustdoc would run every code block it takes for
//! Rust, and warn of links and tags that are none, so code is marked as text and the rest escaped.

mod code;
mod inline;

use code::Blocks;
use inline::escape;

/// The lines of the comment before an element and of the one behind it.
pub(super) fn markdown(leading: &str, trailing: &str) -> Vec<String> {
    let mut lines = Vec::new();
    for comment in [leading, trailing] {
        if comment.trim().is_empty() {
            continue;
        }
        if !lines.is_empty() {
            lines.push(String::new());
        }
        append(&mut lines, comment);
    }
    lines
}

fn append(lines: &mut Vec<String>, comment: &str) {
    let margin = comment.lines().filter(|line| !line.trim().is_empty()).map(indent).min().unwrap_or_default();
    let mut blocks = Blocks::default();
    for line in comment.trim_end().lines().skip_while(|line| line.trim().is_empty()) {
        let line = line.trim_end().replace('\t', "    ");
        blocks.push(lines, line.get(margin..).unwrap_or_default());
    }
    blocks.finish(lines);
}

/// The width of the white space in front.
fn indent(line: &str) -> usize {
    line.bytes().take_while(u8::is_ascii_whitespace).map(|byte| if byte == b'\t' { 4 } else { 1 }).sum()
}
