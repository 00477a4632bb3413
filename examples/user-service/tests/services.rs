//! The services, called by the generated clients in process.

#![expect(clippy::expect_used, reason = "a test fails by a panic")]

use futures_util::stream;
use rsgrpc::google::rpc::BadRequest;
use rsgrpc::{Code, Server, Status, StatusExt};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use user_service::App;
use user_service::example::v1::notification::Kind;
use user_service::example::v1::sync_status::Outcome;
use user_service::example::v1::user::UserStatus;
use user_service::example::v1::*;
use user_service::example::v2;

fn server() -> (App, Server) {
    let app = App::open(None).expect("a database in memory");
    let server = app.server().expect("five services with five names");
    (app, server)
}

fn user(id: &str, name: &str) -> User {
    User {
        id: id.into(),
        name: name.into(),
        email: format!("{id}@example.com"),
        roles: vec!["author".into()],
        status: UserStatus::Active.into(),
        ..User::default()
    }
}

fn update(user: User) -> UpdateUserRequest {
    UpdateUserRequest { user: Some(user) }
}

async fn sync(users: &UserServiceClient, people: Vec<User>) -> Vec<SyncStatus> {
    let mut outcomes = users.sync_users(stream::iter(people)).await.expect("a stream").into_inner();
    let mut all = Vec::new();
    while let Some(status) = outcomes.message().await.expect("a status") {
        all.push(status);
    }
    all
}

async fn get(users: &UserServiceClient, id: &str) -> Result<User, Status> {
    Ok(users.get_user(GetUserRequest { user_id: id.into() }).await?.into_inner())
}

fn violations(status: &Status) -> Vec<String> {
    assert_eq!(status.code(), Code::InvalidArgument);
    let details = status.detail::<BadRequest>().expect("BadRequest");
    details.field_violations.into_iter().map(|violation| violation.field).collect()
}

#[tokio::test]
async fn sync_says_what_became_of_each_user() {
    let users = UserServiceClient::new(server().1);
    let outcomes = |statuses: &[SyncStatus]| statuses.iter().map(SyncStatus::outcome).collect::<Vec<_>>();
    let first =
        sync(&users, vec![user("ada", "Ada"), user("bob", ""), user("ada", "Ada"), user("ada", "Countess")]).await;
    assert_eq!(outcomes(&first), [Outcome::Created, Outcome::Rejected, Outcome::Unchanged, Outcome::Updated]);
    assert_eq!(first[1].problem, "name must be 1 to 200 characters");

    let ada = get(&users, "ada").await.expect("ada");
    assert_eq!((ada.name.as_str(), ada.roles.as_slice()), ("Countess", ["author".to_owned()].as_slice()));
    let (created, updated) = (ada.create_time.expect("a time"), ada.update_time.expect("a time"));
    assert!((created.seconds, created.nanos) <= (updated.seconds, updated.nanos));
    assert_eq!(get(&users, "bob").await.expect_err("bob was rejected").code(), Code::NotFound);
}

#[tokio::test]
async fn get_wants_an_id() {
    let users = UserServiceClient::new(server().1);
    assert_eq!(violations(&get(&users, "").await.expect_err("no id")), ["user_id"]);
}

#[tokio::test]
async fn list_streams_all_pages_or_one_state() {
    let users = UserServiceClient::new(server().1);
    let mut people: Vec<_> = (0..250).map(|index| user(&format!("u{index:03}"), "Somebody")).collect();
    people[7].status = UserStatus::Suspended.into();
    sync(&users, people.clone()).await;
    for (status, expected) in [
        (UserStatus::Unknown, people.iter().map(|user| user.id.clone()).collect()),
        (UserStatus::Suspended, vec!["u007".to_owned()]),
        (UserStatus::Inactive, vec![]),
    ] {
        let mut found =
            users.list_users(ListUsersRequest { status: status.into() }).await.expect("a stream").into_inner();
        let mut ids = Vec::new();
        while let Some(user) = found.message().await.expect("a user") {
            ids.push(user.id);
        }
        assert_eq!(ids, expected, "{status:?}");
    }
}

#[tokio::test]
async fn update_writes_by_the_hundred() {
    let users = UserServiceClient::new(server().1);
    let people: Vec<_> = (0..150).map(|index| user(&format!("u{index:03}"), "Old")).collect();
    sync(&users, people.clone()).await;

    let renamed = |index: usize, name: &str| update(User { name: name.into(), ..people[index].clone() });
    let all = (0..150).map(|index| renamed(index, "New"));
    let last = users.update_user(stream::iter(all.collect::<Vec<_>>())).await.expect("all exist").into_inner();
    assert_eq!((last.id.as_str(), last.name.as_str()), ("u149", "New"));

    // The user at position 120 is wrong: the first hundred stay, the twenty after them are undone.
    for (wrong, code) in
        [(update(user("nobody", "Nobody")), Code::NotFound), (UpdateUserRequest::default(), Code::InvalidArgument)]
    {
        let name = format!("{code:?}");
        let requests: Vec<_> = (0..120).map(|index| renamed(index, &name)).chain([wrong]).collect();
        assert_eq!(users.update_user(stream::iter(requests)).await.expect_err("one is wrong").code(), code);
        assert_eq!(get(&users, "u099").await.expect("u099").name, name);
        assert_eq!(get(&users, "u100").await.expect("u100").name, "New");
    }
}

