//! Answers the runner of the protobuf conformance suite: messages on standard input and output, four bytes of length,
//! little-endian, and then the message.

use std::io::{self, Read, Write};

use rsgrpc::prost::Message;
use rsgrpc_suites::protobuf::messages::conformance::ConformanceRequest;
use rsgrpc_suites::protobuf::{answer, options};

fn main() -> io::Result<()> {
    let (mut input, mut output) = (io::stdin().lock(), io::stdout().lock());
    let options = options();
    loop {
        let mut length = [0; 4];
        match input.read_exact(&mut length) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
            result => result?,
        }
        let mut request = vec![0; u32::from_le_bytes(length) as usize];
        input.read_exact(&mut request)?;
        let request = ConformanceRequest::decode(request.as_slice()).map_err(io::Error::other)?;
        let response = answer(&request, &options).encode_to_vec();
        let length = u32::try_from(response.len()).map_err(io::Error::other)?;
        output.write_all(&length.to_le_bytes())?;
        output.write_all(&response)?;
        output.flush()?;
    }
}
