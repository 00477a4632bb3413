//! Which web pages of other origins may call a server (CORS, the Fetch standard).

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, header, request::Parts};

use super::BuildError;
use crate::call::Body;

/// The methods that our protocols use.
const METHODS: &str = "GET, POST, PUT, PATCH, DELETE";

/// What callers of gRPC-Web and Connect send besides what browsers send anyway, our own client in a page among them.
const REQUEST_HEADERS: [&str; 13] = [
    "content-type",
    "content-encoding",
    "connect-protocol-version",
    "connect-timeout-ms",
    "connect-content-encoding",
    "connect-accept-encoding",
    "grpc-timeout",
    "grpc-encoding",
    "grpc-accept-encoding",
    "grpc-previous-rpc-attempts",
    "x-grpc-web",
    "x-user-agent",
    "user-agent",
];

/// What callers of gRPC-Web and Connect read of an answer. `content-encoding` is for the browser, which undoes it.
const RESPONSE_HEADERS: [&str; 6] = [
    "grpc-status",
    "grpc-message",
    "grpc-status-details-bin",
    "grpc-encoding",
    "grpc-accept-encoding",
    "connect-content-encoding",
];

/// Which web pages of other origins may call a server; [`ServerBuilder::cors`](crate::ServerBuilder::cors) sets it.
///
/// The headers of the protocols are allowed and exposed of themselves, those of compression included. Metadata of one's
/// own must be named, in requests ([`allow_headers`](Self::allow_headers)) as in answers
/// ([`expose_headers`](Self::expose_headers); trailing metadata of a unary Connect call with `trailer-` before its name).
///
/// ```
/// use rsgrpc::Cors;
///
/// let cors = Cors::origins(["https://app.example.com"]).allow_headers(["authorization"]);
/// let server = rsgrpc::Server::builder().cors(cors).build()?;
/// # Ok::<(), rsgrpc::BuildError>(())
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct Cors {
    /// `None` for any.
    origins: Option<Vec<String>>,
    allow_headers: Vec<String>,
    expose_headers: Vec<String>,
    credentials: bool,
    max_age: Duration,
}

impl Cors {
    /// Lets pages of these origins call, written as browsers do: `https://app.example.com`, with the port where it is
    /// not the scheme's own, and without a path.
    pub fn origins(origins: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self::new(Some(origins.into_iter().map(Into::into).collect()))
    }

    /// Lets pages of any origin call. For what everybody may see anyway.
    pub fn any_origin() -> Self {
        Self::new(None)
    }

    /// Metadata that calls may have.
    pub fn allow_headers(mut self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.allow_headers.extend(names.into_iter().map(Into::into));
        self
    }

    /// Metadata of answers that pages may read.
    pub fn expose_headers(mut self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.expose_headers.extend(names.into_iter().map(Into::into));
        self
    }

    /// Lets calls carry cookies and HTTP authentication. Not for [any origin](Self::any_origin).
    pub fn allow_credentials(mut self) -> Self {
        self.credentials = true;
        self
    }

    /// How long browsers may remember what is allowed. Default: 2 hours, the longest that Chrome does.
    pub fn max_age(mut self, age: Duration) -> Self {
        self.max_age = age;
        self
    }

    fn new(origins: Option<Vec<String>>) -> Self {
        Self {
            origins,
            allow_headers: Vec::new(),
            expose_headers: Vec::new(),
            credentials: false,
            max_age: Duration::from_secs(7200),
        }
    }

    /// Checks the settings.
    pub(super) fn policy(self) -> Result<Policy, BuildError> {
        if self.credentials && self.origins.is_none() {
            return Err(BuildError(
                "CORS lets any origin call with credentials, so any page could act for its visitor; name the origins"
                    .to_owned(),
            ));
        }
        let origins = self.origins.map(|origins| origins.iter().map(|origin| parse_origin(origin)).collect());
        Ok(Policy {
            origins: origins.transpose()?,
            allow_headers: list(&REQUEST_HEADERS, &self.allow_headers)?,
            expose_headers: list(&RESPONSE_HEADERS, &self.expose_headers)?,
            credentials: self.credentials,
            max_age: HeaderValue::from(self.max_age.as_secs()),
        })
    }
}

