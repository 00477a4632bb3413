//! Messages on standard input and output: four bytes of length, big-endian, then the message.

use std::io::{self, Read, Write};

use rsgrpc::prost::Message;

/// The next message; `None` at the end of the input.
///
/// # Errors
///
/// The input ends inside a message, or one does not decode.
pub fn read<M: Message + Default>(input: &mut impl Read) -> io::Result<Option<M>> {
    let mut length = [0; 4];
    match input.read_exact(&mut length) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        result => result?,
    }
    let mut message = vec![0; u32::from_be_bytes(length) as usize];
    input.read_exact(&mut message)?;
    M::decode(&message[..]).map(Some).map_err(io::Error::other)
}

/// Writes a message.
///
/// # Errors
///
/// The output is closed, or the message is longer than four bytes can say.
pub fn write(output: &mut impl Write, message: &impl Message) -> io::Result<()> {
    let message = message.encode_to_vec();
    let length = u32::try_from(message.len()).map_err(io::Error::other)?;
    output.write_all(&[&length.to_be_bytes(), &message[..]].concat())?;
    output.flush()
}
