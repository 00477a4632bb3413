//! ProtoJSON on plain prost structs: one reader and one writer, driven by the tables of generated messages.
//!
//! ```
//! # fn main() -> Result<(), rsgrpc::json::Error> {
//! use rsgrpc::{json, prost_types::Timestamp};
//! let time: Timestamp = json::from_str(r#""2026-11-22T16:00:00.5Z""#)?;
//! assert_eq!(time.nanos, 500_000_000);
//! assert_eq!(json::to_string(&time)?, r#""2026-11-22T16:00:00.500Z""#);
//! # Ok(())
//! # }
//! ```
//!
//! # How it works
//!
//! Two traits. [`Json`] is anything with a JSON form: scalars, the well-known types of `prost-types`, generated messages.
//! [`Fields`] is what the generator writes for a message: a static [`Table`] of names, and two `match`es over the index of
//! a field whose arms call [`Reader`] and [`Writer`] by the field's cardinality:
//!
//! ```text
//! 0 => r.value(&mut self.name),          0 => w.implicit(&self.name),
//! 1 => r.optional(&mut self.created),    1 => w.optional(&self.created),
//! 2 => r.repeated(&mut self.tags),       2 => w.repeated(&self.tags),
//! 3 => r.map(&mut self.labels),          3 => w.map(&self.labels),
//! ```
//!
//! What a field is follows from its Rust type; the one thing the type does not say, that an `i32` is an enum, stands in
//! the table. [`Reader::object`] and [`Writer::object`], the engine, know a message as `dyn Fields` only, so they are
//! compiled once and a message costs its two `match`es.
//!
//! The reader makes one pass over a `&str` and builds nothing between the text and the struct; an [`Error`] collects the
//! path to the field while it returns, so that the good case pays nothing for it. [`set_text`] sets one field from plain
//! text, as a path or a query gives it: the reader then follows a list of [`Step`]s through the same arms.
//!
//! `Any` needs to find types by name: a [`Registry`] is made of the `MESSAGE_TYPES` lists of generated modules and travels in
//! the [`Options`]; [`Registry::install_default`] sets the one that is used where no options are given.

mod base64;
mod error;
mod message;
mod options;
mod read;
mod registry;
mod scalar;
#[cfg(feature = "serde")]
mod serde;
mod serde_impl;
mod table;
mod text;
mod wkt;
mod write;

pub use self::error::Error;
pub use self::message::{Fields, Json, Key, Map, Scalar};
pub use self::options::{Options, from_slice, from_str, to_string, to_vec};
pub use self::read::Reader;
pub use self::registry::{Registry, Type};
#[cfg(feature = "serde")]
pub use self::serde::{deserialize, serialize};
pub use self::table::{Enum, Enumeration, Field, Table};
pub(crate) use self::text::{Bound, merge_field, set_parameter, set_raw};
pub use self::text::{Step, set_text};
pub use self::write::Writer;
pub(crate) use self::write::{Form, Part, text_of};
#[doc(hidden)]
#[cfg(feature = "serde")]
pub use ::serde as serde_crate;
