//! Tokens with what the layout asks about them.

use proc_macro2::{Group, Spacing, TokenStream, TokenTree};

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

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Delimiter {
    Parenthesis,
    Bracket,
    Brace,
    /// The arguments of a generic type. What is generated compares nothing.
    Angle,
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
    // Where angle brackets were opened.
    let mut angles = Vec::new();
    add_trees(&mut trees, &mut angles, stream);
    trees
}

fn add_trees(trees: &mut Vec<Tree>, angles: &mut Vec<usize>, stream: TokenStream) {
    let mut tokens = stream.into_iter().peekable();
    trees.reserve(tokens.size_hint().0);
    while let Some(token) = tokens.next() {
        let tree = match token {
            TokenTree::Ident(ident) => Tree::Word(ident.to_string()),
            TokenTree::Literal(literal) => Tree::Word(literal.to_string()),
            TokenTree::Group(inner) => match delimiter(&inner) {
                Some(delimiter) => Tree::Group(group(delimiter, self::trees(content(inner)))),
                None => {
                    add_trees(trees, angles, content(inner));
                    continue;
                }
            },
            TokenTree::Punct(punct) => match tokens.next_if(|next| punct.as_char() == '#' && is_bracket(next)) {
                Some(TokenTree::Group(inner)) => attribute(content(inner)),
                _ => Tree::Punct(punct.as_char(), punct.spacing() == Spacing::Joint),
            },
        };
        let is_arrow = matches!(trees.last(), Some(Tree::Punct('-' | '=', true)));
        match tree {
            Tree::Punct('<', _) => angles.push(trees.len()),
            Tree::Punct('>', _) if !is_arrow => {
                if let Some(open) = angles.pop() {
                    let inner = trees.drain(open..).skip(1).collect();
                    trees.push(Tree::Group(group(Delimiter::Angle, inner)));
                    continue;
                }
            }
            _ => {}
        }
        trees.push(tree);
    }
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
    matches!(token, TokenTree::Group(group) if group.delimiter() == proc_macro2::Delimiter::Bracket)
}

/// `None` for a group without visible delimiters.
fn delimiter(group: &Group) -> Option<Delimiter> {
    Some(match group.delimiter() {
        proc_macro2::Delimiter::Parenthesis => Delimiter::Parenthesis,
        proc_macro2::Delimiter::Bracket => Delimiter::Bracket,
        proc_macro2::Delimiter::Brace => Delimiter::Brace,
        proc_macro2::Delimiter::None => return None,
    })
}

/// The tokens between the delimiters. A stream that nothing else holds is iterated without copying every token.
fn content(group: Group) -> TokenStream {
    group.stream()
}

fn attribute(content: TokenStream) -> Tree {
    let trees = trees(content);
    if let [Tree::Word(name), Tree::Punct('=', _), Tree::Word(literal)] = trees.as_slice()
        && name == "doc"
        && let Some(line) = unquote(literal)
    {
        return Tree::Doc(line);
    }
    Tree::Attribute(group(Delimiter::Bracket, trees))
}

fn group(delimiter: Delimiter, mut trees: Vec<Tree>) -> Tokens {
    let is_tuple = delimiter == Delimiter::Parenthesis && trees.iter().filter(|tree| tree.is_punct(',')).count() == 1;
    let trailing_comma = !is_tuple && trees.pop_if(|last| last.is_punct(',')).is_some();
    let padding = if delimiter == Delimiter::Brace && !trees.is_empty() { 4 } else { 2 };
    Tokens { delimiter, width: (padding + width(&trees)).min(UNBREAKABLE), trailing_comma, trees }
}

/// The line that a string literal without line breaks means.
fn unquote(literal: &str) -> Option<String> {
    if let Some(raw) = literal.strip_prefix("r\"") {
        return raw.strip_suffix('"').map(str::to_owned);
    }
    let escaped = literal.strip_prefix('"')?.strip_suffix('"')?;
    if !escaped.contains('\\') {
        return Some(escaped.to_owned());
    }
    let mut line = String::with_capacity(escaped.len());
    let mut rest = escaped.chars();
    while let Some(character) = rest.next() {
        line.push(match character {
            '\\' => match rest.next()? {
                kept @ ('\\' | '"' | '\'') => kept,
                't' => '\t',
                // An emoji's joiner, say.
                'u' => unicode(&mut rest)?,
                _ => return None,
            },
            plain => plain,
        });
    }
    Some(line)
}

/// The character of `{200d}`.
fn unicode(rest: &mut std::str::Chars<'_>) -> Option<char> {
    let (number, behind) = rest.as_str().strip_prefix('{')?.split_once('}')?;
    *rest = behind.chars();
    char::from_u32(u32::from_str_radix(number, 16).ok()?)
}
