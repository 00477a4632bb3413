//! Retries and hedging in a config.

use std::time::Duration;

use tonic::Code;

use super::{Node, ServiceConfigError};
use crate::protocol::code_named;

/// More attempts than these are not made, whatever a config says (gRFC A6).
const MOST_ATTEMPTS: u32 = 5;

/// How calls are sent more than once.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Repeat {
    Retry(Retry),
    Hedging(Hedging),
}

/// One attempt after the other (`retryPolicy`).
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Retry {
    pub(crate) attempts: u32,
    pub(crate) initial_backoff: Duration,
    pub(crate) max_backoff: Duration,
    pub(crate) multiplier: f64,
    pub(crate) codes: Codes,
}

/// Several attempts at a time (`hedgingPolicy`).
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Hedging {
    pub(crate) attempts: u32,
    pub(crate) delay: Duration,
    /// Codes that do not end the call while other attempts run.
    pub(crate) codes: Codes,
}

/// When a client stops sending again: tokens that failures take and successes give (`retryThrottling`), in thousandths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Throttling {
    pub(crate) max: u32,
    pub(crate) ratio: u32,
}

/// A set of status codes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Codes(u32);

impl Codes {
    pub(crate) fn contains(self, code: Code) -> bool {
        self.0 & (1 << code as u32) != 0
    }

    fn read(list: &Node<'_>) -> Result<Self, ServiceConfigError> {
        let mut codes = Self::default();
        for node in list.list()? {
            let code = match node.text() {
                Ok(name) => code_named(&name.to_ascii_uppercase()),
                Err(_) => node.whole().ok().filter(|code| (1..=16).contains(code)).map(|code| Code::from(code as i32)),
            };
            match code {
                Some(code) => codes.0 |= 1 << code as u32,
                None => return node.error("expected the name or the number of a status code other than OK"),
            }
        }
        Ok(codes)
    }
}

fn attempts(node: &Node<'_>) -> Result<u32, ServiceConfigError> {
    let attempts = node.required("maxAttempts")?;
    match attempts.whole()? {
        0 | 1 => attempts.error("must be greater than 1"),
        count => Ok(count.min(MOST_ATTEMPTS)),
    }
}

impl Retry {
    pub(super) fn read(node: &Node<'_>) -> Result<Self, ServiceConfigError> {
        node.object()?;
        let multiplier = node.required("backoffMultiplier")?;
        let list = node.required("retryableStatusCodes")?;
        let codes = Codes::read(&list)?;
        if codes.0 == 0 {
            return list.error("must have a code");
        }
        Ok(Self {
            attempts: attempts(node)?,
            initial_backoff: node.required("initialBackoff")?.positive_duration()?,
            max_backoff: node.required("maxBackoff")?.positive_duration()?,
            multiplier: match multiplier.number()? {
                number if number > 0.0 => number,
                _ => return multiplier.error("must be greater than 0"),
            },
            codes,
        })
    }
}

impl Hedging {
    pub(super) fn read(node: &Node<'_>) -> Result<Self, ServiceConfigError> {
        node.object()?;
        let delay = node.get("hedgingDelay").map(|node| node.duration()).transpose()?;
        let codes = node.get("nonFatalStatusCodes").map(|node| Codes::read(&node)).transpose()?;
        Ok(Self { attempts: attempts(node)?, delay: delay.unwrap_or_default(), codes: codes.unwrap_or_default() })
    }
}

impl Throttling {
    pub(super) fn read(node: &Node<'_>) -> Result<Self, ServiceConfigError> {
        node.object()?;
        let (max, ratio) = (node.required("maxTokens")?, node.required("tokenRatio")?);
        // Beyond three places the ratio does not count.
        let thousandths = (ratio.number()? * 1000.0) as u32;
        match (max.number()?, thousandths) {
            (tokens, _) if !(tokens > 0.0 && tokens <= 1000.0) => max.error("must be greater than 0, and 1000 at most"),
            (_, 0) => ratio.error("must be 0.001 or more"),
            (tokens, ratio) => Ok(Self { max: (tokens * 1000.0) as u32, ratio }),
        }
    }
}
