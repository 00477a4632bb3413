//! `example.v1.UserService`.

use std::future::ready;
use std::sync::Arc;
use std::time::SystemTime;

use futures_util::{Stream, StreamExt, TryStreamExt, stream};
use rsgrpc::{Request, Response, Status, Streaming};

use crate::example::v1::sync_status::Outcome;
use crate::example::v1::user::UserStatus;
use crate::example::v1::{
    GetUserRequest, ListUsersRequest, Notification, SyncStatus, UpdateUserRequest, User, UserService, notification,
};
use crate::store::Store;
use crate::topic::Topic;
use crate::validation::Violations;

/// How many users are read or written at once.
const BATCH: u32 = 100;

/// Keeps users and announces their changes.
#[derive(Debug)]
pub(crate) struct Users {
    pub(crate) store: Arc<Store>,
    pub(crate) changes: Arc<Topic<Notification>>,
}

impl UserService for Users {
    async fn get_user(&self, request: Request<GetUserRequest>) -> Result<Response<User>, Status> {
        let id = request.into_inner().user_id;
        let mut violations = Violations::default();
        violations.check(!id.is_empty(), "user_id", "must not be empty");
        violations.into_result()?;
        Ok(Response::new(self.store.user(id).await?))
    }

    async fn list_users(
        &self,
        request: Request<ListUsersRequest>,
    ) -> Result<Response<impl Stream<Item = Result<User, Status>>>, Status> {
        let mut violations = Violations::default();
        let status = UserStatus::try_from(request.get_ref().status);
        violations.check(status.is_ok(), "status", "must be a state that example.v1 knows");
        violations.into_result()?;
        let status = status.unwrap_or_default();
        let status = (status != UserStatus::Unknown).then_some(status.into());
        // The next page is read when the caller has taken the one before, however many users there are.
        let pages = stream::try_unfold(String::new(), move |after| async move {
            let page = self.store.users_after(after, status, BATCH).await?;
            let Some(last) = page.last().map(|user| user.id.clone()) else {
                return Ok::<_, Status>(None);
            };
            Ok(Some((stream::iter(page).map(Ok), last)))
        });
        Ok(Response::new(pages.try_flatten()))
    }

    async fn update_user(&self, request: Request<Streaming<UpdateUserRequest>>) -> Result<Response<User>, Status> {
        let users = request.into_inner().and_then(|request| ready(valid(request)));
        let mut batches = users.try_chunks(BATCH as usize);
        let mut last = None;
        while let Some(batch) = batches.try_next().await.map_err(|failed| failed.1)? {
            for user in self.store.update(batch).await? {
                self.announce(notification::Kind::UserUpdated, &user);
                last = Some(user);
            }
        }
        last.map(Response::new).ok_or_else(|| Status::invalid_argument("send at least one user to update"))
    }

    async fn sync_users(
        &self,
        request: Request<Streaming<User>>,
    ) -> Result<Response<impl Stream<Item = Result<SyncStatus, Status>>>, Status> {
        Ok(Response::new(request.into_inner().and_then(|user| self.sync(user))))
    }
}

impl Users {
    async fn sync(&self, user: User) -> Result<SyncStatus, Status> {
        let user_id = user.id.clone();
        if let Some(problem) = Violations::of_user(&user, "").text() {
            return Ok(SyncStatus { user_id, outcome: Outcome::Rejected.into(), problem });
        }
        let (outcome, user) = self.store.put(user).await?;
        match outcome {
            Outcome::Created => self.announce(notification::Kind::UserCreated, &user),
            Outcome::Updated => self.announce(notification::Kind::UserUpdated, &user),
            _ => {}
        }
        Ok(SyncStatus { user_id, outcome: outcome.into(), problem: String::new() })
    }

    fn announce(&self, kind: notification::Kind, user: &User) {
        let time = Some(SystemTime::now().into());
        self.changes.publish(Notification { kind: kind.into(), user: Some(user.clone()), time });
    }
}

fn valid(request: UpdateUserRequest) -> Result<User, Status> {
    let user = request.user.unwrap_or_default();
    Violations::of_user(&user, "user.").into_result()?;
    Ok(user)
}
