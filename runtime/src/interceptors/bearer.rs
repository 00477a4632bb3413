//! Bearer tokens (RFC 6750).

use std::{collections::HashSet, future::Future, sync::Arc};

use tonic::{
    Status,
    metadata::{Ascii, MetadataValue},
};

use crate::{
    client::{self, ClientInterceptor, Incoming, Outgoing},
    handler::{Answer, Call},
    interceptor::{Interceptor, Next},
};

/// Longer tokens are refused unread.
const LONGEST: usize = 8 * 1024;

/// Asks each caller for a bearer token in the metadata `authorization`, and hands what a [`Verifier`] finds in it to the
/// handler as an extension of the request.
///
/// Without a token, and with one that is not valid, a call ends with `UNAUTHENTICATED` before the handler learns of it.
/// The caller is never told what is wrong with a token; the log is, at the level INFO.
///
/// ```
/// # #[cfg(feature = "auth")] {
/// use rsgrpc::{Request, Response, Server, Status, interceptors::{BearerAuth, StaticTokens, TokenName}};
///
/// let auth = BearerAuth::new(StaticTokens::new([("ci", "s3cr3t")])).public("grpc.health.v1.Health");
/// let server = Server::builder().interceptor(auth).build();
///
/// async fn hello(request: Request<String>) -> Result<Response<String>, Status> {
///     let caller = request.extensions().get::<TokenName>();
///     Ok(Response::new(format!("Hello {caller:?}")))
/// }
/// # }
/// ```
#[derive(Debug)]
pub struct BearerAuth<V> {
    verifier: V,
    public: HashSet<String>,
}

/// Knows which tokens are valid, and what they say.
pub trait Verifier: Send + Sync + 'static {
    /// What a valid token says about its bearer.
    type Principal: Clone + Send + Sync + 'static;

    /// Reads a token.
    fn verify(&self, token: &str) -> impl Future<Output = Result<Self::Principal, Denied>> + Send;
}

impl<V: Verifier> Verifier for Arc<V> {
    type Principal = V::Principal;

    fn verify(&self, token: &str) -> impl Future<Output = Result<Self::Principal, Denied>> + Send {
        V::verify(self, token)
    }
}

/// Why a token was not accepted. The reason is for the log of the server, never for the caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denied {
    reason: String,
    unavailable: bool,
}

impl Denied {
    /// The token is not valid: the call ends with `UNAUTHENTICATED`.
    pub fn invalid(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), unavailable: false }
    }

    /// Whether the token is valid cannot be found out now: the call ends with `UNAVAILABLE`.
    pub fn unavailable(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), unavailable: true }
    }
}

impl<V: Verifier> BearerAuth<V> {
    /// Every call needs a token that this verifier accepts.
    pub fn new(verifier: V) -> Self {
        Self { verifier, public: HashSet::new() }
    }

    /// Lets everybody call a service (`grpc.health.v1.Health`) or a method (`example.v1.Users/SignIn`) without a token.
    #[must_use]
    pub fn public(mut self, name: impl Into<String>) -> Self {
        self.public.insert(name.into());
        self
    }
}

impl<V: Verifier> Interceptor for BearerAuth<V> {
    async fn intercept(&self, mut call: Call, next: Next) -> Result<Answer, Status> {
        let method = call.method();
        if self.public.contains(method.full_name()) || self.public.contains(method.service()) {
            return next.run(call).await;
        }
        let token = token(&call).map(str::to_owned);
        let verified = match token {
            Ok(token) => self.verifier.verify(&token).await.map_err(Some),
            Err(denied) => Err(denied),
        };
        match verified {
            Ok(principal) => call.extensions_mut().insert(principal),
            Err(denied) => return Err(refuse(&call, denied)),
        };
        next.run(call).await
    }
}

fn refuse(call: &Call, denied: Option<Denied>) -> Status {
    let Some(Denied { reason, unavailable }) = denied else {
        return unauthenticated("a bearer token is required in the metadata `authorization`");
    };
    let (method, peer) = (call.method().full_name(), call.peer().remote_addr);
    tracing::info!(target: "rsgrpc::auth", method, ?peer, ?reason, "a token was refused");
    if unavailable {
        return Status::unavailable("the token cannot be verified now; try again");
    }
    unauthenticated("the bearer token is not valid")
}

/// The one token of a call. The error is `None` where there is no sign of any.
fn token(call: &Call) -> Result<&str, Option<Denied>> {
    let mut values = call.metadata().get_all("authorization").iter();
    let value = values.next().ok_or(None)?;
    let invalid = |reason: &str| Some(Denied::invalid(reason));
    if values.next().is_some() {
        return Err(invalid("there are several values of `authorization`"));
    }
    let value = value.to_str().map_err(|_| invalid("`authorization` is not ASCII"))?;
    match value.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => match token.trim() {
            "" => Err(invalid("the token is empty")),
            token if token.len() > LONGEST => Err(invalid("the token is longer than 8 KiB")),
            token => Ok(token),
        },
        _ => Err(invalid("`authorization` is of another scheme")),
    }
}

/// The challenge is what a caller by HTTP expects beside a 401 (RFC 6750, 3).
fn unauthenticated(message: &str) -> Status {
    let mut status = Status::unauthenticated(message);
    status.metadata_mut().insert("www-authenticate", MetadataValue::from_static("Bearer"));
    status
}

/// Sends a bearer token with each call of a client. Use it over TLS only: whoever can read the connection has the token.
#[derive(Clone)]
pub struct BearerToken(MetadataValue<Ascii>);

impl BearerToken {
    /// This token, always.
    ///
    /// # Errors
    ///
    /// The token has other characters than visible ASCII.
    pub fn new(token: &str) -> Result<Self, InvalidToken> {
        let mut value: MetadataValue<Ascii> = format!("Bearer {token}").parse().map_err(|_| InvalidToken)?;
        value.set_sensitive(true);
        Ok(Self(value))
    }
}

impl ClientInterceptor for BearerToken {
    async fn intercept(&self, mut call: Outgoing, next: client::Next) -> Result<Incoming, Status> {
        call.metadata_mut().insert("authorization", self.0.clone());
        next.run(call).await
    }
}

impl std::fmt::Debug for BearerToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("BearerToken(..)")
    }
}

/// A token that cannot be sent: it has other characters than visible ASCII.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidToken;

impl std::fmt::Display for InvalidToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the token has characters other than visible ASCII")
    }
}

impl std::error::Error for InvalidToken {}
