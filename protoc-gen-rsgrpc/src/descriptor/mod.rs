//! A mirror of the descriptor messages the generator reads.
//!
//! It is smaller than `prost-types` and carries what that drops: editions, features and `google.api.http`, whose
//! extension field is an ordinary field here, so that neither a registry nor `annotations.proto` is needed.

mod file;
mod http;
mod options;
mod plugin;
mod source_info;
mod wire;

pub(crate) use file::*;
pub(crate) use http::*;
pub(crate) use options::*;
pub(crate) use plugin::*;
pub(crate) use source_info::*;
pub(crate) use wire::{descriptor_set, split_descriptor_set};
