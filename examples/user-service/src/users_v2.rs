//! `example.v2.UserService`: another view of the same users.

use std::sync::Arc;

use rsgrpc::{Request, Response, Status};

use crate::example::v1::{self, user::UserStatus};
use crate::example::v2::{GetUserRequest, ListUsersRequest, ListUsersResponse, User, UserService};
use crate::store::Store;
use crate::validation::Violations;

/// The largest page, and the page of a caller who does not say.
const PAGE: u32 = 100;

/// Shows the users of version 1.
#[derive(Debug)]
pub(crate) struct UsersV2 {
    pub(crate) store: Arc<Store>,
}

impl UserService for UsersV2 {
    async fn get_user(&self, request: Request<GetUserRequest>) -> Result<Response<User>, Status> {
        let name = request.into_inner().name;
        let id = name.strip_prefix("users/").unwrap_or_default();
        let mut violations = Violations::default();
        violations.check(!id.is_empty(), "name", "must look like `users/ada`");
        violations.into_result()?;
        Ok(Response::new(self.store.user(id.to_owned()).await?.into()))
    }

    async fn list_users(&self, request: Request<ListUsersRequest>) -> Result<Response<ListUsersResponse>, Status> {
        let ListUsersRequest { page_size, page_token } = request.into_inner();
        let mut violations = Violations::default();
        violations.check(page_size >= 0, "page_size", "must not be negative");
        violations.into_result()?;
        let size = match page_size.unsigned_abs() {
            0 => PAGE,
            size => size.min(PAGE),
        };
        // One more than asked for tells whether there is another page.
        let mut found = self.store.users_after(page_token, None, size + 1).await?;
        let more = found.len() > size as usize;
        found.truncate(size as usize);
        let next_page_token = found.last().filter(|_| more).map(|user| user.id.clone()).unwrap_or_default();
        Ok(Response::new(ListUsersResponse { users: found.into_iter().map(User::from).collect(), next_page_token }))
    }
}

impl From<v1::User> for User {
    fn from(user: v1::User) -> Self {
        Self {
            active: user.status() == UserStatus::Active,
            name: format!("users/{}", user.id),
            display_name: user.name,
            email: user.email,
            roles: user.roles,
        }
    }
}
