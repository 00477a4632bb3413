//! The query of a request, and what it sets.

use std::{borrow::Cow, collections::HashSet};

use super::percent::{Piece, decode};
use crate::json::{Bound, Json, Options, Step, set_parameter};

/// What bounds a query.
#[derive(Debug, Clone)]
pub(super) struct Limits {
    pub(super) parameters: usize,
    pub(super) levels: usize,
}

/// Sets the fields that the parameters name. The error says which parameter cannot be read, and why.
pub(super) fn bind(
    query: &str,
    message: &mut dyn Json,
    bound: Bound<'_>,
    limits: &Limits,
    options: &Options,
) -> Result<(), String> {
    let mut once = HashSet::new();
    for (index, pair) in query.split('&').filter(|pair| !pair.is_empty()).enumerate() {
        if index >= limits.parameters {
            return Err(format!("the query has more than {} parameters", limits.parameters));
        }
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        let key = decode(key, Piece::Parameter).map_err(|error| format!("the name of a parameter: {error}"))?;
        let wrong = |error: &dyn std::fmt::Display| format!("the parameter `{}`: {error}", shortened(&key));
        let value = decode(value, Piece::Parameter).map_err(|error| wrong(&error))?;
        let steps = steps(&key, limits.levels).map_err(|error| wrong(&error))?;
        let trail = set_parameter(message, &steps, &value, options, bound).map_err(|error| wrong(&error.message()))?;
        if trail.is_some_and(|trail| !once.insert(trail)) {
            return Err(wrong(&"it is given twice, and the field is not repeated"));
        }
    }
    Ok(())
}

/// The steps that a key names: `a.b[key].c`.
fn steps(key: &str, levels: usize) -> Result<Vec<Step<'_>>, String> {
    let mut steps = Vec::new();
    let mut rest = key;
    loop {
        let end = rest.find(['.', '[']).unwrap_or(rest.len());
        let (name, behind) = rest.split_at(end);
        steps.push(Step::Field(name));
        rest = behind;
        if let Some(entry) = rest.strip_prefix('[') {
            let (key, behind) = entry_key(entry).ok_or("a `[` has no `]` that ends the key")?;
            steps.push(Step::Key(key));
            rest = behind;
        }
        if steps.len() > levels {
            return Err(format!("it names a field more than {levels} levels deep"));
        }
        match rest.strip_prefix('.') {
            Some(behind) => rest = behind,
            None => return Ok(steps),
        }
    }
}

/// The key of a map up to the bracket that ends it: one that ends the parameter or that a dot follows.
fn entry_key(entry: &str) -> Option<(&str, &str)> {
    let ends =
        |&(at, _): &(usize, &str)| entry.get(at + 1..).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
    let (end, _) = entry.match_indices(']').find(ends)?;
    Some((entry.get(..end)?, entry.get(end + 1..)?))
}

/// What a caller sent, short enough to stand in a message.
pub(super) fn shortened(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(64) {
        Some((end, _)) => Cow::Owned(format!("{}…", &text[..end])),
        None => Cow::Borrowed(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Step::{Field, Key};

    #[test]
    fn keys() {
        for (key, expected) in [
            ("a", &[Field("a")] as &[_]),
            ("a.b.c", &[Field("a"), Field("b"), Field("c")]),
            ("a[k]", &[Field("a"), Key("k")]),
            ("a[k].b", &[Field("a"), Key("k"), Field("b")]),
            ("a[k.l]", &[Field("a"), Key("k.l")]),
            ("a[k]x].b", &[Field("a"), Key("k]x"), Field("b")]),
            ("a[]", &[Field("a"), Key("")]),
            ("", &[Field("")]),
            ("a.", &[Field("a"), Field("")]),
        ] {
            assert_eq!(steps(key, 32).as_deref(), Ok(expected), "{key}");
        }
        assert!(steps("a[k", 32).is_err());
        assert!(steps("a[k]x", 32).is_err());
        assert!(steps(&["a"; 32].join("."), 32).is_ok());
        assert!(steps(&["a"; 33].join("."), 32).is_err());
    }
}
