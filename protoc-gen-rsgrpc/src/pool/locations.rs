//! Comments and positions of one file.

use prost::Message;
use prost::bytes::Bytes;

use crate::descriptor::{Location, SourceCodeInfo};

/// The locations of a file, ordered by path.
#[derive(Default)]
pub(crate) struct Locations {
    sorted: Vec<Location>,
}

impl Locations {
    /// Information that cannot be read is none: nothing but comments and positions is lost with it.
    pub(crate) fn decode(source_code_info: &Bytes) -> Self {
        let info = SourceCodeInfo::decode(source_code_info.clone()).unwrap_or_default();
        let mut sorted = info.location;
        sorted.sort_by(|a, b| a.path.cmp(&b.path));
        Self { sorted }
    }

    /// Line and column, counted from one, of the element or the nearest one around it.
    pub(crate) fn position(&self, path: &[i32]) -> Option<(u32, u32)> {
        (1..=path.len()).rev().find_map(|length| {
            let location = self.find(&path[..length])?;
            let &[line, column, ..] = location.span.as_slice() else {
                return None;
            };
            Some((u32::try_from(line).ok()? + 1, u32::try_from(column).ok()? + 1))
        })
    }

    /// The comment before the element and the one behind it; empty if there is none.
    pub(crate) fn comments(&self, path: &[i32]) -> (&str, &str) {
        self.find(path).map_or(("", ""), |location| (&location.leading_comments, &location.trailing_comments))
    }

    fn find(&self, path: &[i32]) -> Option<&Location> {
        let index = self.sorted.partition_point(|location| location.path.as_slice() < path);
        self.sorted.get(index).filter(|location| location.path == path)
    }
}
