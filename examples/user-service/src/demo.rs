//! Makes every kind of call with the generated clients and prints what comes back.

use futures_util::stream;
use rsgrpc::google::rpc::BadRequest;
use rsgrpc::{Client, Status, StatusExt};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use crate::example::v1::user::UserStatus;
use crate::example::v1::{
    ChatMessage, ChatServiceClient, DataChunk, DataUploadServiceClient, GetUserRequest, ListUsersRequest,
    NotificationServiceClient, SubscribeRequest, UpdateUserRequest, User, UserServiceClient,
};
use crate::example::v2;
use crate::say;

/// Makes every kind of call.
///
/// # Errors
///
/// The first call that fails although it should not.
pub async fn run(client: impl Into<Client>) -> Result<(), Status> {
    let client = client.into();
    let users = UserServiceClient::new(client.clone());
    sync_users(&users).await?;
    get_user(&users).await?;
    list_users(&users).await?;
    errors(&users).await?;
    subscribe_and_update(&users, &NotificationServiceClient::new(client.clone())).await?;
    upload_data(&DataUploadServiceClient::new(client.clone())).await?;
    chat(&ChatServiceClient::new(client.clone())).await?;
    version_2(&v2::UserServiceClient::new(client)).await
}

async fn sync_users(users: &UserServiceClient) -> Result<(), Status> {
    called("UserService.SyncUsers", "a stream each way");
    let people = [
        user("ada", "Ada Lovelace", &["admin", "author"]),
        user("grace", "Grace Hopper", &["author"]),
        user("No Id", "Nobody", &[]),
    ];
    for user in &people {
        say!("  -> {}", shown(user));
    }
    let mut outcomes = users.sync_users(stream::iter(people)).await?.into_inner();
    while let Some(status) = outcomes.message().await? {
        say!("  <- {}: {}", status.user_id, status.outcome().as_str_name());
        if !status.problem.is_empty() {
            say!("     {}", status.problem);
        }
    }
    Ok(())
}

async fn get_user(users: &UserServiceClient) -> Result<(), Status> {
    called("UserService.GetUser", "one request, one reply");
    say!("  -> user_id: ada");
    let ada = users.get_user(GetUserRequest { user_id: "ada".into() }).await?.into_inner();
    say!("  <- {}", shown(&ada));
    Ok(())
}

async fn list_users(users: &UserServiceClient) -> Result<(), Status> {
    called("UserService.ListUsers", "one request, a stream of replies");
    say!("  -> status: ACTIVE");
    let active = ListUsersRequest { status: UserStatus::Active.into() };
    let mut found = users.list_users(active).await?.into_inner();
    while let Some(user) = found.message().await? {
        say!("  <- {}", shown(&user));
    }
    Ok(())
}

async fn errors(users: &UserServiceClient) -> Result<(), Status> {
    called("UserService.GetUser", "of a user who does not exist");
    say!("  -> user_id: nobody");
    let Err(status) = users.get_user(GetUserRequest { user_id: "nobody".into() }).await else {
        return Err(Status::internal("there is a user `nobody`"));
    };
    say!("  <- {:?}: {}", status.code(), status.message());

    called("UserService.UpdateUser", "with values that are not valid");
    let bad = User { email: "ada".into(), ..user("ada", "", &[]) };
    say!("  -> {}", shown(&bad));
    let bad = UpdateUserRequest { user: Some(bad) };
    let Err(status) = users.update_user(stream::iter([bad])).await else {
        return Err(Status::internal("the invalid user was written"));
    };
    say!("  <- {:?}", status.code());
    for violation in status.detail::<BadRequest>().unwrap_or_default().field_violations {
        say!("     {}: {}", violation.field, violation.description);
    }
    Ok(())
}

