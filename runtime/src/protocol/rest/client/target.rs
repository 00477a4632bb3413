//! Path and query of a request, by its rule (google/api/http.proto, "Path template syntax").

use bytes::BytesMut;
use http::uri::PathAndQuery;
use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::{
    json::{Form, Json, Options, Part, text_of},
    method::{BodySelector, HttpRule, Segment, Template, Variable},
    protocol::rest::{
        path::Segments,
        percent::{Piece, decode},
        router::captures,
    },
};

/// What stands for itself in a segment or a parameter: `[-_.~0-9a-zA-Z]`.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
/// What cannot stand in a target, and may stand in a template.
const LITERAL: &AsciiSet =
    &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'<').add(b'>').add(b'?').add(b'`').add(b'{').add(b'}');

/// The target of a request for this message. The error says which field does not fit into it.
pub(super) fn expand(rule: &'static HttpRule, message: &dyn Json, options: &Options) -> Result<PathAndQuery, String> {
    let mut target = String::with_capacity(64);
    path(rule, message, options, &mut target)?;
    if rule.body != BodySelector::All {
        query(rule, message, options, &mut target)?;
    }
    PathAndQuery::try_from(target).map_err(|error| format!("its path and query cannot be sent: {error}"))
}

fn path(rule: &'static HttpRule, message: &dyn Json, options: &Options, target: &mut String) -> Result<(), String> {
    let template = &rule.template;
    let mut variables = template.variables.iter().peekable();
    let (mut at, mut start) = (0, 0);
    while let Some(segment) = template.segments.get(at) {
        start = target.len();
        target.push('/');
        if let Some(variable) = variables.next_if(|variable| variable.start <= at) {
            capture(template, variable, message, options, target)?;
            at = variable.end.max(at + 1);
            continue;
        }
        match segment {
            Segment::Literal(text) => target.extend(utf8_percent_encode(text, LITERAL)),
            // No field says what stands there; AIP-159 writes «any» so.
            Segment::Wildcard => target.push('-'),
            Segment::Rest => {}
        }
        at += 1;
    }
    if !template.verb.is_empty() {
        // Behind a slash a colon begins no verb (docs/rest.md, 2.3): a `**` of no segments goes without its own.
        if start > 0 && target.get(start..) == Some("/") {
            target.pop();
        }
        if target.ends_with('/') {
            return Err(format!("behind `{target}` there is no place for the verb of `{}`", template.text));
        }
        target.push(':');
        target.extend(utf8_percent_encode(template.verb, LITERAL));
    }
    Ok(())
}

/// Writes the value of a variable, which must be one that the template matches.
fn capture(
    template: &Template,
    variable: &Variable,
    message: &dyn Json,
    options: &Options,
    target: &mut String,
) -> Result<(), String> {
    let name = || variable.field.join(".");
    let mut json = BytesMut::new();
    options
        .append_field(message, variable.field, Form::Set, &mut json)
        .map_err(|error| format!("the field `{}` cannot be read: {error}", name()))?;
    let json = std::str::from_utf8(&json).unwrap_or_default();
    if json.is_empty() {
        return Err(format!("the field `{}` is not set", name()));
    }
    let value = text_of(json).map_err(|error| error.to_string())?;
    let pattern = template.segments.get(variable.start..variable.end).unwrap_or_default();
    if !write(pattern, &value, target) {
        return Err(format!("the field `{}` is {value:?}, which does not fit `{}`", name(), shown(pattern)));
    }
    // Whoever is on the way resolves them (RFC 3986, 5.2.4), and they have no other spelling.
    if value.split('/').any(|segment| matches!(segment, "." | "..")) {
        return Err(format!("the field `{}` is {value:?}: a path cannot hold `.` and `..`", name()));
    }
    Ok(())
}

