//! The grammar of path templates.
//!
//! ```text
//! Template = "/" Segments [ ":" LITERAL ]     Segments = Segment { "/" Segment }
//! Segment  = "*" | "**" | LITERAL | "{" FieldPath [ "=" Segments ] "}"     FieldPath = IDENT { "." IDENT }
//! ```

use super::Mistake;
use crate::model::{Segment, Template, Variable};

/// Parses a template by its grammar, which does not say all: see [`check_rest`].
pub(super) fn parse(text: &str) -> Result<Template, Mistake> {
    let mut parser = Parser { text, at: 0, segments: Vec::new(), variables: Vec::new() };
    let verb = parser.template()?;
    Ok(Template { text: text.to_owned(), segments: parser.segments, verb, variables: parser.variables })
}

/// At most one `**`, and behind it only literals.
pub(super) fn check_rest(template: &Template) -> Result<(), Mistake> {
    let rest = template.segments.iter().position(|segment| *segment == Segment::Rest);
    let behind = rest.map_or(&[][..], |rest| &template.segments[rest + 1..]);
    if behind.iter().all(|segment| matches!(segment, Segment::Literal(_))) {
        return Ok(());
    }
    Err(Mistake::new(
        format!("in `{}` a wildcard stands behind `**`", template.text),
        "use `**` once, with nothing but literals behind it",
    ))
}

fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)
}

struct Parser<'t> {
    text: &'t str,
    /// What is consumed, in bytes.
    at: usize,
    segments: Vec<Segment>,
    variables: Vec<Variable>,
}

impl<'t> Parser<'t> {
    /// Gives the verb.
    fn template(&mut self) -> Result<String, Mistake> {
        if !self.eat('/') {
            return Err(self.mistake("begin it with a slash"));
        }
        self.segments(true)?;
        let verb = if self.eat(':') { self.literal()? } else { String::new() };
        if self.at < self.text.len() {
            return Err(self.mistake("remove the rest"));
        }
        Ok(verb)
    }

    fn segments(&mut self, may_bind: bool) -> Result<(), Mistake> {
        loop {
            self.segment(may_bind)?;
            if !self.eat('/') {
                return Ok(());
            }
        }
    }

    fn segment(&mut self, may_bind: bool) -> Result<(), Mistake> {
        if self.peek() == Some('{') {
            if !may_bind {
                return Err(self.mistake("write literals, `*` or `**` in a variable"));
            }
            return self.variable();
        }
        let segment = match (self.eat('*'), self.eat('*')) {
            (true, true) => Segment::Rest,
            (true, false) => Segment::Wildcard,
            _ => Segment::Literal(self.literal()?),
        };
        self.segments.push(segment);
        match self.peek() {
            None | Some('/' | ':' | '}') => Ok(()),
            Some(_) => Err(self.mistake("write one literal, one `*`, one `**` or one variable between slashes")),
        }
    }

    fn variable(&mut self) -> Result<(), Mistake> {
        self.eat('{');
        let field = self.field_path()?;
        let start = self.segments.len();
        if self.eat('=') {
            self.segments(false)?;
        } else {
            self.segments.push(Segment::Wildcard);
        }
        if !self.eat('}') {
            return Err(self.mistake("close the variable with `}`"));
        }
        let end = self.segments.len();
        self.variables.push(Variable { field, start, end });
        match self.peek() {
            None | Some('/' | ':') => Ok(()),
            Some(_) => Err(self.mistake("put a slash behind the variable")),
        }
    }

    fn field_path(&mut self) -> Result<Vec<String>, Mistake> {
        let mut names = Vec::new();
        loop {
            let name = self.take_while(|byte| byte == b'_' || byte.is_ascii_alphanumeric());
            if name.is_empty() || name.starts_with(|first: char| first.is_ascii_digit()) {
                return Err(self.mistake("write the name of a field"));
            }
            names.push(name.to_owned());
            if !self.eat('.') {
                return Ok(names);
            }
        }
    }

    /// One or more characters that a path segment may have (RFC 3986, section 3.3), without those of the grammar, in the one
    /// spelling that equal ones have (6.2.2): unreserved characters as they are, all escapes in capitals.
    fn literal(&mut self) -> Result<String, Mistake> {
        let mut literal = String::new();
        loop {
            let plain = self.take_while(|byte| is_unreserved(byte) || b"!$&'()+,;=@".contains(&byte));
            literal.push_str(plain);
            if self.peek() != Some('%') {
                break;
            }
            let digits = self.text.get(self.at + 1..self.at + 3).filter(|digits| !digits.starts_with('+'));
            let Some(byte) = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) else {
                return Err(self.mistake("write two hexadecimal digits behind the `%`"));
            };
            match is_unreserved(byte) {
                true => literal.push(char::from(byte)),
                false => literal.push_str(&format!("%{byte:02X}")),
            }
            self.at += 3;
        }
        if literal.is_empty() {
            return Err(self.mistake("write a segment here, with special characters percent-encoded"));
        }
        Ok(literal)
    }

    fn take_while(&mut self, accept: impl Fn(u8) -> bool) -> &'t str {
        let start = self.at;
        let length = self.text.as_bytes()[start..].iter().take_while(|&&byte| accept(byte)).count();
        self.at += length;
        &self.text[start..self.at]
    }

    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    fn eat(&mut self, character: char) -> bool {
        let found = self.peek() == Some(character);
        if found {
            self.at += character.len_utf8();
        }
        found
    }

    /// A mistake at the character that comes next.
    fn mistake(&self, mend: &str) -> Mistake {
        let place = match self.peek() {
            Some(character) => format!("at `{character}` (character {})", self.text[..self.at].chars().count() + 1),
            None => "at its end".to_owned(),
        };
        Mistake::new(format!("the path `{}` cannot be read {place}", self.text), mend)
    }
}
