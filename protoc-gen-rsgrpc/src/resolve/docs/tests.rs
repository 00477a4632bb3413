//! What rustdoc makes of the documentation.

use pulldown_cmark::{BrokenLink, CodeBlockKind, Event, Options, Parser, Tag};

use super::markdown;

#[test]
fn a_fence_ends_with_what_it_stands_in() {
    for comment in [
        "- ```\nfoo();\n```\n```\n",
        "1. one\n   ~~~\n   x\n2. two\n   ~~~\n   y\n   ~~~",
        "> ```\n> a\n\nand\n```\nx\n```",
        "1. Call it:\n   ```\n   a.b()\n\nThen this:\n\n```\nx.y()\n```",
    ] {
        assert_no_rust(comment, "");
    }
}

#[test]
fn code_stays_where_it_stands() {
    for (comment, expected) in [
        ("a\n\n    code\n\n      more\nb", "a\n\n```text\ncode\n\n  more\n```\nb"),
        ("- a\n\n      code\n\nb", "- a\n\n  ```text\n  code\n  ```\n\nb"),
        ("> a\n>\n>     [code]\n>\n>     x", "> a\n>\n> ```text\n> [code]\n>\n> x\n> ```"),
        ("-     [code]", "- \\[code]"),
        ("```json\n[<a>]\n```\n[x]", "```json\n[<a>]\n```\n\\[x]"),
        ("```rust,no_run\nx\n```", "```text\nx\n```"),
        ("```Compile-Fail\nx", "```text\nx\n```"),
        ("family 👨\u{200d}👩", "family 👨\u{200d}👩"),
        ("a\rb\u{c}\u{202e}c", "a b c"),
    ] {
        assert_eq!(markdown(comment, "").join("\n"), expected, "{comment:?}");
        assert_no_rust(comment, "");
    }
    for (comment, expected) in [
        ("[a](b/c(d)) [e](#f)", "[a](b/c(d)) [e](#f)"),
        ("[a](b \"c) [!](x) [a](b/c(d) [](", "\\[a](b \"c) \\[!](x) \\[a](b/c(d) \\[]("),
    ] {
        assert_eq!(markdown(comment, "").join("\n"), expected, "{comment:?}");
    }
    assert_eq!(markdown("```\nopen", "behind"), ["```text", "open", "```", "", "behind"]);
}

/// Comments out of all that begins, ends, contains or hides a block of code, a link or a tag.
#[test]
fn no_comment_holds_a_test_or_a_link_or_a_tag() {
    const PARTS: &[&str] = &[
        "```",
        "```",
        "````",
        "~~~",
        "~~~~",
        "``",
        "`",
        "```rust",
        "```json",
        "~~~ no_run",
        "``` a b",
        "    ",
        "     ",
        "  ",
        " ",
        "   ",
        "\t",
        "\t",
        "> ",
        ">",
        "- ",
        "* ",
        "+ ",
        "-",
        "1. ",
        "10. ",
        "1)",
        "- [ ] ",
        "code();",
        "text",
        "# head",
        "#",
        "---",
        "===",
        "***",
        "|a|b|",
        "|---|---|",
        "[^1]: ",
        "[^1]",
        "[x]: http://y",
        "[",
        "](",
        "](x)",
        "](a/b \"c\")",
        "](a/b(c)",
        ")",
        "[a](http://x/y)",
        "[a]: b",
        "[`a`][b]",
        "<!--",
        "-->",
        "<pre>",
        "</pre>",
        "<script>",
        "<b>",
        "\\",
        "&#96;",
        "$$",
        ":::",
        "\u{c}",
        "\u{a0}",
        "\u{3000}",
        "\r",
        "http://x.y",
        "\\`",
        "{.rust}",
        "//!",
        "é",
        "\u{200d}",
    ];
    let mut random = Random(0x2545_f491_4f6c_dd1d);
    for _ in 0..4_000 {
        let mut comment = || -> String {
            let lines = random.below(10);
            let mut text = String::new();
            for _ in 0..lines {
                (0..random.below(5)).for_each(|_| text.push_str(PARTS[random.below(PARTS.len())]));
                text.push('\n');
            }
            text
        };
        let (leading, trailing) = (comment(), comment());
        assert_no_rust(&leading, "");
        assert_no_rust(&leading, &trailing);
    }
}

fn assert_no_rust(leading: &str, trailing: &str) {
    let lines = markdown(leading, trailing);
    let seen = unindented(&lines);
    for options in [Options::empty(), rustdoc_options()] {
        for event in Parser::new_ext(&seen, options) {
            let is_wrong = match &event {
                Event::Start(Tag::CodeBlock(CodeBlockKind::Indented)) => true,
                Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) => is_rust(info),
                Event::Start(Tag::Link { dest_url, .. }) => is_rust_path(dest_url),
                Event::Html(_) | Event::InlineHtml(_) => true,
                _ => false,
            };
            assert!(!is_wrong, "{leading:?}, {trailing:?}: {event:?} in\n{seen}");
        }
        let mut unresolved = None;
        let note = |link: BrokenLink<'_>| {
            if is_rust_path(&link.reference) {
                unresolved = Some(link.reference.to_string());
            }
            None
        };
        Parser::new_with_broken_link_callback(&seen, options, Some(note)).for_each(drop);
        assert_eq!(unresolved, None, "{leading:?}, {trailing:?}: in\n{seen}");
    }
}

/// Whether rustdoc looks for an item of this name.
fn is_rust_path(link: &str) -> bool {
    let is_allowed = |character: char| character.is_alphanumeric() || ":_<>, !*&;@()".contains(character);
    !link.contains('/') && !link.starts_with('#') && link.chars().all(is_allowed)
}

/// The text that rustdoc makes of the lines as they are emitted: less the white space that all have in front.
fn unindented(lines: &[String]) -> String {
    let emitted: Vec<_> =
        lines.iter().map(|line| if line.is_empty() { String::new() } else { format!(" {line}") }).collect();
    let is_blank = |line: &&String| line.chars().all(char::is_whitespace);
    let indent = |line: &String| line.chars().take_while(|character| matches!(character, ' ' | '\t')).count();
    let margin = emitted.iter().filter(|line| !is_blank(line)).map(indent).min().unwrap_or_default();
    let cut = |line: &String| line.get(margin..).unwrap_or_default().to_owned();
    emitted.iter().map(cut).collect::<Vec<_>>().join("\n")
}

fn rustdoc_options() -> Options {
    Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_SMART_PUNCTUATION
}

/// A block is a test unless one of its words is of no meaning to rustdoc and none says that it is Rust.
fn is_rust(info: &str) -> bool {
    let known = |word: &str| {
        let is_flag = matches!(
            word,
            "rust" | "should_panic" | "no_run" | "test_harness" | "compile_fail" | "standalone_crate" | "custom"
        );
        is_flag
            || word.starts_with("ignore")
            || word.starts_with("edition")
            || (word.len() == 5 && word.starts_with('E'))
    };
    let words: Vec<_> = info.split([',', ' ', '\t']).filter(|word| !word.is_empty()).collect();
    words.iter().any(|word| known(word)) || words.iter().all(|word| word.starts_with(['{', '(', '.']))
}

/// xorshift: the same comments on every run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap_or_default() % limit
    }
}
