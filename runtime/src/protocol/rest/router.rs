//! Finds the rule that a request matches, in time that depends on its path and not on the number of rules.
//!
//! The templates are a trie over their segments. At each segment a literal is tried before `*` and that before `**`, and
//! where one leads nowhere the next is; so neither the order of the rules nor a rule for another HTTP method changes
//! what a request matches. Behind `**` stand literals only: they are a trie of their own, walked from the end of the path.

use std::borrow::Cow;

use super::percent::{Piece, canonical, decode, position};
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
    /// The length of the path without what a custom verb takes up at its end.
    pub(super) path_len: usize,
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
        let Some(segments) = path.strip_prefix('/') else {
            return Err(Unmatched::Path);
        };
        // HEAD is GET without the body of its answer (RFC 9110, 9.3.2).
        let methods: &[&str] = if method == "HEAD" { &["HEAD", "GET", ANY] } else { &[method, ANY] };
        let mut found = None;
        let path_len = self.visit(segments, |ends| {
            found = methods.iter().find_map(|method| ends.iter().find(|(other, _)| other == method));
            found.is_some()
        });
        match (found, path_len) {
            (Some(&(_, index)), Some(len)) => {
                let (rule, target) = &self.targets[index];
                Ok(Found { rule, target, path_len: 1 + len })
            }
            _ => Err(self.unmatched(segments)),
        }
    }

    fn unmatched(&self, segments: &str) -> Unmatched {
        let mut methods = Vec::new();
        self.visit(segments, |ends| {
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

    /// Shows the rules that end where the path does, the first choice first, until one is taken; gives the length of the
    /// path without its verb then.
    fn visit<'r>(&'r self, segments: &str, mut take: impl FnMut(&'r Ends) -> bool) -> Option<usize> {
        let spelled = Spelled::of(segments);
        if !self.verbs.is_empty()
            && let Some((before, verb)) = split_verb(segments)
        {
            let verb = canonical(verb);
            let ends_with = |node: &'r Node| node.custom.get(&*verb);
            if self.verbs.contains_key(&*verb)
                && self.root.visit(Some(before), spelled, &mut |node| ends_with(node).is_some_and(&mut take))
            {
                return Some(before.len());
            }
        }
        let taken = self.root.visit(Some(segments), spelled, &mut |node| take(&node.ends));
        taken.then_some(segments.len())
    }
}

/// Whether the segments of a path may have several spellings. Most paths have no escapes.
#[derive(Debug, Clone, Copy)]
struct Spelled {
    escaped: bool,
}

impl Spelled {
    fn of(path: &str) -> Self {
        Self { escaped: position(path.as_bytes(), b'%').is_some() }
    }

    /// What a segment of the path is among the literals.
    fn literal<'n>(self, segment: &str, among: &'n Table<Box<str>, Node>) -> Option<&'n Node> {
        match among.is_empty() {
            true => None,
            false if self.escaped => among.get(&*canonical(segment)),
            false => among.get(segment),
        }
    }
}

/// The verb behind the last colon of the last segment, if something stands before it.
fn split_verb(segments: &str) -> Option<(&str, &str)> {
    let (before, verb) = segments.rsplit_once(':')?;
    let is_last = !verb.contains('/') && !before.is_empty() && !before.ends_with('/');
    is_last.then_some((before, verb))
}

/// The segment that these begin with, and those behind it.
fn split_first(segments: &str) -> (&str, Option<&str>) {
    match position(segments.as_bytes(), b'/') {
        Some(slash) => (&segments[..slash], Some(&segments[slash + 1..])),
        None => (segments, None),
    }
}

