//! Code blocks, found with the parser that rustdoc finds them with.
//!
//! Where a block begins and ends depends on all that stands around it (lists, quotes, other blocks), so nothing less
//! than a parser can tell.

use std::iter;
use std::ops::Range;

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

use super::inline::escape;
use super::settle::settled;

/// White space in front from which Markdown takes a line for code.
const INDENT: usize = 4;

/// How often blocks are marked anew: marking one may change where others begin.
const ROUNDS: usize = 16;

/// The text with its prose escaped and no block of code that rustdoc would run.
pub(super) fn without_rust(text: &str) -> String {
    let code = if may_hold_code(text) { code_lines(text) } else { Vec::new() };
    let is_code = |index: usize| code.iter().any(|lines| lines.contains(&index));
    let mut escaped = String::with_capacity(text.len() + 16);
    for (index, line) in text.split('\n').enumerate() {
        if index > 0 {
            escaped.push('\n');
        }
        if is_code(index) {
            escaped.push_str(line);
        } else {
            escape(&mut escaped, line);
        }
    }
    mark(closed(settled(escaped)))
}

/// Marks every block that rustdoc would run as text.
pub(super) fn mark(mut text: String) -> String {
    if !may_hold_code(&text) {
        return text;
    }
    for _ in 0..ROUNDS {
        let rust = dialects().map(|dialect| rust_blocks(&text, dialect)).find(|blocks| !blocks.is_empty());
        let Some(blocks) = rust else { return text };
        let edits: Vec<_> = blocks.iter().flat_map(|block| block.edits(&text)).collect();
        // From the end, so that what is still to be edited stays where it is.
        edits.into_iter().rev().for_each(|(range, new)| text.replace_range(range, &new));
    }
    enclosed(&text)
}

/// A block of code.
struct Block {
    range: Range<usize>,
    /// What stands behind the fence; `None` for an indented block.
    info: Option<String>,
    /// Where the code begins in each of its lines.
    content: Vec<usize>,
}

impl Block {
    fn is_rust(&self) -> bool {
        self.info.as_ref().is_none_or(|info| !is_foreign(info))
    }

    /// What to put where, so that rustdoc takes it for text.
    fn edits(&self, text: &str) -> Vec<(Range<usize>, String)> {
        if self.info.is_some() {
            let opening = line_at(text, self.range.start);
            let info = self.range.start + fence(&text[self.range.start..opening.end]).len();
            return vec![(info..opening.end, "text".to_owned())];
        }
        let lines = || self.content.iter().map(|&start| (line_at(text, start), start));
        let Some((first, start)) = lines().next() else { return Vec::new() };
        let container = &text[first.start..start];
        if container.len() >= INDENT && container.bytes().all(|byte| matches!(byte, b' ' | b'>')) {
            let container = &container[..container.len() - INDENT];
            let mut edits: Vec<_> =
                lines().map(|(line, start)| (line.clone(), unindented(container, &text[start..line.end]))).collect();
            edits.insert(0, (first.start..first.start, format!("{container}```text\n")));
            edits.extend(lines().next_back().map(|(line, _)| (line.end..line.end, format!("\n{container}```"))));
            return edits;
        }
        // Right behind the mark of a list no fence could stand before the code: it becomes prose.
        let prose = |(line, start): (Range<usize>, usize)| {
            let mark = text[line.start..start].trim_end();
            let space = if mark.is_empty() { "" } else { " " };
            let mut escaped = String::new();
            escape(&mut escaped, text[start..line.end].trim_start());
            (line.clone(), unindented(&format!("{mark}{space}"), &escaped))
        };
        lines().map(prose).collect()
    }
}

fn unindented(container: &str, code: &str) -> String {
    format!("{container}{code}").trim_end().to_owned()
}

/// The ways in which rustdoc has read Markdown over time: with these extensions, and without any.
pub(super) fn dialects() -> impl Iterator<Item = Options> {
    let extensions = Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_SMART_PUNCTUATION;
    [extensions, Options::empty()].into_iter()
}

