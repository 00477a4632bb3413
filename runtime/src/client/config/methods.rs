//! What a config says of methods.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::Arc,
    time::Duration,
};

use super::{Hedging, Node, Repeat, Retry, ServiceConfigError};
use crate::method::Method;

/// The configs of methods: by `service/method`, by `service/`, and by `` for all others.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Methods {
    by_name: HashMap<String, Arc<MethodConfig>>,
}

/// What a config says of one method.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct MethodConfig {
    pub(crate) wait_for_ready: Option<bool>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) max_request_bytes: Option<usize>,
    pub(crate) max_response_bytes: Option<usize>,
    pub(crate) repeat: Option<Repeat>,
}

impl Methods {
    pub(super) fn read(list: Option<&Node<'_>>) -> Result<Self, ServiceConfigError> {
        let mut by_name = HashMap::new();
        for node in list.map(Node::list).transpose()?.unwrap_or_default() {
            let config = Arc::new(MethodConfig::read(&node)?);
            let Some(names) = node.get("name") else { continue };
            for name in names.list()? {
                match by_name.entry(key(&name)?) {
                    Entry::Vacant(entry) => drop(entry.insert(Arc::clone(&config))),
                    Entry::Occupied(entry) => {
                        return name.error(match entry.key().as_str() {
                            "" => "there is a default already".to_owned(),
                            key => format!("`{key}` is named twice"),
                        });
                    }
                }
            }
        }
        Ok(Self { by_name })
    }

    pub(super) fn of(&self, method: &Method) -> Option<&Arc<MethodConfig>> {
        if self.by_name.is_empty() {
            return None;
        }
        let full = method.full_name();
        let service = full.rfind('/').and_then(|slash| full.get(..=slash)).unwrap_or_default();
        [full, service, ""].into_iter().find_map(|name| self.by_name.get(name))
    }
}

fn key(name: &Node<'_>) -> Result<String, ServiceConfigError> {
    name.object()?;
    let part = |part: &str| name.get(part).map_or(Ok(""), |node| node.text());
    match (part("service")?, part("method")?) {
        ("", "") => Ok(String::new()),
        ("", _) => name.error("`method` needs a `service`"),
        (service, method) => Ok(format!("{service}/{method}")),
    }
}

impl MethodConfig {
    fn read(node: &Node<'_>) -> Result<Self, ServiceConfigError> {
        node.object()?;
        let bytes = |name: &str| {
            let bytes = node.get(name).map(|node| node.whole()).transpose()?;
            Ok::<_, ServiceConfigError>(bytes.map(|bytes| bytes as usize))
        };
        let repeat = match (node.get("retryPolicy"), node.get("hedgingPolicy")) {
            (None, None) => None,
            (Some(retry), None) => Some(Repeat::Retry(Retry::read(&retry)?)),
            (None, Some(hedging)) => Some(Repeat::Hedging(Hedging::read(&hedging)?)),
            (Some(_), Some(_)) => return node.error("there is both a `retryPolicy` and a `hedgingPolicy`"),
        };
        Ok(Self {
            wait_for_ready: node.get("waitForReady").map(|node| node.boolean()).transpose()?,
            timeout: node.get("timeout").map(|node| node.duration()).transpose()?,
            max_request_bytes: bytes("maxRequestMessageBytes")?,
            max_response_bytes: bytes("maxResponseMessageBytes")?,
            repeat,
        })
    }
}
