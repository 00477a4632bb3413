use crate::codec::json::{Error, Fields, Json, Reader, Table, Writer};

static TABLE: Table = Table { name: "google.protobuf.Empty", fields: &[], names: &[] };

/// `google.protobuf.Empty`.
impl Json for () {
    fn read(&mut self, reader: &mut Reader<'_>) -> Result<(), Error> {
        reader.object(&TABLE, self)
    }

    fn write(&self, writer: &mut Writer<'_>) -> Result<(), Error> {
        writer.object(&TABLE, self)
    }
}

impl Fields for () {
    fn read_field(&mut self, _: usize, _: &mut Reader<'_>) -> Result<(), Error> {
        Ok(())
    }

    fn write_field(&self, _: usize, _: &mut Writer<'_>) -> Result<(), Error> {
        Ok(())
    }
}