/// The rules that end at a node with the same verb: their methods and indexes.
type Ends = Vec<(&'static str, usize)>;

#[derive(Debug, Default)]
struct Node {
    literals: Table<Box<str>, Node>,
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
        self.literals.entry(canonical(text).into()).or_default()
    }

    /// Shows the nodes at which these segments end, the first choice first, until one is taken.
    fn visit<'r>(&'r self, segments: Option<&str>, spelled: Spelled, take: &mut impl FnMut(&'r Self) -> bool) -> bool {
        let Some(segments) = segments else {
            return take(self) || self.rest.as_deref().is_some_and(|rest| rest.visit_back(None, spelled, take));
        };
        let (segment, behind) = split_first(segments);
        spelled.literal(segment, &self.literals).is_some_and(|node| node.visit(behind, spelled, take))
            || (!segment.is_empty() && self.wildcard.as_deref().is_some_and(|node| node.visit(behind, spelled, take)))
            || self.rest.as_deref().is_some_and(|rest| rest.visit_back(Some(segments), spelled, take))
    }

    /// As [`visit`](Self::visit), for what `**` leads to: the more literals match at the end, the better.
    fn visit_back<'r>(
        &'r self,
        segments: Option<&str>,
        spelled: Spelled,
        take: &mut impl FnMut(&'r Self) -> bool,
    ) -> bool {
        let literal = segments.and_then(|segments| {
            let (before, segment) = match segments.rsplit_once('/') {
                Some((before, segment)) => (Some(before), segment),
                None => (None, segments),
            };
            Some((before, spelled.literal(segment, &self.literals)?))
        });
        literal.is_some_and(|(before, node)| node.visit_back(before, spelled, take)) || take(self)
    }
}

/// The variables of a template with the pieces of the path that they capture, decoded; the error names the variable.
pub(super) fn captures<'p>(
    template: &'static Template,
    path: &'p str,
) -> impl Iterator<Item = (&'static Variable, Result<Cow<'p, str>, &'static str>)> {
    let mut walk = Walk::new(template, path.get(1..).unwrap_or_default());
    template.variables.iter().map(move |variable| {
        let pattern = template.segments.get(variable.start..variable.end).unwrap_or_default();
        let piece =
            if matches!(pattern, [Segment::Wildcard | Segment::Literal(_)]) { Piece::Segment } else { Piece::Segments };
        (variable, decode(walk.span(variable), piece))
    })
}

/// A way along the segments of a path, from one variable to the next.
struct Walk<'p> {
    segments: &'p str,
    /// Where the template has a `**`, and how many segments more the path has, which are `**`'s.
    rest: Option<(usize, isize)>,
    /// How many segments the path has.
    count: usize,
    /// The segment at hand, and where it begins.
    index: usize,
    at: usize,
}

impl<'p> Walk<'p> {
    fn new(template: &Template, segments: &'p str) -> Self {
        let rest = template.segments.iter().position(|segment| *segment == Segment::Rest).map(|rest| {
            let count = segments.bytes().filter(|&byte| byte == b'/').count() + 1;
            (rest, count as isize - template.segments.len() as isize)
        });
        let count = template.segments.len().saturating_add_signed(rest.map_or(0, |(_, more)| more));
        Self { segments, rest, count, index: 0, at: 0 }
    }

    /// What a variable captures, as sent.
    fn span(&mut self, variable: &Variable) -> &'p str {
        let (start, end) = (self.place(variable.start), self.place(variable.end));
        if start >= end {
            return "";
        }
        let from = self.seek(start);
        // Behind the segment is a slash, or the end.
        let to = if end == self.count { self.segments.len() } else { self.seek(end) - 1 };
        self.segments.get(from..to).unwrap_or_default()
    }

    /// Which segment of the path this one of the template is.
    fn place(&self, index: usize) -> usize {
        match self.rest {
            Some((rest, more)) if index > rest => index.saturating_add_signed(more),
            _ => index,
        }
    }

    /// Where a segment begins, which is not before the one at hand; one behind the end for what is behind the last.
    fn seek(&mut self, index: usize) -> usize {
        while self.index < index && self.at <= self.segments.len() {
            let rest = &self.segments.as_bytes()[self.at..];
            self.at += position(rest, b'/').unwrap_or(rest.len()) + 1;
            self.index += 1;
        }
        self.at
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
            router.visit(path, |_| {
                count += 1;
                false
            });
            count
        };
        let (few, all) = (router(many[..10].iter()), router(many.iter()));
        assert_eq!(visited(&few, "v1/kind7/a/part7/b"), 1);
        assert_eq!(visited(&all, "v1/kind7/a/part7/b"), 1);
        assert!(all.find("GET", "/v1/kind999/a/part999/b").is_ok());
        assert_eq!(all.find("GET", "/v1/kind999/a/part998/b").unwrap_err(), Unmatched::Path);
    }
}
