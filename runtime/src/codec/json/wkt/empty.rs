use crate::codec::json::{Error, Field, Fields, Json, Reader, Table, Writer};

static TABLE: Table = Table { name: "google.protobuf.Empty", fields: &[], names: &[] };

/// In an Any, where protobuf-go writes it as `value`, like the well-known types that are no objects.
static IN_ANY: Table = Table {
    name: "google.protobuf.Empty",
    fields: &[Field::new("value", "value", "\"value\":")],
    names: &[("value", 0)],
};

/// `google.protobuf.Empty`.
impl Json for () {
    fn read(&mut self, reader: &mut Reader<'_>) -> Result<(), Error> {
        reader.object(if reader.in_any { &IN_ANY } else { &TABLE }, self)
    }

    fn write(&self, writer: &mut Writer<'_>) -> Result<(), Error> {
        writer.object(&TABLE, self)
    }
}

impl Fields for () {
    fn read_field(&mut self, _: usize, reader: &mut Reader<'_>) -> Result<(), Error> {
        self.read(reader)
    }

    fn write_field(&self, _: usize, _: &mut Writer<'_>) -> Result<(), Error> {
        Ok(())
    }
}
