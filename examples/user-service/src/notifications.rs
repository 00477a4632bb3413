//! `example.v1.NotificationService`.

use std::future::ready;
use std::sync::Arc;

use futures_util::{Stream, TryStreamExt};
use rsgrpc::{Request, Response, Status};

use crate::example::v1::{Notification, NotificationService, SubscribeRequest};
use crate::topic::Topic;

/// Passes the changes of users on to whoever subscribes.
#[derive(Debug)]
pub(crate) struct Notifications {
    pub(crate) changes: Arc<Topic<Notification>>,
}

impl NotificationService for Notifications {
    async fn subscribe(
        &self,
        request: Request<SubscribeRequest>,
    ) -> Result<Response<impl Stream<Item = Result<Notification, Status>>>, Status> {
        let wanted = request.into_inner().user_ids;
        let matches = move |user: &str| wanted.is_empty() || wanted.iter().any(|id| id == user);
        let changes = self.changes.subscribe();
        Ok(Response::new(
            changes.try_filter(move |change| ready(change.user.as_ref().is_some_and(|user| matches(&user.id)))),
        ))
    }
}
