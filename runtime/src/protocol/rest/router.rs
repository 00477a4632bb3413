//! Finds the rule that a request matches, in time that depends on its path and not on the number of rules.
//!
//! The templates are a trie over their segments. At each segment a literal is tried before `*` and that before `**`, and
//! where one leads nowhere the next is; so neither the order of the rules nor a rule for another HTTP method changes
//! what a request matches. Behind `**` stand literals only: they are a trie of their own, walked from the end of the path.

use std::borrow::Cow;

use super::{
    path::Segments,
    percent::{Piece, canonical, decode},
};
use crate::{
    hash::Table,
    method::{HttpRule, Segment, Template, Variable},
};

/// A rule for any HTTP method.
const ANY: &str = "*";

/// The rules, each with what it leads to.
#[derive(Debug)]
pub(super) struct Router<T> {
    root: Node,
    targets: Vec<(&'static HttpRule, T)>,
    verbs: Table<Box<str>, ()>,
}

/// What a request matched.
#[derive(Debug)]
pub(super) struct Found<'r, T> {
    pub(super) rule: &'static HttpRule,
    pub(super) target: &'r T,
    /// The segments of the path, without the custom verb.
    pub(super) segments: Segments,
}

/// Why a request matched nothing.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unmatched {
    /// No rule has this path.
    Path,
    /// There are rules for the path, for these methods.
    Method(Vec<&'static str>),
}

impl<T> Default for Router<T> {
    fn default() -> Self {
        Self { root: Node::default(), targets: Vec::new(), verbs: Table::default() }
    }
}

impl<T> Router<T> {
    pub(super) fn is_empty(&self) -> bool {
        self.targets.is_empty()
    }

    /// All rules, in the order in which they were added.
    pub(super) fn targets(&self) -> &[(&'static HttpRule, T)] {
        &self.targets
    }

    /// Adds a rule; the error is the one that matches the same requests already.
    pub(super) fn add(&mut self, rule: &'static HttpRule, target: T) -> Result<(), &(&'static HttpRule, T)> {
        let template = &rule.template;
        let node = self.root.insert(template.segments);
        let ends = match template.verb {
            "" => &mut node.ends,
            verb => node.custom.entry(canonical(verb).into()).or_default(),
        };
        if let Some(&(_, first)) = ends.iter().find(|(method, _)| *method == rule.verb) {
            return Err(&self.targets[first]);
        }
        ends.push((rule.verb, self.targets.len()));
        if !template.verb.is_empty() {
            self.verbs.insert(canonical(template.verb).into(), ());
        }
        self.targets.push((rule, target));
        Ok(())
    }

    /// Finds the rule for a method and a path, as they were sent.
    pub(super) fn find(&self, method: &str, path: &str) -> Result<Found<'_, T>, Unmatched> {
        let mut segments = Segments::of(path).ok_or(Unmatched::Path)?;
        // HEAD is GET without the body of its answer (RFC 9110, 9.3.2).
        let methods: &[&str] = if method == "HEAD" { &["HEAD", "GET", ANY] } else { &[method, ANY] };
        let mut found = None;
        self.visit(path, &mut segments, |ends| {
            found = methods.iter().find_map(|method| ends.iter().find(|(other, _)| other == method));
            found.is_some()
        });
        match found {
            Some(&(_, index)) => {
                let (rule, target) = &self.targets[index];
                Ok(Found { rule, target, segments })
            }
            None => Err(self.unmatched(path, &mut segments)),
        }
    }

    fn unmatched(&self, path: &str, segments: &mut Segments) -> Unmatched {
        let mut methods = Vec::new();
        self.visit(path, segments, |ends| {
            methods.extend(ends.iter().map(|(method, _)| *method));
            false
        });
        if methods.is_empty() {
            return Unmatched::Path;
        }
        if methods.contains(&"GET") {
            methods.push("HEAD");
        }
        methods.push("OPTIONS");
        methods.sort_unstable();
        methods.dedup();
        Unmatched::Method(methods)
    }

