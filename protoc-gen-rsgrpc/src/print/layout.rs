//! Lines and indentation.

use proc_macro2::Delimiter;

use super::spacing::is_spaced;
use super::tree::{Tokens, Tree, width};

/// What a line may be wide.
const LINE: usize = 100;
const INDENT: usize = 4;

/// Appends items, with blank lines between those at the top.
pub(super) fn items(text: &mut String, trees: &[Tree]) {
    let mut printer = Printer { text, indent: 0 };
    printer.block(trees, false);
}

struct Printer<'t> {
    text: &'t mut String,
    indent: usize,
}

impl Printer<'_> {
    /// Items, fields, arms or statements, each on its own lines.
    fn block(&mut self, trees: &[Tree], trailing_comma: bool) {
        let mut rest = trees;
        while !rest.is_empty() {
            let (unit, tail) = rest.split_at(unit_length(rest));
            self.unit(unit);
            if tail.is_empty() && trailing_comma {
                self.text.push(',');
            }
            self.text.push('\n');
            rest = tail;
        }
    }

    fn unit(&mut self, unit: &[Tree]) {
        let is_outer = |tree: &&Tree| matches!(tree, Tree::Doc(_) | Tree::Attribute(_));
        let outer = unit.iter().take_while(is_outer).count();
        let (outer, unit) = unit.split_at(outer);
        self.margin();
        for tree in outer {
            match tree {
                Tree::Doc(line) => {
                    self.text.push_str("///");
                    self.text.push_str(line);
                }
                tree => self.flat_tree(tree),
            }
            self.new_line();
        }
        let is_item = unit.first().is_some_and(|first| matches!(first, Tree::Word(word) if is_item(word)));
        self.line(unit, is_item);
    }

    /// Trees in a row. Braces of an item hold a block; other groups are broken only where the line is too long.
    fn line(&mut self, trees: &[Tree], is_item: bool) {
        for (index, tree) in trees.iter().enumerate() {
            if is_item && tree.is_word("where") {
                self.new_line();
                self.text.push_str("where");
                self.line_indented(&trees[index + 1..]);
                return;
            }
            let is_arrow = tree.is_punct('-') && trees.get(index + 1).is_some_and(|next| next.is_punct('>'));
            if is_item && is_arrow && self.column() + 1 + signature_width(&trees[index..]) > LINE {
                self.indent += INDENT;
                self.new_line();
                self.indent -= INDENT;
            } else if is_spaced(&trees[..index], tree) {
                self.text.push(' ');
            }
            match tree {
                Tree::Group(group) if is_item && group.delimiter == Delimiter::Brace => self.braces(group),
                Tree::Group(group) if self.column() + group.width > LINE => self.broken(group),
                tree => self.flat_tree(tree),
            }
        }
    }

    /// The bounds behind `where`.
    fn line_indented(&mut self, trees: &[Tree]) {
        self.indent += INDENT;
        self.new_line();
        self.line(trees, false);
        self.indent -= INDENT;
    }

    fn broken(&mut self, group: &Tokens) {
        if group.delimiter == Delimiter::Brace {
            return self.braces(group);
        }
        let (open, close) = delimiters(group.delimiter);
        self.text.push(open);
        if is_hugged(&group.trees) {
            self.line(&group.trees, false);
        } else {
            let is_list = group.trailing_comma || group.trees.iter().any(|tree| tree.is_punct(','));
            self.inner(&group.trees, is_list);
        }
        self.text.push(close);
    }

    fn braces(&mut self, group: &Tokens) {
        self.text.push('{');
        if !group.trees.is_empty() {
            self.inner(&group.trees, group.trailing_comma);
        }
        self.text.push('}');
    }

    fn inner(&mut self, trees: &[Tree], trailing_comma: bool) {
        self.text.push('\n');
        self.indent += INDENT;
        self.block(trees, trailing_comma);
        self.indent -= INDENT;
        self.margin();
    }

    fn flat(&mut self, trees: &[Tree]) {
        for (index, tree) in trees.iter().enumerate() {
            if is_spaced(&trees[..index], tree) {
                self.text.push(' ');
            }
            self.flat_tree(tree);
        }
    }

    fn flat_tree(&mut self, tree: &Tree) {
        match tree {
            Tree::Word(word) => self.text.push_str(word),
            Tree::Punct(character, _) => self.text.push(*character),
            Tree::Group(group) => self.flat_group(group),
            Tree::Attribute(group) => {
                self.text.push('#');
                self.flat_group(group);
            }
            Tree::Doc(line) => {
                self.text.push_str("#[doc = ");
                self.text.push_str(&format!("{line:?}"));
                self.text.push(']');
            }
        }
    }

    fn flat_group(&mut self, group: &Tokens) {
        let (open, close) = delimiters(group.delimiter);
        let is_padded = group.delimiter == Delimiter::Brace && !group.trees.is_empty();
        self.text.push(open);
        if is_padded {
            self.text.push(' ');
        }
        self.flat(&group.trees);
        if is_padded {
            self.text.push(' ');
        }
        self.text.push(close);
    }

    fn new_line(&mut self) {
        self.text.push('\n');
        self.margin();
    }

    fn margin(&mut self) {
        self.text.extend(std::iter::repeat_n(' ', self.indent));
    }

    fn column(&self) -> usize {
        self.text.len() - self.text.rfind('\n').map_or(0, |end| end + 1)
    }
}

/// The number of trees up to the end of the first item, field, arm or statement.
fn unit_length(trees: &[Tree]) -> usize {
    let mut angles = 0_usize;
    for (index, tree) in trees.iter().enumerate() {
        let is_arrow = index > 0 && matches!(trees[index - 1], Tree::Punct('-' | '=', true));
        match tree {
            Tree::Punct('<', _) => angles += 1,
            Tree::Punct('>', _) if !is_arrow => angles = angles.saturating_sub(1),
            Tree::Punct(';', _) => return index + 1,
            Tree::Punct(',', _) if angles == 0 => return index + 1,
            tree if tree.is_brace() => {
                let goes_on = matches!(trees.get(index + 1), Some(Tree::Punct(',' | ';' | '.' | '?', _)));
                if !goes_on {
                    return index + 1;
                }
            }
            _ => {}
        }
    }
    trees.len()
}

/// The width up to the body of a function.
fn signature_width(trees: &[Tree]) -> usize {
    let end = trees.iter().position(|tree| tree.is_brace() || tree.is_word("where")).unwrap_or(trees.len());
    width(&trees[..end]) + 2
}

/// Whether a group holds one thing that ends with a group of its own, around which it can be closed.
fn is_hugged(trees: &[Tree]) -> bool {
    let is_one = !trees.iter().any(|tree| tree.is_punct(',') || tree.is_punct(';'));
    is_one && matches!(trees.last(), Some(Tree::Group(_)))
}

fn is_item(word: &str) -> bool {
    matches!(word, "const" | "enum" | "fn" | "impl" | "match" | "mod" | "pub" | "static" | "struct" | "trait")
}

fn delimiters(delimiter: Delimiter) -> (char, char) {
    match delimiter {
        Delimiter::Brace => ('{', '}'),
        Delimiter::Bracket => ('[', ']'),
        Delimiter::Parenthesis | Delimiter::None => ('(', ')'),
    }
}
