//! The well-known types of `prost-types`, each with the JSON that ProtoJSON gives it.

mod any;
mod duration;
mod empty;
mod field_mask;
mod fraction;
mod structs;
mod timestamp;

use bytes::Bytes;
use prost_types::{Any, Duration, FieldMask, ListValue, Struct, Timestamp, Value};

use super::registry::Type;

/// The types that an `Any` may always hold.
pub(super) const WELL_KNOWN: &[Type] = &[
    Type::special::<Any>("google.protobuf.Any"),
    Type::special::<Timestamp>("google.protobuf.Timestamp"),
    Type::special::<Duration>("google.protobuf.Duration"),
    Type::special::<FieldMask>("google.protobuf.FieldMask"),
    Type::special::<Struct>("google.protobuf.Struct"),
    Type::special::<Value>("google.protobuf.Value"),
    Type::special::<ListValue>("google.protobuf.ListValue"),
    Type::special::<bool>("google.protobuf.BoolValue"),
    Type::special::<i32>("google.protobuf.Int32Value"),
    Type::special::<i64>("google.protobuf.Int64Value"),
    Type::special::<u32>("google.protobuf.UInt32Value"),
    Type::special::<u64>("google.protobuf.UInt64Value"),
    Type::special::<f32>("google.protobuf.FloatValue"),
    Type::special::<f64>("google.protobuf.DoubleValue"),
    Type::special::<String>("google.protobuf.StringValue"),
    Type::special::<Bytes>("google.protobuf.BytesValue"),
    Type::of::<()>("google.protobuf.Empty"),
];