    /// Shows the rules that end where the path does, the first choice first, until one is taken; the segments are without
    /// the verb then.
    fn visit<'r>(&'r self, path: &str, segments: &mut Segments, mut take: impl FnMut(&'r Ends) -> bool) {
        if !self.verbs.is_empty()
            && let Some((before, verb)) = split_verb(path, segments)
        {
            let verb = canonical(verb);
            if self.verbs.contains_key(&*verb) {
                segments.end_at(before);
                let mut ends_with = |node: &'r Node| node.custom.get(&*verb).is_some_and(&mut take);
                if self.root.visit(Walk { path, segments }, 0, &mut ends_with) {
                    return;
                }
                segments.end_at(path.len());
            }
        }
        self.root.visit(Walk { path, segments }, 0, &mut |node| take(&node.ends));
    }
}

/// The verb behind the last colon of the last segment, if something stands before it, and where that ends.
fn split_verb<'p>(path: &'p str, segments: &Segments) -> Option<(usize, &'p str)> {
    let last = segments.count() - 1;
    let (before, verb) = segments.between(path, last, last + 1).rsplit_once(':')?;
    (!before.is_empty()).then_some((segments.slash(last) + 1 + before.len(), verb))
}

/// What is walked along.
#[derive(Clone, Copy)]
struct Walk<'p> {
    path: &'p str,
    segments: &'p Segments,
}

impl<'p> Walk<'p> {
    fn segment(self, index: usize) -> &'p str {
        self.segments.between(self.path, index, index + 1)
    }

    /// What a segment is among the literals.
    fn literal<'n>(self, segment: &str, among: &'n Literals) -> Option<&'n Node> {
        if self.segments.escaped { among.get(&canonical(segment)) } else { among.get(segment) }
    }
}

/// The rules that end at a node with the same verb: their methods and indexes.
type Ends = Vec<(&'static str, usize)>;

/// Nodes by literals. Most have one, for which comparing is enough.
#[derive(Debug, Default)]
struct Literals {
    first: Option<(Box<str>, Box<Node>)>,
    others: Table<Box<str>, Node>,
}

impl Literals {
    fn get(&self, text: &str) -> Option<&Node> {
        let (first, node) = self.first.as_ref()?;
        match **first == *text {
            true => Some(node),
            false if self.others.is_empty() => None,
            false => self.others.get(text),
        }
    }

    fn entry(&mut self, text: &str) -> &mut Node {
        let (first, node) = self.first.get_or_insert_with(|| (text.into(), Box::default()));
        if **first == *text { node } else { self.others.entry(text.into()).or_default() }
    }
}

#[derive(Debug, Default)]
struct Node {
    literals: Literals,
    wildcard: Option<Box<Node>>,
    /// What `**` leads to: the literals behind it, from the last to the first.
    rest: Option<Box<Node>>,
    ends: Ends,
    /// Those with a verb, by it.
    custom: Table<Box<str>, Ends>,
}

impl Node {
    fn insert(&mut self, segments: &[Segment]) -> &mut Self {
        match segments.split_first() {
            None => self,
            Some((Segment::Literal(text), behind)) => self.literal(text).insert(behind),
            Some((Segment::Wildcard, behind)) => self.wildcard.get_or_insert_default().insert(behind),
            Some((Segment::Rest, behind)) => {
                behind.iter().rev().fold(self.rest.get_or_insert_default(), |node, segment| {
                    match segment {
                        Segment::Literal(text) => node.literal(text),
                        // The generator lets nothing but literals stand behind `**`.
                        Segment::Wildcard | Segment::Rest => node,
                    }
                })
            }
        }
    }

    fn literal(&mut self, text: &str) -> &mut Self {
        self.literals.entry(&canonical(text))
    }

    /// Shows the nodes at which the segments from this one on end, the first choice first, until one is taken.
    fn visit<'r>(&'r self, walk: Walk<'_>, at: usize, take: &mut impl FnMut(&'r Self) -> bool) -> bool {
        let count = walk.segments.count();
        let (mut node, mut at) = (self, at);
        while at < count {
            let segment = walk.segment(at);
            let literal = walk.literal(segment, &node.literals);
            let wildcard = node.wildcard.as_deref().filter(|_| !segment.is_empty());
            at += 1;
            match (literal, wildcard, &node.rest) {
                // There is nothing to come back for.
                (Some(only), None, None) | (None, Some(only), None) => node = only,
                (first, second, third) => {
                    return first.is_some_and(|node| node.visit(walk, at, take))
                        || second.is_some_and(|node| node.visit(walk, at, take))
                        || third.as_deref().is_some_and(|rest| rest.visit_back(walk, at - 1, count, take));
                }
            }
        }
        take(node) || node.rest.as_deref().is_some_and(|rest| rest.visit_back(walk, at, count, take))
    }

    /// As [`visit`](Self::visit), for what `**` leads to, from the last segment back to this one: the more literals match
    /// at the end, the better.
    fn visit_back<'r>(
        &'r self,
        walk: Walk<'_>,
        from: usize,
        end: usize,
        take: &mut impl FnMut(&'r Self) -> bool,
    ) -> bool {
        let literal = if from < end { walk.literal(walk.segment(end - 1), &self.literals) } else { None };
        literal.is_some_and(|node| node.visit_back(walk, from, end - 1, take)) || take(self)
    }
}