fn rust_blocks(text: &str, dialect: Options) -> Vec<Block> {
    blocks(text, dialect).into_iter().filter(Block::is_rust).collect()
}

fn blocks(text: &str, dialect: Options) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    for (event, range) in Parser::new_ext(text, dialect).into_offset_iter() {
        match (event, &mut open) {
            (Event::Start(Tag::CodeBlock(kind)), _) => {
                let info = match kind {
                    CodeBlockKind::Fenced(info) => Some(info.to_string()),
                    CodeBlockKind::Indented => None,
                };
                open = Some(Block { range, info, content: Vec::new() });
            }
            (Event::Text(_), Some(block)) => {
                // A line may come in several pieces.
                let is_new = block.content.last().is_none_or(|&last| text[last..range.start.max(last)].contains('\n'));
                block.content.extend(is_new.then_some(range.start));
            }
            (Event::End(TagEnd::CodeBlock), _) => blocks.extend(open.take()),
            _ => {}
        }
    }
    blocks
}

/// The lines that are code. Brackets count as plain characters here, because in prose they will be escaped.
fn code_lines(text: &str) -> Vec<Range<usize>> {
    let plain = text.replace(['<', '['], "(");
    let line_of = |at: usize| plain[..at].matches('\n').count();
    let lines = |block: Block| {
        let end = plain[block.range.clone()].trim_end().len() + block.range.start;
        line_of(block.range.start)..line_of(end) + 1
    };
    dialects().take(1).flat_map(|dialect| blocks(&plain, dialect)).map(lines).collect()
}

/// The text with an end for the fence that it leaves open.
fn closed(text: String) -> String {
    if !may_hold_code(&text) {
        return text;
    }
    let longer = format!("{text}\n\nend");
    let swallowed =
        dialects().flat_map(|dialect| blocks(&longer, dialect)).find(|block| block.range.end > text.len() + 2);
    match swallowed {
        Some(block) => {
            let fence = fence(&text[block.range.start..]);
            format!("{text}\n{fence}")
        }
        None => text,
    }
}

/// The whole as one block of text: what Markdown is never found to settle.
pub(super) fn enclosed(text: &str) -> String {
    let longest = text.split(|character| character != '`').map(str::len).max().unwrap_or_default();
    let fence: String = iter::repeat_n('`', 3.max(longest + 1)).collect();
    format!("{fence}text\n{text}\n{fence}")
}

/// A cheap look: without three backticks or tildes or four spaces in a row there is no code block.
fn may_hold_code(text: &str) -> bool {
    let (mut previous, mut run) = (0, 0);
    text.bytes().any(|byte| {
        run = if byte == previous { run + 1 } else { 1 };
        previous = byte;
        match byte {
            b'`' | b'~' => run == 3,
            b' ' => run == INDENT,
            _ => false,
        }
    })
}

/// The line around a place, without its end.
fn line_at(text: &str, at: usize) -> Range<usize> {
    let start = text[..at].rfind('\n').map_or(0, |end| end + 1);
    let end = text[at..].find('\n').map_or(text.len(), |end| at + end);
    start..end
}

/// The fence at the start of a line.
fn fence(line: &str) -> &str {
    let rest = line.trim_start_matches(line.chars().next().unwrap_or_default());
    &line[..line.len() - rest.len()]
}

/// Whether rustdoc takes a block with this language for something other than Rust, and without a warning.
fn is_foreign(info: &str) -> bool {
    const RUST: &[&str] =
        &["rust", "ignore", "compilefail", "norun", "shouldpanic", "testharness", "custom", "standalone", "edition"];
    let is_word = info.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'_'));
    let plain = info.replace(['-', '_'], "").to_ascii_lowercase();
    let is_error = info.len() == 5 && info.starts_with('E');
    !info.is_empty() && is_word && !is_error && !RUST.iter().any(|word| plain.starts_with(word))
}
