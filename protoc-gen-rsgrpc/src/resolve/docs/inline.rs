//! Text within a line: links, tags and brackets.

/// Appends a line with addresses made links, and with brackets and tags that are none escaped. Code spans stay as
/// they are.
pub(super) fn escape(text: &mut String, line: &str) {
    let mut rest = line;
    while let Some(special) = rest.find(['`', '[', '<', 'h', '\\']) {
        text.push_str(&rest[..special]);
        let (before, tail) = (rest[..special].chars().next_back(), &rest[special..]);
        rest = match tail.as_bytes()[0] {
            b'`' => code_span(text, tail),
            b'[' => bracket(text, tail),
            b'<' => angle(text, tail),
            b'h' => address(text, tail, before),
            _ => verbatim(text, tail, 1 + tail[1..].chars().next().map_or(0, char::len_utf8)),
        };
    }
    text.push_str(rest);
}

fn verbatim<'l>(text: &mut String, tail: &'l str, length: usize) -> &'l str {
    text.push_str(&tail[..length]);
    &tail[length..]
}

/// A run of backticks up to the next run of the same length.
fn code_span<'l>(text: &mut String, tail: &'l str) -> &'l str {
    let open = tail.len() - tail.trim_start_matches('`').len();
    let mut from = open;
    while let Some(next) = tail[from..].find('`') {
        let start = from + next;
        let run = tail[start..].len() - tail[start..].trim_start_matches('`').len();
        if run == open {
            return verbatim(text, tail, start + run);
        }
        from = start + run;
    }
    verbatim(text, tail, open)
}

/// A bracket stays if it begins a link to an address; rustdoc takes other links for paths of Rust.
fn bracket<'l>(text: &mut String, tail: &'l str) -> &'l str {
    if let Some(close) = tail.find(']').filter(|&close| !tail[1..close].contains(['[', '`', '\\']))
        && let Some(length) = tail[close + 1..].strip_prefix('(').and_then(destination)
    {
        return verbatim(text, tail, close + 2 + length + 1);
    }
    text.push('\\');
    verbatim(text, tail, 1)
}

/// The length of the address in front of the parenthesis that closes a link, if it is one.
fn destination(text: &str) -> Option<usize> {
    let mut open = 0_usize;
    let is_end = |character: char| {
        match character {
            '(' => open += 1,
            ')' if open > 0 => open -= 1,
            ')' => return true,
            _ => {}
        }
        character.is_whitespace() || matches!(character, '<' | '>' | '\\' | '`')
    };
    let end = text.find(is_end).filter(|&end| text[end..].starts_with(')'))?;
    is_address(&text[..end]).then_some(end)
}

/// Whether rustdoc does not look for an item of this name.
pub(super) fn is_address(link: &str) -> bool {
    link.contains(['/', '.', '#'])
}

/// An angle bracket stays if it begins an address.
fn angle<'l>(text: &mut String, tail: &'l str) -> &'l str {
    let is_address = ["<http://", "<https://", "<mailto:"].iter().any(|start| tail.starts_with(start));
    if let Some(end) = tail.find('>').filter(|_| is_address) {
        return verbatim(text, tail, end + 1);
    }
    if tail[1..].starts_with(|next: char| next.is_ascii_alphabetic() || matches!(next, '/' | '!' | '?')) {
        text.push('\\');
    }
    verbatim(text, tail, 1)
}

/// An address becomes a link, unless it stands within a word.
fn address<'l>(text: &mut String, tail: &'l str, before: Option<char>) -> &'l str {
    let is_word = before.is_some_and(char::is_alphanumeric);
    let is_address = tail.starts_with("http://") || tail.starts_with("https://");
    if is_word || !is_address {
        return verbatim(text, tail, 1);
    }
    let is_end = |character: char| character.is_whitespace() || matches!(character, ')' | '>' | '<' | '"' | '`' | ']');
    let end = tail.find(is_end).unwrap_or(tail.len());
    let end = tail[..end].trim_end_matches(['.', ',', ';', ':', '\'', '*', '_']).len();
    if tail[..end].ends_with('/') && end <= "https://".len() {
        return verbatim(text, tail, end);
    }
    text.push('<');
    text.push_str(&tail[..end]);
    text.push('>');
    &tail[end..]
}