/// Writes the segments of a value, if they are those of the pattern. Its literals have one spelling, by which servers
/// know them.
fn write(pattern: &[Segment], value: &str, target: &mut String) -> bool {
    let is_one = matches!(pattern, [Segment::Wildcard | Segment::Literal(_)]);
    let piece = if is_one { Piece::Segment } else { Piece::Segments };
    let segments = || value.split(|letter| letter == '/' && !is_one);
    let mut expected = stretched(pattern, segments().count());
    for (index, segment) in segments().enumerate() {
        if index > 0 {
            target.push('/');
        }
        match expected.next() {
            Some(Segment::Literal(text)) if decode(text, piece).is_ok_and(|text| text == segment) => {
                target.extend(utf8_percent_encode(text, LITERAL));
            }
            Some(Segment::Wildcard) if !segment.is_empty() => target.extend(utf8_percent_encode(segment, SEGMENT)),
            Some(Segment::Rest) => target.extend(utf8_percent_encode(segment, SEGMENT)),
            _ => return false,
        }
    }
    expected.next().is_none()
}

/// A pattern with `**` as often as it takes to have so many segments.
fn stretched(pattern: &[Segment], count: usize) -> impl Iterator<Item = &Segment> {
    let more = (count + 1).saturating_sub(pattern.len());
    let times = move |segment: &Segment| if *segment == Segment::Rest { more } else { 1 };
    pattern.iter().flat_map(move |segment| std::iter::repeat_n(segment, times(segment)))
}

fn shown(pattern: &[Segment]) -> String {
    let segments = pattern.iter().map(|segment| match segment {
        Segment::Literal(text) => text,
        Segment::Wildcard => "*",
        Segment::Rest => "**",
    });
    segments.collect::<Vec<_>>().join("/")
}

fn query(rule: &'static HttpRule, message: &dyn Json, options: &Options, target: &mut String) -> Result<(), String> {
    let body = match rule.body {
        BodySelector::Field(name) => Some(name),
        BodySelector::None | BodySelector::All => None,
    };
    let part = Part { variables: rule.template.variables, body };
    let parameters =
        options.parameters(message, part).map_err(|error| format!("a field cannot stand in the query: {error}"))?;
    for (index, (name, value)) in parameters.iter().enumerate() {
        target.push(if index == 0 { '?' } else { '&' });
        target.extend(utf8_percent_encode(name, SEGMENT));
        target.push('=');
        target.extend(utf8_percent_encode(value, SEGMENT));
    }
    Ok(())
}

/// The field of which two targets by the same template do not say the same.
pub(super) fn difference(template: &'static Template, first: &PathAndQuery, other: &PathAndQuery) -> Option<String> {
    if first == other {
        return None;
    }
    let (Some(mine), Some(theirs)) = (Segments::of(first.path()), Segments::of(other.path())) else {
        return Some(template.text.to_owned());
    };
    let captured = captures(template, first.path(), &mine).zip(captures(template, other.path(), &theirs));
    for ((variable, first), (_, other)) in captured {
        if first != other {
            return Some(variable.field.join("."));
        }
    }
    let values = |target, name| parameters(target).filter(move |parameter| parameter.0 == name);
    let mut names = parameters(first).chain(parameters(other)).map(|(name, _)| name);
    names.find(|&name| !values(first, name).eq(values(other, name))).map(str::to_owned)
}

