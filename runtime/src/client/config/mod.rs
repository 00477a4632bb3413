//! Service configs: what a service asks of the calls of its clients (grpc/service_config.proto, gRFC A2 and A6).

#[cfg(feature = "net")]
mod balancing;
mod dns;
mod methods;
mod node;
mod policy;

use std::{fmt, str::FromStr, sync::Arc};

use prost_types::{Value, value::Kind};

pub(crate) use methods::MethodConfig;
use methods::Methods;
use node::Node;
pub(crate) use policy::{Codes, Hedging, Repeat, Retry, Throttling};

use crate::{json, method::Method};

/// What a service asks of its clients: timeouts, limits, retries, hedging and load balancing, by method. It is made from
/// JSON as grpc/service_config.proto has it, the same for clients in all languages.
///
/// ```
/// use rsgrpc::client::ServiceConfig;
///
/// let config: ServiceConfig = r#"{
///     "methodConfig": [{
///         "name": [{"service": "hello.v1.Greeter"}],
///         "timeout": "2s",
///         "waitForReady": true,
///         "retryPolicy": {
///             "maxAttempts": 4,
///             "initialBackoff": "0.1s",
///             "maxBackoff": "1s",
///             "backoffMultiplier": 2,
///             "retryableStatusCodes": ["UNAVAILABLE"]
///         }
///     }]
/// }"#
/// .parse()?;
/// # Ok::<(), rsgrpc::client::ServiceConfigError>(())
/// ```
///
/// Retries alone do not bridge the absence of a server: it is connected to again only after a pause of about a second, in
/// which calls fail at once, and all their attempts with them. `waitForReady` does, as long as the deadline allows.
///
/// What it has that this client does not know is ignored, as gRPC asks for.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ServiceConfig {
    methods: Methods,
    throttling: Option<Throttling>,
    #[cfg(feature = "net")]
    balancing: Option<super::channel::LoadBalancing>,
    health: Option<String>,
}

impl ServiceConfig {
    /// Reads a config from its JSON.
    ///
    /// # Errors
    ///
    /// The text is no JSON, or says what no config may say; the error names the place.
    pub fn from_json(text: &str) -> Result<Self, ServiceConfigError> {
        Self::read(&Node::root(&json(text)?))
    }

    fn read(root: &Node<'_>) -> Result<Self, ServiceConfigError> {
        root.object()?;
        let throttling = root.get("retryThrottling").map(|node| Throttling::read(&node)).transpose()?;
        let health = root.get("healthCheckConfig");
        health.as_ref().map(Node::object).transpose()?;
        let health = health.and_then(|node| node.get("serviceName"));
        Ok(Self {
            methods: Methods::read(root.get("methodConfig").as_ref())?,
            throttling,
            #[cfg(feature = "net")]
            balancing: balancing::read(root)?,
            health: health.map(|name| name.text().map(str::to_owned)).transpose()?,
        })
    }

    /// What it says of a method: by the method's name, else by its service's, else the default.
    pub(crate) fn of(&self, method: &Method) -> Option<&Arc<MethodConfig>> {
        self.methods.of(method)
    }

    pub(crate) fn throttling(&self) -> Option<Throttling> {
        self.throttling
    }

    /// How calls are to be spread; `None` where it does not say.
    #[cfg(feature = "net")]
    pub fn load_balancing(&self) -> Option<&super::channel::LoadBalancing> {
        self.balancing.as_ref()
    }

    #[cfg(feature = "net")]
    pub(crate) fn forget_load_balancing(&mut self) {
        self.balancing = None;
    }

    #[cfg(feature = "net")]
    pub(crate) fn forget_health(&mut self) {
        self.health = None;
    }

    /// The service whose health decides which backends are called (`healthCheckConfig`); `None` where it does not say.
    pub fn health_service(&self) -> Option<&str> {
        self.health.as_deref()
    }

    /// The config in a TXT record of DNS at `_grpc_config.<host>`, which offers some to clients of certain languages,
    /// hosts or shares (gRFC A2): the first that is for clients in Rust, on this host and of this percentile, a number
    /// from 0 to 99 that a client draws once. `None` where the record is no such offer, or none is for this client.
    ///
    /// # Errors
    ///
    /// As of [`from_json`](Self::from_json).
    pub fn from_txt(record: &str, percentile: u32, hostname: &str) -> Result<Option<Self>, ServiceConfigError> {
        dns::choose(record, percentile, hostname)
    }
}

impl FromStr for ServiceConfig {
    type Err = ServiceConfigError;

    fn from_str(text: &str) -> Result<Self, ServiceConfigError> {
        Self::from_json(text)
    }
}

/// A service config cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceConfigError {
    place: String,
    why: String,
}

impl ServiceConfigError {
    fn new(place: &str, why: &str) -> Self {
        Self { place: place.to_owned(), why: why.to_owned() }
    }
}

impl fmt::Display for ServiceConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { place, why } = self;
        if place.is_empty() {
            return write!(f, "the service config cannot be used: {why}");
        }
        write!(f, "the service config cannot be used: {place}: {why}")
    }
}

impl std::error::Error for ServiceConfigError {}

fn json(text: &str) -> Result<Value, ServiceConfigError> {
    json::from_str(text).map_err(|error| {
        // Members are entries of maps there.
        let place = error.path().replace("[\"", ".").replace("\"]", "");
        let (line, column) = error.position().unwrap_or_default();
        let why = format!("{} (line {line}, column {column})", error.message());
        ServiceConfigError::new(place.trim_start_matches('.'), &why)
    })
}

/// What a value is, for an error.
fn shown(value: &Value) -> &'static str {
    match &value.kind {
        None | Some(Kind::NullValue(_)) => "null",
        Some(Kind::BoolValue(_)) => "a boolean",
        Some(Kind::NumberValue(_)) => "a number",
        Some(Kind::StringValue(_)) => "a string",
        Some(Kind::ListValue(_)) => "an array",
        Some(Kind::StructValue(_)) => "an object",
    }
}
