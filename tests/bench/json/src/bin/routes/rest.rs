//! The folder that the router's source is in, and what builds one.

#[path = "../../../../../../runtime/src/protocol/rest/path.rs"]
mod path;
#[path = "../../../../../../runtime/src/protocol/rest/percent.rs"]
mod percent;
#[path = "../../../../../../runtime/src/protocol/rest/router.rs"]
mod router;

use rsgrpc::{BodySelector, Content, HttpRule, Segment, Template, Variable};

pub(crate) struct OurRouter(router::Router<usize>);

/// The templates are of literals and of variables of one segment, each named by its letter.
pub(crate) fn our_router(templates: &[String]) -> OurRouter {
    let mut router = router::Router::default();
    for (index, template) in templates.iter().enumerate() {
        let added = router.add(rule(template.clone().leak()), index);
        assert!(added.is_ok(), "{template} is there twice");
    }
    OurRouter(router)
}

impl OurRouter {
    /// The index of the template, and how long its variables are.
    pub(crate) fn find(&self, path: &str) -> Option<(usize, usize)> {
        let found = self.0.find("GET", path).ok()?;
        let values = router::captures(&found.rule.template, path, &found.segments);
        Some((*found.target, values.filter_map(|(_, value)| Some(value.ok()?.len())).sum()))
    }
}

fn rule(text: &'static str) -> &'static HttpRule {
    let mut variables = Vec::new();
    let segments: Vec<_> = text[1..]
        .split('/')
        .enumerate()
        .map(|(at, segment)| match segment.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
            Some(name) => {
                let field: &'static [&'static str] = vec![name].leak();
                variables.push(Variable { field, start: at, end: at + 1 });
                Segment::Wildcard
            }
            None => Segment::Literal(segment),
        })
        .collect();
    let template = Template { text, segments: segments.leak(), verb: "", variables: variables.leak() };
    Box::leak(Box::new(HttpRule {
        verb: "GET",
        template,
        body: BodySelector::None,
        response_body: "",
        request: Content::Json,
        response: Content::Json,
        update_mask: "",
    }))
}