/// The variables of a template with the pieces of the path that they capture, decoded; the error names the variable.
pub(super) fn captures<'p, 's>(template: &'static Template, path: &'p str, segments: &'s Segments) -> Captures<'p, 's> {
    // `**` stands for as many segments as the path has more than the template has others.
    let more = segments.count() as isize - template.segments.len() as isize;
    let rest = match more {
        0 => usize::MAX,
        _ => template.segments.iter().position(|segment| *segment == Segment::Rest).unwrap_or(usize::MAX),
    };
    Captures { template, path, segments, more, rest, variables: template.variables.iter() }
}

pub(super) struct Captures<'p, 's> {
    template: &'static Template,
    path: &'p str,
    segments: &'s Segments,
    more: isize,
    rest: usize,
    variables: std::slice::Iter<'static, Variable>,
}

impl<'p> Iterator for Captures<'p, '_> {
    type Item = (&'static Variable, Result<Cow<'p, str>, &'static str>);

    /// In one piece with its loop: mostly there is one value, which a call would cost as much as.
    #[inline(always)]
    fn next(&mut self) -> Option<Self::Item> {
        let variable = self.variables.next()?;
        let place = |index: usize| if index > self.rest { index.saturating_add_signed(self.more) } else { index };
        let captured = self.segments.between(self.path, place(variable.start), place(variable.end));
        if !self.segments.escaped {
            return Some((variable, Ok(Cow::Borrowed(captured))));
        }
        let pattern = self.template.segments.get(variable.start..variable.end).unwrap_or_default();
        let piece =
            if matches!(pattern, [Segment::Wildcard | Segment::Literal(_)]) { Piece::Segment } else { Piece::Segments };
        Some((variable, decode(captured, piece)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::method::{BodySelector, Content};

    /// A rule with a template of literals, `*` and `**`; its target is its text.
    fn rule(verb: &'static str, text: &'static str) -> &'static HttpRule {
        let (path, custom) = text.rsplit_once(':').unwrap_or((text, ""));
        let segments: Vec<_> = path[1..]
            .split('/')
            .map(|segment| match segment {
                "*" => Segment::Wildcard,
                "**" => Segment::Rest,
                literal => Segment::Literal(literal),
            })
            .collect();
        let template = Template { text, segments: segments.leak(), verb: custom, variables: &[] };
        let json = Content::Json;
        let body = BodySelector::None;
        Box::leak(Box::new(HttpRule {
            verb,
            template,
            body,
            response_body: "",
            request: json,
            response: json,
            update_mask: "",
        }))
    }

    fn router<'r>(rules: impl Iterator<Item = &'r (&'static str, &'static str)>) -> Router<()> {
        let mut router = Router::default();
        for (verb, text) in rules {
            router.add(rule(verb, text), ()).expect("no collision");
        }
        router
    }

    const RULES: &[(&str, &str)] = &[
        ("GET", "/a/*"),
        ("GET", "/a/b"),
        ("POST", "/a/c"),
        ("GET", "/a/**"),
        ("GET", "/a/*/c"),
        ("GET", "/a/b/*"),
        ("GET", "/*/b/d"),
        ("GET", "/a/**/z"),
        ("GET", "/a/**/y/z"),
        ("GET", "/a/*:v"),
        ("POST", "/a/*:w"),
        ("*", "/a/k"),
        ("PUT", "/a/*"),
    ];

    #[test]
    fn the_order_of_the_rules_does_not_matter() {
        for turn in 0..RULES.len() {
            let (head, tail) = RULES.split_at(turn);
            let turned = tail.iter().chain(head);
            let routers = [router(turned.clone()), router(turned.rev())];
            for (method, path, expected) in [
                ("GET", "/a/b", "/a/b"),
                ("GET", "/a/x", "/a/*"),
                ("GET", "/a/c", "/a/*"),
                ("POST", "/a/c", "/a/c"),
                ("GET", "/a/b/c", "/a/b/*"),
                ("GET", "/a/x/c", "/a/*/c"),
                ("GET", "/a/x/d", "/a/**"),
                ("GET", "/x/b/d", "/*/b/d"),
                ("GET", "/a/b/d", "/a/b/*"),
                ("GET", "/a/b/c/d", "/a/**"),
                ("GET", "/a/", "/a/**"),
                ("GET", "/a", "/a/**"),
                ("GET", "/a/1/2/z", "/a/**/z"),
                ("GET", "/a/1/y/z", "/a/**/y/z"),
                ("GET", "/a/y/z", "/a/**/y/z"),
                ("GET", "/a/x:v", "/a/*:v"),
                ("GET", "/a/b:v", "/a/*:v"),
                ("GET", "/a/x:w", "/a/*"),
                ("POST", "/a/x:w", "/a/*:w"),
                ("GET", "/a/x:u", "/a/*"),
                ("GET", "/a/k", "/a/k"),
                ("DELETE", "/a/k", "/a/k"),
                ("PUT", "/a/k", "/a/k"),
                ("HEAD", "/a/b", "/a/b"),
            ] {
                for router in &routers {
                    let found = router.find(method, path).unwrap_or_else(|error| panic!("{method} {path}: {error:?}"));
                    assert_eq!(found.rule.template.text, expected, "{method} {path}");
                }
            }
        }
    }

    #[test]
    fn same_shapes_collide_however_they_are_written() {
        for (first, second) in [("/a/b", "/%61/b"), ("/a/*", "/a/*"), ("/a%2fb", "/a%2Fb"), ("/a/**:v", "/a/**:%76")] {
            let mut router = Router::default();
            router.add(rule("GET", first), 1).expect("the first");
            assert_eq!(router.add(rule("GET", second), 2).expect_err("a collision").1, 1, "{first} {second}");
            assert!(router.add(rule("POST", second), 3).is_ok());
        }
    }

    /// How many nodes a look-up visits follows from the path; with a thousand rules beside it they are the same.
    #[test]
    fn other_rules_cost_nothing() {
        let many: Vec<_> = (0..1000).map(|n| ("GET", &*format!("/v1/kind{n}/*/part{n}/*").leak())).collect();
        let visited = |router: &Router<()>, path: &str| {
            let mut count = 0;
            router.visit(path, &mut Segments::of(path).expect("a path"), |_| {
                count += 1;
                false
            });
            count
        };
        let (few, all) = (router(many[..10].iter()), router(many.iter()));
        assert_eq!(visited(&few, "/v1/kind7/a/part7/b"), 1);
        assert_eq!(visited(&all, "/v1/kind7/a/part7/b"), 1);
        assert!(all.find("GET", "/v1/kind999/a/part999/b").is_ok());
        assert_eq!(all.find("GET", "/v1/kind999/a/part998/b").unwrap_err(), Unmatched::Path);
    }
}
