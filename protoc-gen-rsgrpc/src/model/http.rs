//! `google.api.http`, checked.

pub(crate) struct HttpRule {
    /// The HTTP method; `*` is any.
    pub(crate) verb: String,
    pub(crate) template: Template,
    pub(crate) body: Body,
    /// A field of the response; empty for the whole message.
    pub(crate) response_body: String,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Template {
    /// As in the proto.
    pub(crate) text: String,
    pub(crate) segments: Vec<Segment>,
    /// What follows the last colon; empty if there is none.
    pub(crate) verb: String,
    pub(crate) variables: Vec<Variable>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Segment {
    Literal(String),
    /// `*`: one segment.
    Wildcard,
    /// `**`: any number of segments.
    Rest,
}

/// Segments `start..end` of the template are the value of a field.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Variable {
    /// Proto names from the request message down to the field.
    pub(crate) field: Vec<String>,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

pub(crate) enum Body {
    None,
    All,
    Field(String),
}
