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
}

impl Trace {
    /// The paths to the leaves, in proto names, sorted.
    pub(in crate::codec::json) fn into_paths(mut self) -> Vec<String> {
        self.paths.sort_unstable();
        self.paths
    }

    fn len(&self) -> usize {
        self.paths.len()
    }

    /// Leaves the field: it is a leaf, unless there were any in it that count.
    fn leave(&mut self, before: usize, opaque: bool) {
        if opaque {
            self.paths.truncate(before);
        }
        if self.paths.len() == before {
            self.paths.push(self.path.join("."));
        }
        self.path.pop();
    }
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
        let before = self.trace.as_mut().map_or(0, |trace| {
            trace.path.push(field.name);
            trace.len()
        });
        self.opaque = false;
        self.value_of(index, field, message)?;
        let opaque = std::mem::take(&mut self.opaque);
        if let Some(trace) = &mut self.trace {
            trace.leave(before, opaque);
        }
        Ok(())
    }
}
