//! The same text by serde's derive on structs made for it: what one would write by hand.

mod text;
mod time;

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

use self::text::{Base64, Int64};
use self::time::{Duration, Mask, Timestamp};

#[derive(Serialize, Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub struct Small {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
}

#[derive(Serialize, Deserialize, Default, PartialEq)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Status {
    #[default]
    StatusUnspecified,
    StatusActive,
    StatusSuspended,
    StatusDeleted,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

#[derive(Serialize, Deserialize, Default)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct Item {
    #[serde(skip_serializing_if = "String::is_empty")]
    sku: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    title: String,
    #[serde(skip_serializing_if = "is_default")]
    quantity: i32,
    #[serde(skip_serializing_if = "is_default")]
    price_micros: Int64,
    #[serde(skip_serializing_if = "is_default")]
    weight: f64,
    #[serde(skip_serializing_if = "is_default")]
    status: Status,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tags: Vec<String>,
}

#[derive(Serialize, Deserialize, Default)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct Address {
    #[serde(skip_serializing_if = "String::is_empty")]
    street: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    city: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    postal_code: String,
    #[serde(skip_serializing_if = "is_default")]
    floor: i32,
}

#[derive(Serialize, Deserialize, Default)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Nested {
    #[serde(skip_serializing_if = "String::is_empty")]
    order_id: String,
    #[serde(skip_serializing_if = "is_default")]
    customer_id: Int64,
    #[serde(skip_serializing_if = "is_default")]
    status: Status,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    items: Vec<Item>,
    #[serde(skip_serializing_if = "HashMap::is_empty")]
    labels: HashMap<String, String>,
    #[serde(skip_serializing_if = "HashMap::is_empty")]
    counters: HashMap<String, Int64>,
    #[serde(skip_serializing_if = "is_default")]
    signature: Base64,
    #[serde(skip_serializing_if = "is_default")]
    total: f64,
    #[serde(skip_serializing_if = "is_default")]
    paid: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pickup_point: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<Address>,
}

/// An Any, narrowed to the one type it holds here.
#[derive(Serialize, Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct AnySmall {
    #[serde(rename = "@type")]
    type_url: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    name: String,
}

#[derive(Serialize, Deserialize, Default)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Known {
    #[serde(skip_serializing_if = "Option::is_none")]
    create_time: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    update_time: Option<Timestamp>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    history: Vec<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ttl: Option<Duration>,
    #[serde(skip_serializing_if = "Option::is_none")]
    update_mask: Option<Mask>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attributes: Option<BTreeMap<String, serde_json::Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<AnySmall>,
    #[serde(skip_serializing_if = "Option::is_none")]
    nickname: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    quota: Option<Int64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    enabled: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ratio: Option<f64>,
}
