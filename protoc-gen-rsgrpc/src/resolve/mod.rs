//! From descriptors to the model: every decision about a proto is taken here, and every mistake in it found.

mod context;
mod defaults;
mod docs;
mod enums;
mod externs;
mod facts;
mod fields;
mod http;
mod json;
mod layout;
mod messages;
mod names;
mod packages;
mod scopes;
mod selection;
mod services;

use context::Context;
#[cfg(feature = "fuzzing")]
pub(crate) use http::template as http_template;
pub(crate) use names::is_identifier;

use crate::diagnostic::Diagnostics;
use crate::model::Package;
use crate::options::Options;
use crate::pool::Pool;
use crate::request::Request;

/// The packages to generate, in the order of their names.
pub(crate) fn resolve(request: &Request, options: &Options) -> Result<Vec<Package>, Diagnostics> {
    let mut diagnostics = Diagnostics::default();
    let pool = Pool::build(request, &mut diagnostics);
    let mut context = Context::new(&pool, request, options, diagnostics);
    let packages = packages::packages(&mut context);
    context.finish(packages)
}
