//! Rust documentation from proto comments.
//!
//! Comments are prose of other people with code of other languages. rustdoc would run every code block it takes for
//! Rust, and warn of links and tags that are none, so code is marked as text and the rest escaped.

mod code;
mod inline;
mod settle;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

/// The lines of the comment before an element and of the one behind it.
pub(super) fn markdown(leading: &str, trailing: &str) -> Vec<String> {
    let comments = [leading, trailing].map(text).into_iter().filter(|text| !text.is_empty());
    let mut comments = comments.map(|text| code::without_rust(&text));
    let markdown = match (comments.next(), comments.next()) {
        (None, _) => return Vec::new(),
        (Some(only), None) => only,
        (Some(leading), Some(trailing)) => code::mark(leading + "\n\n" + &trailing),
    };
    markdown.split('\n').map(str::to_owned).collect()
}

/// The comment without its margin, without tabs, and without what may not stand in a line of documentation.
///
/// One of its lines begins without white space: so there is nothing that rustdoc takes off by itself.
fn text(comment: &str) -> String {
    let lines: Vec<_> = comment.lines().map(plain).collect();
    let margin = lines.iter().filter(|line| !line.is_empty()).map(|line| indent(line)).min().unwrap_or_default();
    let lines: Vec<_> = lines.iter().map(|line| line.get(margin..).unwrap_or_default()).collect();
    lines.join("\n").trim_matches('\n').to_owned()
}

fn plain(line: &str) -> Cow<'_, str> {
    if line.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return line.trim_end().into();
    }
    let line = line.replace('\t', "    ").replace(is_bidirectional, "").replace(char::is_control, " ");
    line.trim_end().to_owned().into()
}

/// Characters that make text look as what it is not, which rustc refuses in comments.
fn is_bidirectional(character: char) -> bool {
    matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The width of the white space in front.
fn indent(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}
