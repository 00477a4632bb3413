//! Code blocks: every one becomes a fenced block of text.

use super::{escape, indent};

/// White space in front from which Markdown takes a line for code.
const CODE_INDENT: usize = 4;

/// What the lines so far have left open.
#[derive(Default)]
pub(super) struct Blocks {
    open: Open,
    /// Whether the last line was part of a paragraph or list, which an indented line continues.
    in_paragraph: bool,
    /// Blank lines that belong to an indented block if it goes on.
    blank_lines: usize,
}

#[derive(Default)]
enum Open {
    #[default]
    None,
    /// The fence that the comment opened.
    Fence(String),
    /// An indented block.
    Indented,
}

impl Blocks {
    pub(super) fn push(&mut self, lines: &mut Vec<String>, line: &str) {
        match &self.open {
            Open::Fence(fence) if closes(line, fence) => {
                lines.push(line.to_owned());
                self.open = Open::None;
                self.in_paragraph = false;
            }
            Open::Fence(_) => lines.push(line.to_owned()),
            Open::Indented => self.push_after_indented(lines, line),
            Open::None => self.push_text(lines, line),
        }
    }

    pub(super) fn finish(&mut self, lines: &mut Vec<String>) {
        match &self.open {
            Open::Fence(fence) => lines.push(fence.clone()),
            Open::Indented => lines.push("```".to_owned()),
            Open::None => {}
        }
        self.open = Open::None;
    }

    fn push_after_indented(&mut self, lines: &mut Vec<String>, line: &str) {
        if line.is_empty() {
            self.blank_lines += 1;
            return;
        }
        let goes_on = indent(line) >= CODE_INDENT;
        if !goes_on {
            self.finish(lines);
        }
        lines.extend((0..std::mem::take(&mut self.blank_lines)).map(|_| String::new()));
        if goes_on {
            lines.push(line[CODE_INDENT..].to_owned());
        } else {
            self.push_text(lines, line);
        }
    }

    fn push_text(&mut self, lines: &mut Vec<String>, line: &str) {
        let (container, text) = split_container(line);
        if let Some((fence, info)) = opening_fence(text) {
            let language = if is_foreign(info) { info } else { "text" };
            lines.push(format!("{container}{fence}{language}"));
            self.open = Open::Fence(fence.to_owned());
        } else if indent(line) >= CODE_INDENT && !self.in_paragraph {
            lines.push("```text".to_owned());
            lines.push(line[CODE_INDENT..].to_owned());
            self.open = Open::Indented;
        } else {
            lines.push(format!("{container}{}", escape(text)));
            self.in_paragraph = !text.is_empty() && !text.starts_with('#') && !is_rule(text);
        }
    }
}

/// Splits off white space, quote marks and list marks; more than one space behind a mark would make code of the rest.
fn split_container(line: &str) -> (String, &str) {
    let text = line.trim_start();
    let mut container = " ".repeat((line.len() - text.len()).min(CODE_INDENT * 3));
    let mut rest = text;
    while let Some(length) = mark(rest) {
        container.push_str(&rest[..length]);
        container.push(' ');
        rest = rest[length..].trim_start();
    }
    (container, rest)
}

/// The length of a quote mark or list mark.
fn mark(text: &str) -> Option<usize> {
    if text.starts_with('>') {
        return Some(1);
    }
    let digits = text.bytes().take(9).take_while(u8::is_ascii_digit).count();
    let length = match text.as_bytes().get(digits)? {
        b'-' | b'*' | b'+' if digits == 0 => 1,
        b'.' | b')' if digits > 0 => digits + 1,
        _ => return None,
    };
    text[length..].starts_with(' ').then_some(length)
}

/// The fence and what stands behind it.
fn opening_fence(text: &str) -> Option<(&str, &str)> {
    let mark = text.chars().next().filter(|mark| matches!(mark, '`' | '~'))?;
    let info = text.trim_start_matches(mark);
    let fence = &text[..text.len() - info.len()];
    let is_fence = fence.len() >= 3 && !(mark == '`' && info.contains('`'));
    is_fence.then_some((fence, info.trim()))
}

fn closes(line: &str, fence: &str) -> bool {
    let (_, text) = split_container(line);
    text.starts_with(fence) && text.chars().all(|character| fence.starts_with(character))
}

/// Whether rustdoc takes a block with this language for something other than Rust.
fn is_foreign(info: &str) -> bool {
    const RUST: &[&str] = &["rust", "ignore", "compile_fail", "no_run", "should_panic", "test_harness", "custom"];
    let is_word = info.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'_'));
    let is_error = info.len() == 5 && info.starts_with('E');
    let is_rust = RUST.iter().any(|word| info.starts_with(word)) || info.starts_with("edition") || is_error;
    !info.is_empty() && is_word && !is_rust
}

/// A line of nothing but marks.
fn is_rule(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b'-' | b'*' | b'_' | b'=' | b' '))
}
