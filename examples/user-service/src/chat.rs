//! `example.v1.ChatService`.

use std::sync::Arc;
use std::time::SystemTime;

use futures_util::{Stream, StreamExt, stream};
use rsgrpc::{Request, Response, Status, Streaming};

use crate::example::v1::{ChatMessage, ChatService};
use crate::topic::Topic;
use crate::validation::Violations;

/// One room for all.
#[derive(Debug)]
pub(crate) struct Chat {
    pub(crate) room: Arc<Topic<ChatMessage>>,
}

impl ChatService for Chat {
    async fn chat(
        &self,
        request: Request<Streaming<ChatMessage>>,
    ) -> Result<Response<impl Stream<Item = Result<ChatMessage, Status>>>, Status> {
        let heard = Box::pin(self.room.subscribe());
        let talk = stream::unfold((request.into_inner(), heard), move |(mut said, mut heard)| async move {
            loop {
                tokio::select! {
                    // Listening first lets speakers hear what they said before they leave.
                    biased;
                    message = heard.next() => return message.map(|message| (message, (said, heard))),
                    message = said.message() => match message {
                        Ok(Some(message)) => if let Err(status) = self.say(message) {
                            return Some((Err(status), (said, heard)));
                        },
                        Ok(None) => return None,
                        Err(status) => return Some((Err(status), (said, heard))),
                    },
                }
            }
        });
        Ok(Response::new(talk))
    }
}

impl Chat {
    fn say(&self, mut message: ChatMessage) -> Result<(), Status> {
        let mut violations = Violations::default();
        violations.check(!message.user_id.is_empty(), "user_id", "must not be empty");
        violations.check(!message.content.is_empty(), "content", "must not be empty");
        violations.into_result()?;
        message.timestamp = Some(SystemTime::now().into());
        self.room.publish(message);
        Ok(())
    }
}