#[tokio::test]
async fn update_names_every_field_that_is_wrong() {
    let users = UserServiceClient::new(server().1);
    let wrong = User { id: "A B".into(), roles: vec!["ok".into(), "not ok".into()], status: 99, ..User::default() };
    let status = users.update_user(stream::iter([update(wrong)])).await.expect_err("nothing is right");
    assert_eq!(violations(&status), ["user.id", "user.name", "user.email", "user.status", "user.roles[1]"]);
    let none = users.update_user(stream::iter([])).await.expect_err("no user");
    assert_eq!(none.code(), Code::InvalidArgument);
}

#[tokio::test]
async fn subscribers_hear_of_changes() {
    let (app, server) = server();
    let users = UserServiceClient::new(server.clone());
    let notifications = NotificationServiceClient::new(server);
    let subscribe = async |ids: &[&str]| {
        let user_ids = ids.iter().map(|&id| id.into()).collect();
        notifications.subscribe(SubscribeRequest { user_ids }).await.expect("a stream").into_inner()
    };
    let (mut all, mut bob_only) = (subscribe(&[]).await, subscribe(&["bob"]).await);

    sync(&users, vec![user("ada", "Ada"), user("ada", "Ada"), user("bob", "Bob")]).await;
    users.update_user(stream::iter([update(user("bob", "Robert"))])).await.expect("bob exists");
    app.close();

    let mut heard = Vec::new();
    while let Some(change) = all.message().await.expect("a notification") {
        assert!(change.time.is_some());
        heard.push((change.kind(), change.user.expect("a user").name));
    }
    let created = |name: &str| (Kind::UserCreated, name.to_owned());
    assert_eq!(heard, [created("Ada"), created("Bob"), (Kind::UserUpdated, "Robert".to_owned())]);
    let first = bob_only.message().await.expect("a notification").expect("bob was created");
    assert_eq!(first.user.expect("a user").name, "Bob");
}

#[tokio::test]
async fn uploads_are_measured() {
    let uploads = DataUploadServiceClient::new(server().1);
    let chunks = ["a", "b", "c"].map(|content| DataChunk { content: content.into() });
    let status = uploads.upload_data(stream::iter(chunks)).await.expect("a status").into_inner();
    assert_eq!(status.size, 3);
    // The example of FIPS 180-4 for `abc`.
    assert_eq!(status.sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    let nothing = uploads.upload_data(stream::iter([])).await.expect("a status").into_inner();
    assert_eq!((nothing.size, &nothing.sha256[..8]), (0, "e3b0c442"));
}

#[tokio::test]
async fn everybody_in_the_chat_hears_everybody() {
    let chat = ChatServiceClient::new(server().1);
    let says = |user_id: &str, content: &str| ChatMessage {
        user_id: user_id.into(),
        content: content.into(),
        timestamp: None,
    };
    let (ada, ada_says) = mpsc::channel(4);
    let (bob, bob_says) = mpsc::channel(4);
    let mut ada_hears = chat.chat(ReceiverStream::new(ada_says)).await.expect("a stream").into_inner();
    let mut bob_hears = chat.chat(ReceiverStream::new(bob_says)).await.expect("a stream").into_inner();

    ada.send(says("ada", "hi")).await.expect("the chat goes on");
    for hears in [&mut ada_hears, &mut bob_hears] {
        let heard = hears.message().await.expect("a message").expect("somebody spoke");
        assert_eq!((heard.user_id.as_str(), heard.content.as_str(), heard.timestamp.is_some()), ("ada", "hi", true));
    }
    drop(ada);
    assert_eq!(ada_hears.message().await.expect("an end"), None);

    bob.send(says("bob", "")).await.expect("the chat goes on");
    assert_eq!(violations(&bob_hears.message().await.expect_err("nothing was said")), ["content"]);
}

#[tokio::test]
async fn version_2_shows_the_same_users() {
    let (_, server) = server();
    sync(&UserServiceClient::new(server.clone()), vec![user("ada", "Ada"), user("bob", "Bob"), user("eve", "Eve")])
        .await;
    let users = v2::UserServiceClient::new(server);

    let bob = users.get_user(v2::GetUserRequest { name: "users/bob".into() }).await.expect("bob").into_inner();
    assert_eq!((bob.name.as_str(), bob.display_name.as_str(), bob.active), ("users/bob", "Bob", true));
    let missing = users.get_user(v2::GetUserRequest { name: "users/none".into() }).await.expect_err("nobody");
    assert_eq!(missing.code(), Code::NotFound);
    let wrong = users.get_user(v2::GetUserRequest { name: "bob".into() }).await.expect_err("no resource name");
    assert_eq!(violations(&wrong), ["name"]);

    let page = async |page_size, page_token: &str| {
        let request = v2::ListUsersRequest { page_size, page_token: page_token.into() };
        let page = users.list_users(request).await?.into_inner();
        Ok::<_, Status>((
            page.users.into_iter().map(|user| user.display_name).collect::<Vec<_>>(),
            page.next_page_token,
        ))
    };
    let (names, token) = page(2, "").await.expect("a page");
    assert_eq!(names, ["Ada", "Bob"]);
    assert_eq!(page(2, &token).await.expect("a page"), (vec!["Eve".to_owned()], String::new()));
    assert_eq!(page(0, "").await.expect("a page").0.len(), 3);
    assert_eq!(violations(&page(-1, "").await.expect_err("negative")), ["page_size"]);
}

#[tokio::test]
async fn users_outlive_the_program_in_a_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("users.db");
    for expected in [Outcome::Created, Outcome::Unchanged] {
        let app = App::open(Some(&file)).expect("a database");
        let users = UserServiceClient::new(app.server().expect("a server"));
        assert_eq!(sync(&users, vec![user("ada", "Ada")]).await[0].outcome(), expected);
    }
    assert!(App::open(Some(folder.path())).is_err(), "a folder is no database");
}