/// The names and values of a query.
fn parameters(target: &PathAndQuery) -> impl Iterator<Item = (&str, &str)> {
    let parameters = target.query().unwrap_or_default().split('&');
    parameters.map(|parameter| parameter.split_once('=').unwrap_or((parameter, "")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        grpc::health::v1::HealthCheckRequest,
        method::Content,
        protocol::rest::router::{Router, captures},
    };

    /// A rule whose template has one variable, around all that stands in braces.
    fn rule(text: &'static str) -> &'static HttpRule {
        let (path, verb) = text.rsplit_once(':').unwrap_or((text, ""));
        let places = path[1..].split('/').enumerate();
        let (mut start, mut end) = (0, 0);
        let segments: Vec<_> = places
            .map(|(at, segment)| {
                start = if segment.starts_with('{') { at } else { start };
                end = if segment.ends_with('}') { at + 1 } else { end };
                match segment.trim_matches(['{', '}']) {
                    "*" => Segment::Wildcard,
                    "**" => Segment::Rest,
                    literal => Segment::Literal(literal),
                }
            })
            .collect();
        let variables = vec![Variable { field: &["service"], start, end }];
        let template = Template { text, segments: segments.leak(), verb, variables: variables.leak() };
        let (request, response) = (Content::Json, Content::Json);
        let body = BodySelector::All;
        Box::leak(Box::new(HttpRule {
            verb: "POST",
            template,
            body,
            response_body: "",
            request,
            response,
            update_mask: "",
        }))
    }

    /// What our own server makes of it is what was written.
    #[test]
    fn paths_of_values() {
        let options = Options::new();
        for (text, value, expected) in [
            ("/v1/{*}", "a/b:c", Ok("/v1/a%2Fb%3Ac")),
            ("/v1/{*}", "", Err("is \"\", which does not fit `*`")),
            ("/v1/{a/*}/b", "a/x", Ok("/v1/a/x/b")),
            ("/v1/{a/*}/b", "a/x/y", Err("does not fit `a/*`")),
            ("/v1/{a/*}/b", "b/x", Err("does not fit `a/*`")),
            ("/v1/{**}", "", Ok("/v1/")),
            ("/v1/{**}", "a/", Ok("/v1/a/")),
            ("/v1/{a/**}", "a", Ok("/v1/a")),
            ("/v1/{a/**}", "", Err("does not fit `a/**`")),
            ("/v1/{**/z}", "z", Ok("/v1/z")),
            ("/v1/{**/z}", "a/%2F/z", Ok("/v1/a/%252F/z")),
            ("/v1/{a/**/z}", "a", Err("does not fit `a/**/z`")),
            ("/v1/{*}:verb", "a/", Ok("/v1/a%2F:verb")),
            ("/v1/{**}:verb", "a:verb", Ok("/v1/a%3Averb:verb")),
            ("/v1/{**}:verb", "", Ok("/v1:verb")),
            ("/v1/{a/**}:verb", "a", Ok("/v1/a:verb")),
            ("/v1/{**}/b:verb", "", Ok("/v1//b:verb")),
            ("/v1/{**}:verb", "a/", Err("behind `/v1/a/` there is no place for the verb of `/v1/{**}:verb`")),
            ("/v1/{**}:verb", "/", Err("behind `/v1//` there is no place")),
            ("/{**}:verb", "", Err("behind `/` there is no place")),
            // What a literal says has one spelling in a path, and stands decoded in the field.
            ("/v1/{a@b/*}", "a@b/@", Ok("/v1/a@b/%40")),
            ("/v1/{!$&'()+,;=/**}", "!$&'()+,;=/+", Ok("/v1/!$&'()+,;=/%2B")),
            ("/v1/{a%20b/*}", "a b/c", Ok("/v1/a%20b/c")),
            ("/v1/{a%20b/*}", "a%20b/c", Err("does not fit `a%20b/*`")),
            ("/v1/{a%2fb/*}", "a%2fb/c", Ok("/v1/a%2fb/c")),
            ("/v1/{%2F%2A}", "/*", Ok("/v1/%2F%2A")),
        ] {
            let (rule, mut router) = (rule(text), Router::default());
            router.add(rule, ()).expect("the only rule");
            let message = HealthCheckRequest { service: value.into() };
            let found = expand(rule, &message, &options);
            match (found, expected) {
                (Ok(found), Ok(expected)) => {
                    assert_eq!(found, expected, "{text} {value}");
                    let read = router.find("POST", found.path()).expect("the rule");
                    let read: Vec<_> = captures(&rule.template, found.path(), &read.segments).collect();
                    assert_eq!(read[0].1.as_deref(), Ok(value), "{text}");
                }
                (Err(found), Err(expected)) => assert!(found.contains(expected), "{found:?} has {expected:?}"),
                (found, expected) => panic!("{text} {value:?}: {found:?}, not {expected:?}"),
            }
        }
    }
}
