//! What the cases send, and what they expect.

use std::{error::Error, fmt::Debug};

use rsgrpc::Streaming;

use super::proto::{Payload, ResponseParameters, StreamingOutputCallResponse};

pub(super) type Done = Result<(), Box<dyn Error>>;

pub(super) fn parameters(size: i32) -> ResponseParameters {
    ResponseParameters { size, ..ResponseParameters::default() }
}

pub(super) fn payload(size: usize) -> Option<Payload> {
    Some(Payload { body: vec![0; size], ..Payload::default() })
}

pub(super) async fn next(
    responses: &mut Streaming<StreamingOutputCallResponse>,
) -> Result<StreamingOutputCallResponse, Box<dyn Error>> {
    Ok(responses.message().await?.ok_or("the responses ended early")?)
}

pub(super) fn zeros(payload: Option<Payload>, size: i32) -> Done {
    let body = payload.ok_or("the response has no payload")?.body;
    same("the size of the payload", &body.len(), &usize::try_from(size)?)?;
    same("all of it zero", &body.iter().all(|byte| *byte == 0), &true)
}

pub(super) fn same<T: PartialEq + Debug>(what: &str, got: &T, wanted: &T) -> Done {
    if got == wanted {
        return Ok(());
    }
    Err(format!("{what}: {got:?} instead of {wanted:?}").into())
}
