//! `webchat.v1.ChatService`.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::SystemTime;

use futures_util::Stream;
use rsgrpc::google::rpc::{BadRequest, bad_request::FieldViolation};
use rsgrpc::{Request, Response, Status, StatusExt as _};

use crate::Room;
use crate::v1::{ChatService, ListenRequest, Message, SayRequest, SayResponse};

const NAME: RangeInclusive<usize> = 1..=40;
const TEXT: RangeInclusive<usize> = 1..=1000;

#[derive(Debug)]
pub(crate) struct Chat {
    pub(crate) room: Arc<Room>,
}

impl ChatService for Chat {
    async fn say(&self, request: Request<SayRequest>) -> Result<Response<SayResponse>, Status> {
        let SayRequest { name, text } = request.into_inner();
        check(&[("name", &name, NAME), ("text", &text, TEXT)])?;
        let listeners = self.room.say(Message { name, text, time: Some(SystemTime::now().into()) });
        Ok(Response::new(SayResponse { listeners: u32::try_from(listeners).unwrap_or(u32::MAX) }))
    }

    async fn listen(
        &self,
        request: Request<ListenRequest>,
    ) -> Result<Response<impl Stream<Item = Result<Message, Status>>>, Status> {
        check(&[("name", &request.get_ref().name, NAME)])?;
        Ok(Response::new(self.room.listen()))
    }
}

/// INVALID_ARGUMENT with all fields that have too many or too few characters, if there are any.
fn check(fields: &[(&str, &str, RangeInclusive<usize>)]) -> Result<(), Status> {
    let wrong = fields.iter().filter(|(_, value, allowed)| !allowed.contains(&value.trim().chars().count()));
    let field_violations: Vec<_> = wrong
        .map(|(field, _, allowed)| FieldViolation {
            field: (*field).to_owned(),
            description: format!("must have {} to {} characters", allowed.start(), allowed.end()),
            ..FieldViolation::default()
        })
        .collect();
    if field_violations.is_empty() {
        return Ok(());
    }
    Err(Status::invalid_argument("the request is not valid").with_detail(&BadRequest { field_violations }))
}
