//! `example.v2.UserService`: another view of the same users.

use std::sync::Arc;

use futures_util::{Stream, StreamExt, stream};
use rsgrpc::google::api::HttpBody;
use rsgrpc::metadata::MetadataValue;
use rsgrpc::{Request, Response, Status};

use crate::example::v1::{self, user::UserStatus};
use crate::example::v2::{ExportUsersRequest, GetUserRequest, ListUsersRequest, ListUsersResponse, User, UserService};
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

    async fn export_users(
        &self,
        _: Request<ExportUsersRequest>,
    ) -> Result<Response<impl Stream<Item = Result<HttpBody, Status>>>, Status> {
        let pages = stream::try_unfold(String::new(), move |after| async move {
            let page = self.store.users_after(after, None, PAGE).await?;
            let Some(last) = page.last().map(|user| user.id.clone()) else {
                return Ok::<_, Status>(None);
            };
            Ok(Some((csv(page.into_iter().map(User::from).map(row).collect()), last)))
        });
        let heading = stream::iter([Ok(csv("name,display_name,email,active\n".to_owned()))]);
        let mut response = Response::new(heading.chain(pages));
        let file = MetadataValue::from_static("attachment; filename=\"users.csv\"");
        response.metadata_mut().insert("content-disposition", file);
        Ok(response)
    }
}

fn csv(text: String) -> HttpBody {
    HttpBody { content_type: "text/csv; charset=utf-8".into(), data: text.into_bytes(), ..HttpBody::default() }
}

/// A line of CSV: values in quotes, and a quote in them twice (RFC 4180).
fn row(user: User) -> String {
    let quoted = [user.name, user.display_name, user.email].map(|value| format!("\"{}\"", value.replace('"', "\"\"")));
    format!("{},{}\n", quoted.join(","), user.active)
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
