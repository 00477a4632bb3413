//! Load balancing in a config.

use super::{Node, ServiceConfigError};
use crate::client::{channel::LoadBalancing, making::is_name};

/// Those that there are here.
const POLICIES: [&str; 5] =
    ["pick_first", "round_robin", "weighted_round_robin", "least_request_experimental", "ring_hash_experimental"];

/// The first policy in the list that there is here.
pub(super) fn read(root: &Node<'_>) -> Result<Option<LoadBalancing>, ServiceConfigError> {
    let Some(list) = root.get("loadBalancingConfig") else { return older(root) };
    let mut unknown = Vec::new();
    for entry in list.list()? {
        let names = entry.object()?;
        let [name] = *names else { return entry.error("expected one policy, by its name") };
        let Some(policy) = entry.get(name) else { return entry.error("expected an object behind the name") };
        policy.object()?;
        match policy_of(name, &policy)? {
            Some(found) => return Ok(Some(found)),
            None => unknown.push(name),
        }
    }
    const OUTLIERS: &str = "outlier_detection_experimental";
    const HINT: &str = "`outlier_detection_experimental` is set by `ChannelBuilder::outlier_detection`";
    list.error(match &unknown[..] {
        [] => format!("must name a policy: {}", quoted(&POLICIES)),
        [OUTLIERS] => HINT.to_owned(),
        names => {
            let hint = if names.contains(&OUTLIERS) { format!("; {HINT}") } else { String::new() };
            format!("none of {} is known here, but {}{hint}", quoted(names), quoted(&POLICIES))
        }
    })
}

/// The older way to say it.
fn older(root: &Node<'_>) -> Result<Option<LoadBalancing>, ServiceConfigError> {
    let Some(name) = root.get("loadBalancingPolicy") else { return Ok(None) };
    match name.text()?.to_ascii_lowercase().as_str() {
        "pick_first" => Ok(Some(LoadBalancing::PickFirst)),
        "round_robin" => Ok(Some(LoadBalancing::RoundRobin)),
        other => name.error(format!("`{other}` is not known here, but `pick_first` and `round_robin`")),
    }
}

fn policy_of(name: &str, policy: &Node<'_>) -> Result<Option<LoadBalancing>, ServiceConfigError> {
    Ok(Some(match name {
        "pick_first" => match policy.get("shuffleAddressList").map(|node| node.boolean()).transpose()? {
            Some(true) => LoadBalancing::PickRandom,
            _ => LoadBalancing::PickFirst,
        },
        "round_robin" => LoadBalancing::RoundRobin,
        "weighted_round_robin" => LoadBalancing::WeightedRoundRobin,
        "least_request_experimental" => match policy.get("choiceCount") {
            None => LoadBalancing::LeastRequest { choices: 2 },
            Some(count) => match count.whole()? {
                0 | 1 => return count.error("must be 2 or more"),
                choices => LoadBalancing::LeastRequest { choices: choices.min(10) as usize },
            },
        },
        "ring_hash_experimental" => ring_hash(policy)?,
        _ => return Ok(None),
    }))
}

/// The key must be there: without it the hash would be of xDS.
fn ring_hash(policy: &Node<'_>) -> Result<LoadBalancing, ServiceConfigError> {
    let header = policy.required("requestHashHeader")?;
    let key = header.text()?.to_ascii_lowercase();
    if !is_name(&key) || key.ends_with("-bin") {
        return header.error(format!(
            "{key:?} is no metadata key, of lower-case letters, digits, `_`, `-` and `.`, and without `-bin` at its end"
        ));
    }
    // As of all numbers in protobuf, 0 is none.
    let size = |name: &str, otherwise: u32| match policy.get(name).map(|node| node.whole()).transpose()? {
        None | Some(0) => Ok::<_, ServiceConfigError>(otherwise),
        Some(size) => Ok(size),
    };
    let (min, max) = (size("minRingSize", 1024)?, size("maxRingSize", 4096)?);
    if min > max {
        return match policy.get("minRingSize") {
            Some(at) => at.error(format!("must not be greater than `maxRingSize`, {max}")),
            None => {
                policy.error(format!("`minRingSize` ({min} by default) must not be greater than `maxRingSize`, {max}"))
            }
        };
    }
    Ok(LoadBalancing::RingHash { key, min_ring: min as usize, max_ring: max as usize })
}

fn quoted(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
