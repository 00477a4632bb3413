//! Every file and type of a request by its name, with positions and comments.

mod locations;
mod symbols;

pub(crate) use locations::Locations;
pub(crate) use symbols::{Definition, FileId, Pool, TypeEntry, TypeId};
