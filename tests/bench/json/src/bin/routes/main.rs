//! Finds the routes of so many templates and what their variables hold: `routes ours 1000 50000`. See `tests/bench/json-cost`.
//!
//! Our router is private to the runtime: its source is compiled here a second time.

#[path = "../../../../../../runtime/src/hash.rs"]
mod hash;
#[allow(dead_code, reason = "less is asked of it here than in the runtime")]
mod rest;

use std::{error::Error, hint::black_box};

use self::rest::{OurRouter, our_router};

/// What the router's source imports.
mod method {
    #[cfg(test)]
    pub(crate) use rsgrpc::{BodySelector, Content};
    pub(crate) use rsgrpc::{HttpRule, Segment, Template, Variable};
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [router, templates, operations] = arguments.as_slice() else {
        return Err("usage: routes ours|matchit TEMPLATES OPERATIONS".into());
    };
    let (templates, operations) = (templates.parse()?, operations.parse()?);
    match router.as_str() {
        "ours" => {
            let router: OurRouter = our_router(&self::templates(templates));
            measure(operations, |path| router.find(path))
        }
        "matchit" => {
            let mut router = matchit::Router::new();
            for (index, template) in self::templates(templates).into_iter().enumerate() {
                router.insert(template, index)?;
            }
            measure(operations, |path| {
                let found = router.at(path).ok()?;
                Some((*found.value, found.params.iter().map(|(_, value)| value.len()).sum()))
            })
        }
        other => Err(format!("there is no router {other}").into()),
    }
}

/// Resources of many kinds, as APIs have them: a list, one by its name, and what belongs to it.
fn templates(count: usize) -> Vec<String> {
    (0..count)
        .map(|index| {
            let kind = index / 4;
            match index % 4 {
                0 => format!("/v1/kinds{kind}"),
                1 => format!("/v1/kinds{kind}/{{a}}"),
                2 => format!("/v1/kinds{kind}/{{a}}/parts"),
                _ => format!("/v1/kinds{kind}/{{a}}/parts/{{b}}"),
            }
        })
        .collect()
}

/// What is asked for is in all sizes the same.
const PATHS: [(&str, (usize, usize)); 4] = [
    ("/v1/kinds1", (4, 0)),
    ("/v1/kinds1/some-name-25", (5, 12)),
    ("/v1/kinds0/some-name-25/parts", (2, 12)),
    ("/v1/kinds1/some-name-25/parts/another-part-7", (7, 26)),
];

fn measure(operations: usize, find: impl Fn(&str) -> Option<(usize, usize)>) -> Result<(), Box<dyn Error>> {
    for (path, expected) in PATHS {
        if find(path) != Some(expected) {
            return Err(format!("{path} leads to {:?}, not {expected:?}", find(path)).into());
        }
    }
    for _ in 0..operations / PATHS.len() {
        for (path, _) in PATHS {
            black_box(find(black_box(path)));
        }
    }
    Ok(())
}
