use super::super::error::Error;
use super::super::message::Fields;
use super::super::table::Field;
use super::Reader;

/// The fields of a message that a text names, as a field mask does.
#[derive(Debug, Default)]
pub(in crate::codec::json) struct Trace {
    /// The fields that are being read, the outermost first.
    path: Vec<&'static str>,
    paths: Vec<String>,
    /// There was something in the message at hand that counts for nothing: a key that is no field's, or a value that is
    /// passed over.
    skipped: bool,
}

impl Trace {
    /// The paths to the leaves, in proto names, sorted.
    pub(in crate::codec::json) fn into_paths(mut self) -> Vec<String> {
        self.paths.sort_unstable();
        self.paths
    }

    fn enter(&mut self, field: &'static str) -> Outer {
        self.path.push(field);
        Outer { paths: self.paths.len(), skipped: std::mem::take(&mut self.skipped) }
    }

    /// Leaves the field: it is a leaf, unless there were any in it that count, or nothing in it counts.
    fn leave(&mut self, outer: Outer, opaque: bool, counts: bool) {
        if opaque {
            self.paths.truncate(outer.paths);
        }
        let is_empty = self.paths.len() == outer.paths;
        let is_leaf = is_empty && counts && (opaque || !self.skipped);
        if is_leaf {
            self.paths.push(self.path.join("."));
        }
        self.skipped = outer.skipped || (is_empty && !is_leaf);
        self.path.pop();
    }
}

/// How far the message around a field was.
struct Outer {
    paths: usize,
    skipped: bool,
}

impl Reader<'_> {
    /// Reads the value of a field and notes the field.
    #[cold]
    pub(super) fn traced_field(
        &mut self,
        index: usize,
        field: &'static Field,
        message: &mut dyn Fields,
    ) -> Result<(), Error> {
        let outer = self.trace.as_mut().map(|trace| trace.enter(field.name));
        self.opaque = false;
        let counts = self.value_of(index, field, message)?;
        let opaque = std::mem::take(&mut self.opaque);
        if let (Some(trace), Some(outer)) = (&mut self.trace, outer) {
            trace.leave(outer, opaque, counts);
        }
        Ok(())
    }

    /// Notes a key that is no field's.
    #[inline]
    pub(super) fn trace_skipped(&mut self) {
        if let Some(trace) = &mut self.trace {
            trace.skipped = true;
        }
    }
}
