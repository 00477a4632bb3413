//! What the fuzz targets reach of the inside. Not part of the API.

use crate::model::{Segment, Template};

/// Parses a path template and writes it anew from its parts, with `{name=*}` for `{name}`; `None` if it is none.
pub fn template(text: &str) -> Option<String> {
    crate::resolve::http_template(text).map(|template| write(&template))
}

fn write(template: &Template) -> String {
    let mut text = String::new();
    for (index, segment) in template.segments.iter().enumerate() {
        text.push('/');
        if let Some(variable) = template.variables.iter().find(|variable| variable.start == index) {
            text += &format!("{{{}=", variable.field.join("."));
        }
        text += match segment {
            Segment::Literal(literal) => literal,
            Segment::Wildcard => "*",
            Segment::Rest => "**",
        };
        if template.variables.iter().any(|variable| variable.end == index + 1) {
            text.push('}');
        }
    }
    if !template.verb.is_empty() {
        text.push(':');
        text += &template.verb;
    }
    text
}