/// The methods that a page may use: ours, and the one that it asks for, which a rule may have that no other protocol has.
/// Where none has it, the answer to the request says so.
fn methods(head: &Parts) -> HeaderValue {
    let asked = head.headers.get(header::ACCESS_CONTROL_REQUEST_METHOD).and_then(|method| method.to_str().ok());
    asked
        .filter(|asked| !METHODS.split(", ").any(|ours| ours == *asked))
        .and_then(|asked| Method::from_bytes(asked.as_bytes()).ok())
        .and_then(|asked| HeaderValue::try_from(format!("{METHODS}, {asked}")).ok())
        .unwrap_or(HeaderValue::from_static(METHODS))
}

fn parse_origin(origin: &str) -> Result<HeaderValue, BuildError> {
    let (scheme, host) = origin.split_once("://").unwrap_or_default();
    let own_port = match scheme {
        "https" => ":443",
        "http" => ":80",
        _ => "",
    };
    let plain = !host.is_empty() && !host.contains(['/', '*', ',', ' ', '?', '#', '@']) && !has_odd_port(host);
    let written = plain && !origin.contains(char::is_uppercase) && (own_port.is_empty() || !host.ends_with(own_port));
    HeaderValue::from_str(origin).ok().filter(|_| written).ok_or_else(|| {
        BuildError(format!(
            "{origin:?} is no origin that a browser sends; write it as scheme://host or, where the port is not the \
             scheme's own, scheme://host:port, in lower case"
        ))
    })
}

/// Whether what follows the last colon outside of an IPv6 address is no port as browsers write them.
fn has_odd_port(host: &str) -> bool {
    let behind_address = host.rsplit_once(']').map_or(host, |(_, rest)| rest);
    let port = behind_address.split_once(':').map(|(_, port)| port);
    port.is_some_and(|port| port.parse::<u16>().map(|number| number.to_string()).as_deref() != Ok(port))
}

fn list(ours: &[&str], more: &[String]) -> Result<HeaderValue, BuildError> {
    if let Some(name) = more.iter().find(|name| HeaderName::from_bytes(name.as_bytes()).is_err()) {
        return Err(BuildError(format!("CORS names the header {name:?}, which is no header name")));
    }
    let names = ours.iter().copied().chain(more.iter().map(String::as_str)).collect::<Vec<_>>().join(", ");
    HeaderValue::try_from(names).map_err(|error| BuildError(error.to_string()))
}

/// [`Cors`], checked.
pub(crate) struct Policy {
    origins: Option<Vec<HeaderValue>>,
    allow_headers: HeaderValue,
    expose_headers: HeaderValue,
    credentials: bool,
    max_age: HeaderValue,
}

impl Policy {
    /// The answer to a browser that asks what it may do.
    pub(super) fn preflight(&self, head: &Parts) -> Option<Response<Body>> {
        let asks = head.headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
        if head.method != Method::OPTIONS || !asks || !head.headers.contains_key(header::ORIGIN) {
            return None;
        }
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NO_CONTENT;
        let headers = response.headers_mut();
        if self.allow(head, headers) {
            headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, methods(head));
            let vary = match self.origins {
                Some(_) => "origin, access-control-request-method",
                None => "access-control-request-method",
            };
            headers.insert(header::VARY, HeaderValue::from_static(vary));
            headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, self.allow_headers.clone());
            headers.insert(header::ACCESS_CONTROL_MAX_AGE, self.max_age.clone());
        }
        Some(response)
    }

    /// What the answer to a request needs besides its own headers.
    pub(super) fn headers(&self, head: &Parts) -> HeaderMap {
        let mut headers = HeaderMap::new();
        if self.allow(head, &mut headers) {
            headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, self.expose_headers.clone());
        }
        headers
    }

    /// Allows the origin of a request, if it may call.
    fn allow(&self, head: &Parts, headers: &mut HeaderMap) -> bool {
        let origin = head.headers.get(header::ORIGIN);
        let allowed = match &self.origins {
            // Callers of no page get it as well, so that caches may give one answer to all.
            None => Some(HeaderValue::from_static("*")),
            Some(origins) => {
                // The answer is another one for another origin, and caches must know.
                headers.insert(header::VARY, HeaderValue::from_static("origin"));
                origin.filter(|origin| origins.contains(origin)).cloned()
            }
        };
        let Some(allowed) = allowed else {
            return false;
        };
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, allowed);
        if self.credentials {
            headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        }
        true
    }
}
