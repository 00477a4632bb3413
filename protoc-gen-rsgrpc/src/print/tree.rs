//! Tokens with what the layout asks about them.

use proc_macro2::{Delimiter, Group, Literal, Spacing, TokenStream, TokenTree};

use super::spacing::is_spaced;

/// Wider than any line: what cannot stand on one.
pub(super) const UNBREAKABLE: usize = 1 << 20;

pub(super) enum Tree {
    /// An identifier or a literal.
    Word(String),
    /// A character, and whether it forms one token with the next.
    Punct(char, bool),
    Group(Tokens),
    /// A line of documentation.
    Doc(String),
    /// What stands in `#[…]`.
    Attribute(Tokens),
}

/// A delimited group.
pub(super) struct Tokens {
    pub(super) delimiter: Delimiter,
    pub(super) trees: Vec<Tree>,
    /// Whether a comma stood at the end, which is not part of `trees`.
    pub(super) trailing_comma: bool,
    /// The width on one line, with the delimiters.
    pub(super) width: usize,
}

impl Tree {
    pub(super) fn is_punct(&self, expected: char) -> bool {
        matches!(self, Self::Punct(character, _) if *character == expected)
    }

    pub(super) fn is_word(&self, expected: &str) -> bool {
        matches!(self, Self::Word(word) if word == expected)
    }

    pub(super) fn is_brace(&self) -> bool {
        matches!(self, Self::Group(group) if group.delimiter == Delimiter::Brace)
    }

    fn width(&self) -> usize {
        match self {
            Self::Word(word) => word.len(),
            Self::Punct(';', _) => UNBREAKABLE,
            Self::Punct(..) => 1,
            Self::Group(group) => group.width,
            Self::Doc(_) | Self::Attribute(_) => UNBREAKABLE,
        }
    }
}

pub(super) fn trees(stream: TokenStream) -> Vec<Tree> {
    let mut trees = Vec::new();
    let mut tokens = stream.into_iter().peekable();
    while let Some(token) = tokens.next() {
        trees.push(match token {
            TokenTree::Ident(ident) => Tree::Word(ident.to_string()),
            TokenTree::Literal(literal) => Tree::Word(literal.to_string()),
            TokenTree::Group(inner) if inner.delimiter() == Delimiter::None => {
                trees.extend(self::trees(inner.stream()));
                continue;
            }
            TokenTree::Group(inner) => Tree::Group(group(&inner)),
            TokenTree::Punct(punct) => match tokens.next_if(|next| punct.as_char() == '#' && is_bracket(next)) {
                Some(TokenTree::Group(inner)) => attribute(&inner),
                _ => Tree::Punct(punct.as_char(), punct.spacing() == Spacing::Joint),
            },
        });
    }
    trees
}

/// The width of trees on one line.
pub(super) fn width(trees: &[Tree]) -> usize {
    let mut width = 0;
    for (index, tree) in trees.iter().enumerate() {
        // An arm of a match has a line of its own.
        if tree.is_punct('>') && index > 0 && trees[index - 1].is_punct('=') {
            return UNBREAKABLE;
        }
        width += tree.width() + usize::from(is_spaced(&trees[..index], tree));
        if width >= UNBREAKABLE {
            return UNBREAKABLE;
        }
    }
    width
}

fn is_bracket(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Bracket)
}

fn attribute(group: &Group) -> Tree {
    let mut tokens = group.stream().into_iter();
    if let (Some(TokenTree::Ident(name)), Some(TokenTree::Punct(_)), Some(TokenTree::Literal(text)), None) =
        (tokens.next(), tokens.next(), tokens.next(), tokens.next())
        && name == "doc"
        && let Some(line) = unquote(&text)
    {
        return Tree::Doc(line);
    }
    Tree::Attribute(self::group(group))
}

fn group(group: &Group) -> Tokens {
    let mut trees = trees(group.stream());
    let is_tuple_of_one = group.delimiter() == Delimiter::Parenthesis && trees.iter().filter(|t| t.is_punct(',')).count() == 1;
    let trailing_comma = !is_tuple_of_one && trees.pop_if(|last| last.is_punct(',')).is_some();
    let padding = if group.delimiter() == Delimiter::Brace && !trees.is_empty() { 4 } else { 2 };
    Tokens {
        delimiter: group.delimiter(),
        width: (padding + width(&trees)).min(UNBREAKABLE),
        trailing_comma,
        trees,
    }
}

/// The line that a string literal without line breaks means.
fn unquote(literal: &Literal) -> Option<String> {
    let literal = literal.to_string();
    let escaped = literal.strip_prefix('"')?.strip_suffix('"')?;
    let mut line = String::with_capacity(escaped.len());
    let mut rest = escaped.chars();
    while let Some(character) = rest.next() {
        line.push(match character {
            '\\' => match rest.next()? {
                kept @ ('\\' | '"' | '\'') => kept,
                't' => '\t',
                _ => return None,
            },
            plain => plain,
        });
    }
    Some(line)
}
