//! Where a space goes between two tokens on a line.

use proc_macro2::Delimiter;

use super::tree::Tree;

/// Whether a space stands between what is printed and the next tree.
pub(super) fn is_spaced(printed: &[Tree], next: &Tree) -> bool {
    let Some((previous, before)) = printed.split_last() else { return false };
    let before = before.last();
    if let Tree::Punct(',' | ';' | '.' | '?', _) = next {
        return false;
    }
    match previous {
        Tree::Punct(_, true) => false,
        Tree::Punct(character, false) => after_punct(*character, before, next),
        Tree::Word(word) => after_word(word, next),
        Tree::Group(group) => after_group(group.delimiter, next),
        Tree::Doc(_) | Tree::Attribute(_) => true,
    }
}

fn after_punct(character: char, before: Option<&Tree>, next: &Tree) -> bool {
    let joined = match before {
        Some(Tree::Punct(first, true)) => Some(*first),
        _ => None,
    };
    match (joined, character) {
        (Some(':'), ':') => false,
        (Some('-' | '='), '>') => true,
        (_, '>') => match next {
            Tree::Word(_) => true,
            Tree::Group(group) => group.delimiter == Delimiter::Brace,
            Tree::Punct(character, _) => !matches!(character, ':' | '>' | '(' | '<'),
            _ => true,
        },
        (_, '.' | '&' | '#' | '!' | '\'' | '*' | '<' | '-' | '?') => false,
        _ => true,
    }
}

fn after_word(word: &str, next: &Tree) -> bool {
    match next {
        Tree::Punct('<' | '>' | '!', _) => false,
        // A path goes on behind a name, and begins behind a keyword.
        Tree::Punct(':', true) => is_keyword(word),
        Tree::Punct(':', false) => false,
        Tree::Group(group) => group.delimiter == Delimiter::Brace || is_keyword(word),
        _ => true,
    }
}

fn after_group(delimiter: Delimiter, next: &Tree) -> bool {
    match next {
        Tree::Punct('<' | '>' | ':' | '!', _) => false,
        Tree::Group(group) => group.delimiter == Delimiter::Brace || delimiter == Delimiter::Brace,
        _ => true,
    }
}

/// Keywords that a path or a group follows without being part of them.
fn is_keyword(word: &str) -> bool {
    matches!(word, "as" | "dyn" | "for" | "if" | "impl" | "in" | "match" | "mut" | "return" | "where")
}
