//! Configs in TXT records of DNS (gRFC A2).

use super::{Node, ServiceConfig, ServiceConfigError, json};

/// What stands before the JSON in a record.
const ATTRIBUTE: &str = "grpc_config=";

/// The first config that is for this client.
pub(super) fn choose(
    record: &str,
    percentile: u32,
    hostname: &str,
) -> Result<Option<ServiceConfig>, ServiceConfigError> {
    let Some(text) = record.strip_prefix(ATTRIBUTE) else {
        return Ok(None);
    };
    let root = json(text)?;
    for choice in Node::root(&root).list()? {
        choice.object()?;
        if is_for(&choice, percentile, hostname)? {
            return ServiceConfig::read(&choice.required("serviceConfig")?).map(Some);
        }
    }
    Ok(None)
}

fn is_for(choice: &Node<'_>, percentile: u32, hostname: &str) -> Result<bool, ServiceConfigError> {
    let names = |list: &str, ours: &str| {
        let Some(list) = choice.get(list) else { return Ok(true) };
        let names = list.list()?.iter().map(|name| name.text()).collect::<Result<Vec<_>, _>>()?;
        // An empty list is one that is not there.
        Ok::<_, ServiceConfigError>(names.is_empty() || names.iter().any(|name| name.eq_ignore_ascii_case(ours)))
    };
    let share = match choice.get("percentage") {
        None => 100,
        Some(node) => match node.whole()? {
            share @ 0..=100 => share,
            _ => return node.error("must be 100 at most"),
        },
    };
    Ok(names("clientLanguage", "rust")? && names("clientHostname", hostname)? && percentile < share)
}
