//! Lines and indentation.

use super::spacing::is_spaced;
use super::tree::{Delimiter, Tokens, Tree, width};

/// What a line may be wide.
const LINE: usize = 100;
const INDENT: usize = 4;

/// Appends items.
pub(super) fn items(text: &mut String, trees: &[Tree]) {
    Printer { text, indent: 0 }.block(trees, false);
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
            if rest.len() < trees.len() && has_body(unit) {
                self.text.push('\n');
            }
            self.unit(unit);
            if tail.is_empty() && trailing_comma {
                self.text.push(',');
            }
            self.text.push('\n');
            rest = tail;
        }
    }

    fn unit(&mut self, unit: &[Tree]) {
        let (outer, unit) = split_outer(unit);
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
        if is_item(unit) {
            self.item(unit);
        } else if self.column() + width(unit) + 1 > LINE {
            self.chain(unit);
        } else {
            self.line(unit);
        }
    }

    /// An item: its braces hold a block, and what it returns and its bounds may have lines of their own.
    fn item(&mut self, trees: &[Tree]) {
        let end = trees.iter().position(|tree| tree.is_brace() || tree.is_word("where")).unwrap_or(trees.len());
        let (head, tail) = trees.split_at(end);
        let arrow = head.windows(2).position(|pair| matches!(pair[0], Tree::Punct('-', true)) && pair[1].is_punct('>'));
        let is_long = self.column() + width(head) + 2 > LINE;
        let mut brace_on_new_line = false;
        match arrow.filter(|_| is_long) {
            Some(arrow) => {
                self.line(&head[..arrow]);
                self.indented(&head[arrow..]);
                brace_on_new_line = true;
            }
            None => self.line(head),
        }
        if let Some((first, bounds)) = tail.split_first().filter(|(first, _)| first.is_word("where")) {
            let end = bounds.iter().position(Tree::is_brace).unwrap_or(bounds.len());
            self.new_line();
            self.flat_tree(first);
            self.indented(&bounds[..end]);
            brace_on_new_line = true;
        }
        if let Some(Tree::Group(body)) = tail.last().filter(|last| last.is_brace()) {
            if brace_on_new_line {
                self.new_line();
            } else {
                self.text.push(' ');
            }
            self.braces(body);
        } else if !tail.is_empty() {
            self.text.push(' ');
            self.line(tail);
        }
    }

    /// Trees in a row, each call behind the first on a line of its own.
    fn chain(&mut self, trees: &[Tree]) {
        let links: Vec<_> = (1..trees.len()).filter(|&at| is_link(trees, at)).chain([trees.len()]).collect();
        self.line(&trees[..links[0]]);
        for link in links.windows(2) {
            self.indented(&trees[link[0]..link[1]]);
        }
    }

    /// Trees in a row; groups are broken where the line is too long.
    fn line(&mut self, trees: &[Tree]) {
        for (index, tree) in trees.iter().enumerate() {
            if is_spaced(&trees[..index], tree) {
                self.text.push(' ');
            }
            match tree {
                Tree::Group(group) if self.column() + group.width > LINE => self.broken(group),
                tree => self.flat_tree(tree),
            }
        }
    }

    fn indented(&mut self, trees: &[Tree]) {
        self.indent += INDENT;
        self.new_line();
        self.line(trees);
        self.indent -= INDENT;
    }

    fn broken(&mut self, group: &Tokens) {
        if group.delimiter == Delimiter::Brace {
            return self.braces(group);
        }
        let (open, close) = delimiters(group.delimiter);
        self.text.push(open);
        if is_hugged(&group.trees) {
            self.line(&group.trees);
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
            Tree::Doc(line) => self.text.push_str(&format!("#[doc = {line:?}]")),
        }
    }

    fn flat_group(&mut self, group: &Tokens) {
        let (open, close) = delimiters(group.delimiter);
        let padding = if group.delimiter == Delimiter::Brace && !group.trees.is_empty() { " " } else { "" };
        self.text.push(open);
        self.text.push_str(padding);
        self.flat(&group.trees);
        self.text.push_str(padding);
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
    let (outer, unit) = split_outer(trees);
    let mut in_bounds = false;
    for (index, tree) in unit.iter().enumerate() {
        in_bounds |= tree.is_word("where");
        let is_end = match tree {
            Tree::Punct(';', _) => true,
            Tree::Punct(',', _) => !in_bounds,
            tree if tree.is_brace() => !matches!(unit.get(index + 1), Some(Tree::Punct(',' | ';' | '.' | '?', _))),
            _ => false,
        };
        if is_end {
            return outer.len() + index + 1;
        }
    }
    trees.len()
}

/// The documentation and attributes in front of a unit, and the unit.
fn split_outer(trees: &[Tree]) -> (&[Tree], &[Tree]) {
    let outer = trees.iter().take_while(|tree| matches!(tree, Tree::Doc(_) | Tree::Attribute(_))).count();
    trees.split_at(outer)
}

/// Whether a group holds one thing that ends with a group of its own, around which it can be closed.
fn is_hugged(trees: &[Tree]) -> bool {
    let is_one = !trees.iter().any(|tree| tree.is_punct(',') || tree.is_punct(';'));
    is_one && matches!(trees.last(), Some(Tree::Group(_))) && !(1..trees.len()).any(|at| is_link(trees, at))
}

/// Whether a call on the result of a call begins here.
fn is_link(trees: &[Tree], at: usize) -> bool {
    trees[at].is_punct('.') && matches!(&trees[at - 1], Tree::Group(group) if group.delimiter == Delimiter::Parenthesis)
}

fn is_item(unit: &[Tree]) -> bool {
    const KEYWORDS: &[&str] = &["const", "enum", "fn", "impl", "match", "mod", "pub", "static", "struct", "trait"];
    matches!(unit.first(), Some(Tree::Word(word)) if KEYWORDS.contains(&word.as_str()))
}

/// Whether a unit is an item that blank lines set apart.
fn has_body(unit: &[Tree]) -> bool {
    let (_, unit) = split_outer(unit);
    is_item(unit) && unit.iter().any(Tree::is_brace) && !unit[0].is_word("match")
}

fn delimiters(delimiter: Delimiter) -> (char, char) {
    match delimiter {
        Delimiter::Parenthesis => ('(', ')'),
        Delimiter::Bracket => ('[', ']'),
        Delimiter::Brace => ('{', '}'),
        Delimiter::Angle => ('<', '>'),
    }
}
