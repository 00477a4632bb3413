//! JSON of which some values are read and the others are passed over, whatever they are: so nothing that an error says
//! besides, such as a detail's form for people, can take its code away.

use crate::json;

/// Gives the name and the value of each member of an object, as it is written; `None` for what is no object.
pub(super) fn members<'a>(object: &'a str, mut each: impl FnMut(&str, &'a str)) -> Option<()> {
    parts(object, ['{', '}'])?.try_for_each(|member| {
        let mut place = Place::default();
        let (name, value) = member.split_once(|letter| place.is_outside_at(letter) && letter == ':')?;
        each(&text(name)?, value.trim_ascii());
        Some(())
    })
}

/// The elements of an array; `None` for what is none.
pub(super) fn elements(array: &str) -> Option<impl Iterator<Item = &str>> {
    parts(array, ['[', ']'])
}

/// The text that a string says, and what stands there if it says none, such as half of a surrogate pair; `None` for another
/// value.
pub(super) fn text(value: &str) -> Option<String> {
    let plain = inner(value, ['"', '"'])?;
    Some(json::from_str(value).unwrap_or_else(|_| plain.to_owned()))
}

/// What stands between the brackets, parted at the commas.
fn parts(value: &str, brackets: [char; 2]) -> Option<impl Iterator<Item = &str>> {
    let inner = inner(value, brackets)?.trim_ascii();
    let mut place = Place::default();
    let parts = inner.split(move |letter| place.is_outside_at(letter) && letter == ',').map(str::trim_ascii);
    Some(parts.filter(|_| !inner.is_empty()))
}

/// What stands between a bracket at the beginning and its counterpart at the end.
fn inner(value: &str, [open, close]: [char; 2]) -> Option<&str> {
    let value = value.trim_ascii();
    let mut place = Place::default();
    let end = value.find(|letter| {
        place.is_outside_at(letter);
        place.depth == 0 && !place.quoted
    });
    value.strip_prefix(open)?.strip_suffix(close).filter(|_| end == Some(value.len() - 1))
}

/// Where in a text one is.
#[derive(Default)]
struct Place {
    depth: usize,
    quoted: bool,
    escaped: bool,
}

impl Place {
    /// Goes past a letter; whether that stands outside of all brackets and quotes.
    fn is_outside_at(&mut self, letter: char) -> bool {
        match letter {
            _ if self.escaped => self.escaped = false,
            '\\' => self.escaped = self.quoted,
            '"' => self.quoted = !self.quoted,
            _ if self.quoted => {}
            '{' | '[' => self.depth += 1,
            '}' | ']' => self.depth = self.depth.saturating_sub(1),
            _ => return self.depth == 0,
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(object: &str) -> Option<Vec<(String, &str)>> {
        let mut found = Vec::new();
        members(object, |name, value| found.push((name.to_owned(), value)))?;
        Some(found)
    }

    #[test]
    fn values_are_parted_as_they_are_written() {
        let object = r#" { "a" : 1e999 ,"b,}":[{"c":"]\"}"},2], "\u0063":"\ud800","d":{"x":1,"x":2} } "#;
        let found = read(object).unwrap();
        let expected =
            [("a", "1e999"), ("b,}", r#"[{"c":"]\"}"},2]"#), ("c", r#""\ud800""#), ("d", r#"{"x":1,"x":2}"#)];
        assert_eq!(found, expected.map(|(name, value)| (name.to_owned(), value)));
        assert_eq!(elements(found[1].1).unwrap().collect::<Vec<_>>(), [r#"{"c":"]\"}"}"#, "2"]);
        assert_eq!((text(r#""\u00fc""#), text(found[2].1)), (Some("ü".to_owned()), Some("\\ud800".to_owned())));
        assert_eq!((read("{}"), read("{ }")), (Some(vec![]), Some(vec![])));
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(read(&deep).unwrap().len(), 1);
    }

    #[test]
    fn what_is_no_object() {
        for text in [
            "",
            "{",
            "}",
            "null",
            "[]",
            r#"{"a":1"#,
            r#"{"a":{}"#,
            "{}{}",
            r#"{"a":"}"#,
            "{a:1}",
            r#"{"a"}"#,
            "{,}",
            r#"{"a":1,}"#,
            "\"",
            "{]",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
        for value in ["\"", "1", r#""a" "b""#, r#""a\""#] {
            assert_eq!(text(value), None, "{value}");
        }
    }
}
