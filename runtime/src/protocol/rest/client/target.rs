//! Path and query of a request, by its rule (google/api/http.proto, "Path template syntax").

use bytes::BytesMut;
use http::uri::PathAndQuery;
use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::{
    json::{Form, Json, Options, Part, text_of},
    method::{BodySelector, HttpRule, Segment, Variable},
};

/// What stands for itself in a segment or a parameter: `[-_.~0-9a-zA-Z]`.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
/// And in a variable of several segments.
const SEGMENTS: &AsciiSet = &SEGMENT.remove(b'/');
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
    let mut at = 0;
    while let Some(segment) = template.segments.get(at) {
        target.push('/');
        if let Some(variable) = variables.next_if(|variable| variable.start <= at) {
            let pattern = template.segments.get(variable.start..variable.end).unwrap_or_default();
            capture(variable, pattern, message, options, target)?;
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
        target.push(':');
        target.extend(utf8_percent_encode(template.verb, LITERAL));
    }
    Ok(())
}

/// Writes the value of a variable, which must be one that the template matches.
fn capture(
    variable: &Variable,
    pattern: &[Segment],
    message: &dyn Json,
    options: &Options,
    target: &mut String,
) -> Result<(), String> {
    let name = || variable.field.join(".");
    let mut json = BytesMut::new();
    options
        .append_field(message, variable.field, Form::Json, &mut json)
        .map_err(|error| format!("the field `{}` cannot be read: {error}", name()))?;
    let json = std::str::from_utf8(&json).unwrap_or_default();
    let value = if json.is_empty() { String::new() } else { text_of(json).map_err(|error| error.to_string())? };
    let is_one = matches!(pattern, [Segment::Wildcard]);
    let fits = if is_one { !value.is_empty() } else { matches(pattern, &value) };
    if !fits {
        return Err(format!("the field `{}` is {value:?}, which does not fit `{}`", name(), shown(pattern)));
    }
    // Whoever is on the way resolves them (RFC 3986, 5.2.4), and they have no other spelling.
    if value.split('/').any(|segment| matches!(segment, "." | "..")) {
        return Err(format!("the field `{}` is {value:?}: a path cannot hold `.` and `..`", name()));
    }
    target.extend(utf8_percent_encode(&value, if is_one { SEGMENT } else { SEGMENTS }));
    Ok(())
}

/// Whether the segments of a value are those of a pattern; behind `**` stand literals only.
fn matches(pattern: &[Segment], value: &str) -> bool {
    let segments: Vec<&str> = if value.is_empty() { Vec::new() } else { value.split('/').collect() };
    let one = |(pattern, segment): (&Segment, &&str)| match pattern {
        Segment::Literal(text) => text == segment,
        Segment::Wildcard => !segment.is_empty(),
        Segment::Rest => false,
    };
    let Some(rest) = pattern.iter().position(|segment| *segment == Segment::Rest) else {
        return pattern.len() == segments.len() && pattern.iter().zip(&segments).all(one);
    };
    let (before, behind) = (&pattern[..rest], &pattern[rest + 1..]);
    segments.len() >= before.len() + behind.len()
        && before.iter().zip(&segments).all(one)
        && behind.iter().rev().zip(segments.iter().rev()).all(one)
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
