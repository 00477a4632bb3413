//! `google.api.http`, checked.

pub(crate) struct HttpRule {
    /// The HTTP method; `*` is any.
    pub(crate) verb: String,
    pub(crate) template: Template,
    pub(crate) body: Body,
    /// A field of the response; empty for the whole message.
    pub(crate) response_body: String,
    /// What the HTTP body of the request is.
    pub(crate) request: Content,
    /// What the HTTP body of the response is.
    pub(crate) response: Content,
    /// The field of the request that a PATCH may leave to be filled from its body; empty if there is none.
    pub(crate) update_mask: String,
}

/// What an HTTP body is.
#[derive(Clone, Copy)]
pub(crate) enum Content {
    Json,
    /// The bytes of a `google.api.HttpBody`.
    HttpBody,
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
