//! Where a space goes between two tokens on a line.

use super::tree::{Delimiter, Tree};

/// Whether a space stands between what is printed and the next tree.
pub(super) fn is_spaced(printed: &[Tree], next: &Tree) -> bool {
    let Some((previous, before)) = printed.split_last() else { return false };
    let before = before.last();
    if let Tree::Punct(',' | ';' | '.' | '?', _) = next {
        return false;
    }
    match previous {
        Tree::Punct(_, true) => false,
        Tree::Punct(character, false) => after_punct(*character, before),
        Tree::Word(word) => after_word(word, before, next),
        Tree::Group(group) => after_group(group.delimiter, before, next),
        Tree::Doc(_) | Tree::Attribute(_) => true,
    }
}

fn after_punct(character: char, before: Option<&Tree>) -> bool {
    let is_path = character == ':' && matches!(before, Some(Tree::Punct(':', true)));
    !is_path && !matches!(character, '.' | '&' | '#' | '!' | '\'' | '*' | '<' | '-' | '?')
}

fn after_word(word: &str, before: Option<&Tree>, next: &Tree) -> bool {
    match next {
        // A macro's, not that of `!=`.
        Tree::Punct('!', false) => false,
        // A path goes on behind a name, and begins behind a keyword or a lifetime.
        Tree::Punct(':', true) => is_keyword(word) || before.is_some_and(|before| before.is_punct('\'')),
        Tree::Punct(':', false) => false,
        Tree::Group(group) => match group.delimiter {
            Delimiter::Brace => true,
            Delimiter::Angle => false,
            Delimiter::Parenthesis | Delimiter::Bracket => is_keyword(word),
        },
        _ => true,
    }
}

fn after_group(delimiter: Delimiter, before: Option<&Tree>, next: &Tree) -> bool {
    match next {
        // `impl<T> ::path` but `Vec<T>::new`.
        Tree::Punct(':', true) => delimiter == Delimiter::Angle && before.is_some_and(|before| before.is_word("impl")),
        Tree::Punct(':' | '!', _) => false,
        Tree::Group(group) => group.delimiter == Delimiter::Brace || delimiter == Delimiter::Brace,
        _ => true,
    }
}

/// Keywords that a path or a group follows without being part of them.
fn is_keyword(word: &str) -> bool {
    matches!(word, "as" | "dyn" | "for" | "if" | "impl" | "in" | "match" | "mut" | "return" | "where")
}