async fn subscribe_and_update(
    users: &UserServiceClient,
    notifications: &NotificationServiceClient,
) -> Result<(), Status> {
    called("NotificationService.Subscribe", "one request, a stream that stays open");
    say!("  -> user_ids: ada");
    let ada_only = SubscribeRequest { user_ids: vec!["ada".into()] };
    let mut changes = notifications.subscribe(ada_only).await?.into_inner();

    called("UserService.UpdateUser", "a stream of requests, one reply");
    let updates = [
        user("grace", "Rear Admiral Grace Hopper", &["author", "admiral"]),
        user("ada", "Ada, Countess of Lovelace", &["admin", "author"]),
    ];
    for user in &updates {
        say!("  -> {}", shown(user));
    }
    let requests = updates.map(|user| UpdateUserRequest { user: Some(user) });
    let last = users.update_user(stream::iter(requests)).await?.into_inner();
    say!("  <- {}", shown(&last));

    called("NotificationService.Subscribe", "which is still open");
    let change = changes.message().await?.unwrap_or_default();
    say!("  <- {}: {}", change.kind().as_str_name(), shown(&change.user.unwrap_or_default()));
    Ok(()) // Dropping the stream cancels the call.
}

async fn upload_data(uploads: &DataUploadServiceClient) -> Result<(), Status> {
    called("DataUploadService.UploadData", "a stream of requests, one reply");
    say!("  -> 16 chunks of 64 KiB");
    let chunks = (0..16).map(|index| DataChunk { content: vec![index; 64 * 1024] });
    let status = uploads.upload_data(stream::iter(chunks)).await?.into_inner();
    say!("  <- {} bytes, SHA-256 {}", status.size, status.sha256);
    Ok(())
}

async fn chat(chat: &ChatServiceClient) -> Result<(), Status> {
    called("ChatService.Chat", "a stream each way, between all who are connected");
    let (ada, ada_says) = mpsc::channel(1);
    let (grace, grace_says) = mpsc::channel(1);
    let mut ada_hears = chat.chat(ReceiverStream::new(ada_says)).await?.into_inner();
    let mut grace_hears = chat.chat(ReceiverStream::new(grace_says)).await?.into_inner();
    for (speaker, user_id, content) in [(&ada, "ada", "Good morning!"), (&grace, "grace", "Hello, Ada.")] {
        say!("  -> {user_id} says: {content}");
        let message = ChatMessage { user_id: user_id.into(), content: content.into(), timestamp: None };
        speaker.send(message).await.map_err(|_| Status::aborted("the chat is over"))?;
        for (listener, hears) in [("ada", &mut ada_hears), ("grace", &mut grace_hears)] {
            let heard = hears.message().await?.unwrap_or_default();
            say!("  <- {listener} hears {}: {}", heard.user_id, heard.content);
        }
    }
    drop((ada, grace)); // Both have no more to say, and the server ends the calls.
    let left = (ada_hears.message().await?, grace_hears.message().await?) == (None, None);
    say!("  both have left: {left}");
    Ok(())
}

async fn version_2(users: &v2::UserServiceClient) -> Result<(), Status> {
    called("example.v2.UserService.GetUser", "another version, on the same port");
    say!("  -> name: users/ada");
    let ada = users.get_user(v2::GetUserRequest { name: "users/ada".into() }).await?.into_inner();
    say!("  <- {}: {}, active: {}", ada.name, ada.display_name, ada.active);

    called("example.v2.UserService.ListUsers", "page by page");
    let mut page_token = String::new();
    loop {
        say!("  -> page_size: 1, page_token: {page_token:?}");
        let page = users.list_users(v2::ListUsersRequest { page_size: 1, page_token }).await?.into_inner();
        let names: Vec<_> = page.users.iter().map(|user| user.name.as_str()).collect();
        say!("  <- {}", names.join(", "));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return Ok(());
        }
    }
}

fn user(id: &str, name: &str, roles: &[&str]) -> User {
    User {
        id: id.into(),
        name: name.into(),
        email: format!("{id}@example.com"),
        roles: roles.iter().map(|&role| role.into()).collect(),
        status: UserStatus::Active.into(),
        ..User::default()
    }
}

fn called(method: &str, how: &str) {
    say!("\n{method} ({how})");
}

fn shown(user: &User) -> String {
    format!("{}: {} <{}> [{}] {}", user.id, user.name, user.email, user.roles.join(" "), user.status().as_str_name())
}
