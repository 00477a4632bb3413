//! Who may call what.

use std::{collections::HashMap, fmt};

use tonic::Status;

use crate::{
    handler::{Answer, Call},
    interceptor::{Interceptor, Next},
};

/// A table of who may call which service or method. What is not in it nobody may call: the call ends with
/// `PERMISSION_DENIED`.
///
/// A rule looks at the call: at what [`BearerAuth`](super::BearerAuth) put into its extensions, at the certificate of
/// its peer. That of a method counts instead of that of its service.
///
/// ```
/// # #[cfg(feature = "auth")] {
/// use rsgrpc::{Call, interceptors::{Permissions, TokenName}};
///
/// fn named(call: &Call, name: &str) -> bool {
///     call.extensions().get::<TokenName>().is_some_and(|caller| caller.as_str() == name)
/// }
///
/// let permissions = Permissions::new()
///     .allow("example.v1.Users", |_| true)
///     .allow("example.v1.Users/Delete", |call| named(call, "admin"));
/// # }
/// ```
#[derive(Default)]
pub struct Permissions {
    rules: HashMap<String, Box<Rule>>,
}

type Rule = dyn Fn(&Call) -> bool + Send + Sync;

impl Permissions {
    /// A table without rules: nobody may call anything.
    pub fn new() -> Self {
        Self::default()
    }

    /// Who may call a service (`example.v1.Users`) or a method (`example.v1.Users/Delete`). A second rule for the same
    /// name counts in place of the first.
    #[must_use]
    pub fn allow(mut self, name: impl Into<String>, rule: impl Fn(&Call) -> bool + Send + Sync + 'static) -> Self {
        self.rules.insert(name.into(), Box::new(rule));
        self
    }

    fn allows(&self, call: &Call) -> bool {
        let method = call.method();
        let rule = self.rules.get(method.full_name()).or_else(|| self.rules.get(method.service()));
        rule.is_some_and(|rule| rule(call))
    }
}

impl Interceptor for Permissions {
    async fn intercept(&self, call: Call, next: Next) -> Result<Answer, Status> {
        if !self.allows(&call) {
            let method = call.method().full_name();
            tracing::info!(target: "rsgrpc::auth", method, peer = ?call.peer().remote_addr, "a call was not permitted");
            return Err(Status::permission_denied("the caller may not call this method"));
        }
        next.run(call).await
    }
}

impl fmt::Debug for Permissions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Permissions").field(&self.rules.keys()).finish()
    }
}
