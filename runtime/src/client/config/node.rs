//! A place in the JSON of a config.

use std::time::Duration;

use prost_types::{Value, value::Kind};

use super::{ServiceConfigError, shown};
use crate::json;

/// A value, and the way to it.
#[derive(Debug, Clone)]
pub(super) struct Node<'a> {
    value: &'a Value,
    place: String,
}

type Read<T> = Result<T, ServiceConfigError>;

impl<'a> Node<'a> {
    pub(super) fn root(value: &'a Value) -> Self {
        Self { value, place: String::new() }
    }

    pub(super) fn error<T>(&self, why: impl AsRef<str>) -> Read<T> {
        Err(ServiceConfigError::new(&self.place, why.as_ref()))
    }

    fn expected<T>(&self, what: &str) -> Read<T> {
        self.error(format!("expected {what}, found {}", shown(self.value)))
    }

    /// A member of an object; null is none.
    pub(super) fn get(&self, name: &str) -> Option<Self> {
        let Some(Kind::StructValue(object)) = &self.value.kind else { return None };
        let value = object.fields.get(name)?;
        if matches!(value.kind, None | Some(Kind::NullValue(_))) {
            return None;
        }
        let dot = if self.place.is_empty() { "" } else { "." };
        Some(Self { value, place: format!("{}{dot}{name}", self.place) })
    }

    /// A member that must be there.
    pub(super) fn required(&self, name: &str) -> Read<Self> {
        self.get(name).map_or_else(|| self.error(format!("`{name}` is missing")), Ok)
    }

    /// The names of the members.
    pub(super) fn object(&self) -> Read<Vec<&'a str>> {
        match &self.value.kind {
            Some(Kind::StructValue(object)) => Ok(object.fields.keys().map(String::as_str).collect()),
            _ => self.expected("an object"),
        }
    }

    pub(super) fn list(&self) -> Read<Vec<Self>> {
        let Some(Kind::ListValue(list)) = &self.value.kind else { return self.expected("an array") };
        let node = |(index, value)| Self { value, place: format!("{}[{index}]", self.place) };
        Ok(list.values.iter().enumerate().map(node).collect())
    }

    pub(super) fn text(&self) -> Read<&'a str> {
        match &self.value.kind {
            Some(Kind::StringValue(text)) => Ok(text),
            _ => self.expected("a string"),
        }
    }

    pub(super) fn boolean(&self) -> Read<bool> {
        match &self.value.kind {
            Some(Kind::BoolValue(value)) => Ok(*value),
            _ => self.expected("true or false"),
        }
    }

    pub(super) fn number(&self) -> Read<f64> {
        match &self.value.kind {
            Some(Kind::NumberValue(value)) => Ok(*value),
            _ => self.expected("a number"),
        }
    }

    /// A whole number that is not negative; as ProtoJSON, also in quotes.
    pub(super) fn whole(&self) -> Read<u32> {
        let found = match &self.value.kind {
            Some(Kind::NumberValue(value)) if value.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(value) => {
                Some(*value as u32)
            }
            Some(Kind::StringValue(text)) => text.parse().ok(),
            _ => None,
        };
        found.map_or_else(|| self.error("expected a whole number from 0 to 4294967295"), Ok)
    }

    /// A `google.protobuf.Duration` that is not negative, such as `"1.5s"`.
    pub(super) fn duration(&self) -> Read<Duration> {
        let text = self.text()?;
        let read = json::from_str::<prost_types::Duration>(&format!("{text:?}")).ok();
        match read.map(Duration::try_from) {
            Some(Ok(duration)) => Ok(duration),
            Some(Err(_)) => self.error("must not be negative"),
            None => self.error(format!("{text:?} is no duration such as \"1.5s\"")),
        }
    }

    pub(super) fn positive_duration(&self) -> Read<Duration> {
        match self.duration()? {
            Duration::ZERO => self.error("must be greater than 0s"),
            duration => Ok(duration),
        }
    }
}
