//! The client of REST: the requests that it makes by the rules of published APIs, and what it reads of the answers of our
//! own server.

use std::{future::Future, pin::Pin, time::Duration};

use futures_util::{TryStreamExt, stream};
use rsgrpc::{Channel, Client, Code, Protocol, Response, ResponseExt, Rest, Status, google::api::HttpBody, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use super::items::{self, Attachment, Change, Item, proto::ItemsClient};

#[allow(clippy::all, dead_code, unreachable_pub, reason = "generated")]
mod apis {
    include!("../../../../tests/golden/apis/test.apis.rs");
}

use apis::{OthersClient, PubSubClient, SpannerClient, StorageControlClient};

type Calling = Pin<Box<dyn Future<Output = Result<(), Status>> + Send>>;

/// A call, and the request that its rule prescribes.
struct Prescribed {
    call: Box<dyn Fn(Client) -> Calling>,
    target: &'static str,
    body: &'static str,
}

/// The request message as JSON, so that a row is short.
macro_rules! row {
    ($client:ident.$method:ident($message:literal) => $target:literal $body:literal) => {
        Prescribed {
            call: Box::new(|client| {
                let client = $client::new(client);
                Box::pin(async move { client.$method(rsgrpc::Request::new(read($message))).await.map(drop) })
            }),
            target: $target,
            body: $body,
        }
    };
}

fn read<T: json::Json + Default>(text: &str) -> T {
    json::from_str(text).unwrap()
}

#[rustfmt::skip]
fn prescribed() -> Vec<Prescribed> {
    vec![
        // Pub/Sub.
        row!(PubSubClient.create_topic(r#"{"name":"projects/p/topics/t","labels":{"a":"b"},"messageRetentionDuration":"600s"}"#)
            => "PUT /v1/projects/p/topics/t" r#"{"labels":{"a":"b"},"messageRetentionDuration":"600s"}"#),
        row!(PubSubClient.update_topic(r#"{"topic":{"name":"projects/p/topics/t","labels":{"a":"b"}},"updateMask":"labels"}"#)
            => "PATCH /v1/projects/p/topics/t" r#"{"topic":{"labels":{"a":"b"}},"updateMask":"labels"}"#),
        row!(PubSubClient.publish(r#"{"topic":"projects/p/topics/t","messages":[{"data":"AQID"},{"attributes":{"k":"v"}}]}"#)
            => "POST /v1/projects/p/topics/t:publish" r#"{"messages":[{"data":"AQID"},{"attributes":{"k":"v"}}]}"#),
        row!(PubSubClient.get_topic(r#"{"topic":"projects/p/topics/t"}"#) => "GET /v1/projects/p/topics/t" ""),
        row!(PubSubClient.get_topic(r#"{"topic":"projects/a:b c/topics/ü%2F?#"}"#)
            => "GET /v1/projects/a%3Ab%20c/topics/%C3%BC%252F%3F%23" ""),
        row!(PubSubClient.get_topic(r#"{"topic":"projects/-_.~/topics/!$&'()*+,;=@[]"}"#)
            => "GET /v1/projects/-_.~/topics/%21%24%26%27%28%29%2A%2B%2C%3B%3D%40%5B%5D" ""),
        row!(PubSubClient.list_topics(r#"{"project":"projects/p"}"#) => "GET /v1/projects/p/topics" ""),
        row!(PubSubClient.list_topics(r#"{"project":"projects/p","pageSize":5,"pageToken":"a+b/c=="}"#)
            => "GET /v1/projects/p/topics?pageSize=5&pageToken=a%2Bb%2Fc%3D%3D" ""),
        row!(PubSubClient.list_topic_subscriptions(r#"{"topic":"projects/p/topics/t"}"#)
            => "GET /v1/projects/p/topics/t/subscriptions" ""),
        row!(PubSubClient.delete_topic(r#"{"topic":"projects/p/topics/t"}"#) => "DELETE /v1/projects/p/topics/t" ""),
        row!(PubSubClient.detach_subscription(r#"{"subscription":"projects/p/subscriptions/s"}"#)
            => "POST /v1/projects/p/subscriptions/s:detach" ""),
        row!(PubSubClient.acknowledge(r#"{"subscription":"projects/p/subscriptions/s","ackIds":["1","2"]}"#)
            => "POST /v1/projects/p/subscriptions/s:acknowledge" r#"{"ackIds":["1","2"]}"#),
        row!(PubSubClient.seek(r#"{"subscription":"projects/p/subscriptions/s","time":"2026-01-02T03:04:05Z"}"#)
            => "POST /v1/projects/p/subscriptions/s:seek" r#"{"time":"2026-01-02T03:04:05Z"}"#),
        // Spanner.
        row!(SpannerClient.create_session(r#"{"database":"projects/p/instances/i/databases/d"}"#)
            => "POST /v1/projects/p/instances/i/databases/d/sessions" "{}"),
        row!(SpannerClient.batch_create_sessions(r#"{"database":"projects/p/instances/i/databases/d","sessionCount":3}"#)
            => "POST /v1/projects/p/instances/i/databases/d/sessions:batchCreate" r#"{"sessionCount":3}"#),
        row!(SpannerClient.get_session(r#"{"name":"projects/p/instances/i/databases/d/sessions/s"}"#)
            => "GET /v1/projects/p/instances/i/databases/d/sessions/s" ""),
        row!(SpannerClient.list_sessions(r#"{"database":"projects/p/instances/i/databases/d","filter":"labels.a:\"b\"","shards":["-1","2"]}"#)
            => "GET /v1/projects/p/instances/i/databases/d/sessions?filter=labels.a%3A%22b%22&shards=-1&shards=2" ""),
        row!(SpannerClient.list_sessions(r#"{"database":"projects/p/instances/i/databases/d","since":"2026-01-02T03:04:05Z","fields":"a.b,cD","flag":false,"precondition":{"etag":"x","kind":"STRICT","other":{"etag":"a,b"}}}"#)
            => "GET /v1/projects/p/instances/i/databases/d/sessions?since=2026-01-02T03%3A04%3A05Z&fields=a.b%2CcD&flag=false&precondition.etag=x&precondition.kind=STRICT&precondition.other.etag=a%2Cb" ""),
        row!(SpannerClient.execute_sql(r#"{"session":"projects/p/instances/i/databases/d/sessions/s","sql":"SELECT 1","params":{"a":1},"seqno":"9"}"#)
            => "POST /v1/projects/p/instances/i/databases/d/sessions/s:executeSql" r#"{"sql":"SELECT 1","params":{"a":1},"seqno":"9"}"#),
        row!(SpannerClient.execute_streaming_sql(r#"{"session":"projects/p/instances/i/databases/d/sessions/s","sql":"SELECT 1"}"#)
            => "POST /v1/projects/p/instances/i/databases/d/sessions/s:executeStreamingSql" r#"{"sql":"SELECT 1"}"#),
        // Storage.
        row!(StorageControlClient.create_folder(r#"{"parent":"projects/_/buckets/b","folder":{"name":"n","metageneration":"7"},"folderId":"a/b","recursive":true}"#)
            => "POST /v2/projects/_/buckets/b/folders?folderId=a%2Fb&recursive=true" r#"{"name":"n","metageneration":"7"}"#),
        row!(StorageControlClient.create_folder(r#"{"parent":"projects/_/buckets/b"}"#) => "POST /v2/projects/_/buckets/b/folders" ""),
        row!(StorageControlClient.create_folder(r#"{"parent":"projects/_/buckets/b","folder":{}}"#) => "POST /v2/projects/_/buckets/b/folders" "{}"),
        row!(StorageControlClient.delete_folder(r#"{"name":"projects/_/buckets/b/folders/a/b c/d/"}"#)
            => "DELETE /v2/projects/_/buckets/b/folders/a/b%20c/d/" ""),
        row!(StorageControlClient.get_folder(r#"{"name":"projects/_/buckets/b/folders/a","ifMetagenerationMatch":"0"}"#)
            => "GET /v2/projects/_/buckets/b/folders/a?ifMetagenerationMatch=0" ""),
        row!(StorageControlClient.rename_folder(r#"{"name":"projects/_/buckets/b/folders/a/b","destinationFolderId":"c/"}"#)
            => "POST /v2/projects/_/buckets/b/folders/a/b:rename" r#"{"destinationFolderId":"c/"}"#),
        row!(StorageControlClient.get_storage_layout(r#"{"name":"projects/_/buckets/b/storageLayout"}"#)
            => "GET /v2/projects/_/buckets/b/storageLayout" ""),
        // Others: the binding that the request fits into; a HttpBody inside of a JSON body.
        row!(OthersClient.delete_log(r#"{"logName":"projects/p/logs/a%2Fb"}"#) => "DELETE /v2/projects/p/logs/a%252Fb" ""),
        row!(OthersClient.delete_log(r#"{"logName":"folders/f/logs/l"}"#) => "DELETE /v2/folders/f/logs/l" ""),
        row!(ItemsClient.get(r#"{"int32":0,"time":"2026-01-02T03:04:05Z","child":{"id":"c"}}"#)
            => "GET /v1/typed/0/false/RED/2026-01-02T03%3A04%3A05Z/c" ""),
        // Of what is not set, and could be, nothing is invented.
        row!(ItemsClient.get(r#"{"child":{"id":"c"}}"#) => "GET /v1/~tilde/a.b-c_d@e?child.id=c" ""),
        row!(ItemsClient.get(r#"{"data":"AQ==","text":"t"}"#) => "GET /v1/~tilde/a.b-c_d@e?text=t&data=AQ%3D%3D" ""),
        row!(OthersClient.raw_predict(r#"{"endpoint":"projects/p/locations/l/publishers/g/models/m","httpBody":{"contentType":"text/plain","data":"aGk="}}"#)
            => "POST /v1/projects/p/locations/l/publishers/g/models/m:rawPredict" r#"{"httpBody":{"contentType":"text/plain","data":"aGk="}}"#),
    ]
}

/// The next request: its method and target, and its body.
async fn request(socket: &mut TcpStream) -> (String, String) {
    let mut read = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&read).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            let length: usize = length.map_or(0, |length| length.parse().unwrap());
            if body.len() >= length {
                let line = head.lines().next().unwrap().trim_end_matches(" HTTP/1.1");
                return (line.to_owned(), body.to_owned());
            }
        }
        assert_ne!(socket.read_buf(&mut read).await.unwrap(), 0, "the request is complete: {text}");
    }
}

#[tokio::test]
async fn requests_are_what_the_rules_prescribe() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target = format!("http://{}", listener.local_addr().unwrap());
    let channel = Channel::builder(&target).protocol(Protocol::Rest).http1_only().build().unwrap();
    for row in prescribed() {
        let answering = async {
            let (mut socket, _) = listener.accept().await.unwrap();
            let seen = request(&mut socket).await;
            let answer =
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}";
            socket.write_all(answer.as_bytes()).await.unwrap();
            seen
        };
        let (result, (target, body)) = tokio::join!((row.call)(channel.clone().into()), answering);
        result.unwrap_or_else(|status| assert_eq!(status.code(), Code::Ok, "{}: {}", row.target, status.message()));
        assert_eq!((target.as_str(), body.as_str()), (row.target, row.body));
    }
}

#[tokio::test]
async fn requests_that_no_rule_takes() {
    let client = Client::from(items::server()).protocol(Protocol::Rest);
    #[rustfmt::skip]
    let refused = [
        row!(PubSubClient.get_topic("{}") => "the field `topic` is \"\", which does not fit `projects/*/topics/*`" ""),
        row!(PubSubClient.get_topic(r#"{"topic":"projects//topics/t"}"#) => "which does not fit" ""),
        row!(PubSubClient.get_topic(r#"{"topic":"projects/p/topics/t/u"}"#) => "which does not fit" ""),
        row!(PubSubClient.get_topic(r#"{"topic":"projects/p/topics/.."}"#) => "a path cannot hold `.` and `..`" ""),
        row!(StorageControlClient.get_folder(r#"{"name":"projects/_/buckets/b/folders/a/../c"}"#) => "a path cannot hold `.` and `..`" ""),
        row!(SpannerClient.list_sessions(r#"{"database":"projects/p/instances/i/databases/d","precondition":{"labels":{"a":"b"}}}"#) => "precondition.labels: it has no text form" ""),
        row!(SpannerClient.list_sessions(r#"{"database":"projects/p/instances/i/databases/d","precondition":{"more":[{}]}}"#) => "precondition.more[0]: it has no text form" ""),
        row!(SpannerClient.list_sessions(r#"{"database":"projects/p/instances/i/databases/d","precondition":{"open":{"a":1}}}"#) => "precondition.open: it has no text form" ""),
        row!(SpannerClient.list_sessions(r#"{"database":"projects/p/instances/i/databases/d","precondition":{"open":{}}}"#) => "precondition.open: it has no text form" ""),
        row!(SpannerClient.list_sessions(r#"{"database":"projects/p/instances/i/databases/d","precondition":{"etag":"x","other":{}}}"#) => "precondition.other: it is set, but none of its fields is" ""),
        row!(SpannerClient.list_sessions(r#"{"database":"projects/p/instances/i/databases/d","precondition":{"value":null}}"#) => "precondition.value: it has no text form" ""),
        row!(SpannerClient.list_sessions(r#"{"database":"projects/p/instances/i/databases/d","precondition":{"value":"x"}}"#) => "precondition.value: it has no text form" ""),
        row!(SpannerClient.list_sessions(r#"{"database":"projects/p/instances/i/databases/d","precondition":{"list":[]}}"#) => "precondition.list: it has no text form" ""),
        row!(SpannerClient.list_sessions(r#"{"database":"projects/p/instances/i/databases/d","precondition":{"list":[1,2]}}"#) => "precondition.list: it has no text form" ""),
        row!(SpannerClient.list_sessions(r#"{"database":"projects/p/instances/i/databases/d","precondition":{"any":{}}}"#) => "precondition.any: it has no text form" ""),
        row!(SpannerClient.list_sessions(r#"{"database":"projects/p/instances/i/databases/d","precondition":{}}"#) => "precondition: it is set, but none of its fields is" ""),
    ];
    for row in refused {
        let status = (row.call)(client.clone()).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument, "{status:?}");
        assert!(status.message().contains(row.target), "{:?} has {:?}", status.message(), row.target);
    }
    // Of lists and maps that are empty there is nothing to say, also where defaults are written.
    let defaults = client.clone().json(json::Options::new().emit_defaults(true));
    let item = Item { id: "i".into(), text: "t".into(), ..Item::default() };
    assert_eq!(ItemsClient::new(defaults).get(item.clone()).await.unwrap().into_inner(), item);
    let health = rsgrpc::grpc::health::v1::HealthClient::new(client);
    let status = health.check(rsgrpc::grpc::health::v1::HealthCheckRequest::default()).await.unwrap_err();
    assert_eq!(status.code(), Code::Unimplemented);
    assert!(status.message().contains("has no google.api.http rule"), "{status:?}");
}

/// The client of REST over a transport, and that of gRPC in process.
async fn clients() -> Vec<(&'static str, ItemsClient)> {
    let server = items::builder(Rest::new()).build().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target = format!("http://{}", listener.local_addr().unwrap());
    let serving = server.clone();
    tokio::spawn(async move { serving.serve_with_shutdown(listener, std::future::pending()).await });
    let rest = |http1: bool| {
        let builder = Channel::builder(&target).protocol(Protocol::Rest);
        Client::from(if http1 { builder.http1_only() } else { builder }.build().unwrap())
    };
    vec![
        ("gRPC", ItemsClient::new(server.clone())),
        ("in process", ItemsClient::new(Client::from(server).protocol(Protocol::Rest))),
        ("HTTP/2", ItemsClient::new(rest(false))),
        ("HTTP/1.1", ItemsClient::new(rest(true))),
    ]
}

fn item() -> Item {
    read(
        r#"{"id":"a/b ü:c","text":"\t\n%+","int32":-7,"int64":"-9007199254740993","flag":true,"double":"NaN","color":1,
            "data":"+/8=","maybe":"","child":{"id":"x","tags":["1","2,3"],"child":{"text":"deep"}},"tags":["","a&b=c"],
            "time":"2026-01-02T03:04:05.678Z","duration":"-1.5s","mask":"a.bC,d","wrapped":"","left":"l",
            "snakeCase":"s","number":"18446744073709551615"}"#,
    )
}

/// What both protocols tell of a call, as text: `NaN` is not equal to itself.
fn told<T: std::fmt::Debug>(result: Result<Response<T>, Status>) -> String {
    match result {
        Ok(response) => format!("{:?}", response.into_inner()),
        Err(status) => {
            format!("{:?} {} {:?}", status.code(), status.message(), rsgrpc::StatusExt::any_details(&status))
        }
    }
}

async fn all<T: rsgrpc::codegen::Message + std::fmt::Debug>(
    result: Result<Response<rsgrpc::Streaming<T>>, Status>,
) -> String {
    let mut messages = match result {
        Ok(response) => response.into_inner(),
        Err(status) => return format!("[] {:?} {}", status.code(), status.message()),
    };
    let mut seen = Vec::new();
    loop {
        match messages.try_next().await {
            Ok(Some(message)) => seen.push(message),
            Ok(None) => return format!("{seen:?}"),
            Err(status) => return format!("{seen:?} {:?} {}", status.code(), status.message()),
        }
    }
}

fn body(content_type: &str, data: &[u8]) -> HttpBody {
    HttpBody { content_type: content_type.into(), data: data.to_vec(), extensions: Vec::new() }
}

/// All that a caller learns of calls by every kind of rule.
async fn learned(client: &ItemsClient) -> Vec<String> {
    let with = |id: &str, act: &str| Item { id: id.into(), act: act.into(), ..Item::default() };
    let child = |text: &str| Some(Box::new(Item { text: text.into(), ..Item::default() }));
    let many =
        |count: usize| (0..count).map(|n| Item { text: "t".into(), ..with(&n.to_string(), "") }).collect::<Vec<_>>();
    let mut learned = vec![
        told(client.get(item()).await),
        told(client.delete(item()).await),
        told(client.create(item()).await),
        told(client.field(item()).await),
        told(client.field(with("no child", "")).await),
        told(client.r#move(item()).await),
        told(client.one(item()).await),
        told(client.anything(item()).await),
        told(
            client
                .update(Change {
                    item: Some(Item { id: "i".into(), text: "t".into(), ..Item::default() }),
                    update_mask: Some(read("\"text\"")),
                })
                .await,
        ),
        told(client.attach(Attachment { name: "n".into(), file: Some(body("image/png", b"\0\xff")) }).await),
        told(client.echo(body("application/octet-stream", b"\0{\xff")).await),
        told(client.download(with("f", "")).await),
        told(client.download(with("none", "")).await),
        told(client.create(with("", "details:a.b")).await),
        told(client.create(with("", "strange-details")).await),
        told(client.get(with("i", "deny")).await),
        told(client.get(with("i", "deadline")).timeout(Duration::from_secs(5400)).await),
        told(client.get(with("i", "sleep")).timeout(Duration::from_millis(40)).await),
        told(client.get(with("i", "panic")).await),
        told(client.create(Item { act: "long:2000000".into(), ..Item::default() }).await).chars().take(30).collect(),
        told(client.upload(stream::iter(many(3))).await),
        told(
            client
                .gather(stream::iter([child("1"), None, child("3")].map(|child| Item { child, ..with("g", "") })))
                .await,
        ),
        told(client.store(stream::iter([body("text/csv", b"a,b\n"), body("text/csv", b"c,d\n")])).await),
        told(client.store(stream::iter([body("", b"")])).await),
        all(client.sync(stream::iter(many(3))).await).await,
    ];
    for id in ["some-3", "break-2", "break-0", "refuse", "slow", "panic-1"] {
        learned.push(all(client.watch(with(id, "")).await).await);
    }
    for code in 1..=16 {
        learned.push(told(client.create(with("", &format!("code:{code}"))).await));
    }
    learned
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rest_tells_what_grpc_tells() {
    let clients = clients().await;
    let expected = learned(&clients[0].1).await;
    for (name, client) in &clients[1..] {
        for (call, (found, expected)) in learned(client).await.iter().zip(&expected).enumerate() {
            assert_eq!(found, expected, "call {call}, {name}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams_that_one_head_cannot_tell() {
    let item = |id: &str, text: &str| Item { id: id.into(), text: text.into(), ..Item::default() };
    let extended = || HttpBody { extensions: vec![prost_types::Any::default()], ..body("a/b", b"1") };
    for (name, client) in &clients().await[1..] {
        for (told, expected) in [
            (
                told(client.upload(stream::iter([item("1", "p"), item("2", "p"), item("3", "q")])).await),
                "message 3 of the stream cannot be written for REST: the field `text` is another than in the first",
            ),
            (
                told(client.upload(stream::iter([item("1", "p"), item("2", "")])).await),
                "message 2 of the stream cannot be written for REST: the field `text` is \"\", which does not fit `*`",
            ),
            (told(client.gather(stream::iter([item("1", "p"), item("2", "p")])).await), "the field `id` is another"),
            (told(client.gather(stream::iter([item("1", "p"), item("1", "q")])).await), "the field `text` is another"),
            (told(client.gather(stream::iter([item("1", "p"), item("1", "")])).await), "the field `text` is another"),
            (
                told(client.store(stream::iter([body("a/b", b"1"), body("", b"2"), body("c/d", b"3")])).await),
                "message 3 of the stream cannot be written for REST: the field `content_type` is another",
            ),
            (told(client.store(stream::iter([body("a/b", b"1"), extended()])).await), "message 2 of the stream"),
            (told(client.store(stream::iter([extended()])).await), "`extensions` of a google.api.HttpBody"),
            (told(client.echo(extended()).await), "`extensions` of a google.api.HttpBody"),
            (
                told(client.attach(Attachment { name: "n".into(), file: Some(extended()) }).await),
                "`extensions` of a google.api.HttpBody",
            ),
        ] {
            assert!(
                told.starts_with("InvalidArgument ") && told.contains(expected),
                "{name}: {told:?} has {expected:?}"
            );
        }
    }
}

#[tokio::test]
async fn metadata_of_both_ends() {
    for (name, client) in clients().await {
        let item = Item { id: "i".into(), act: "echo-metadata".into(), ..Item::default() };
        let call = client.get(item).metadata("x-a", "1").metadata("x-a", "2").metadata_bin("x-b-bin", b"\0\xff");
        let response = call.await.unwrap();
        for metadata in [response.metadata(), &response.trailers()] {
            assert_eq!(metadata.get_all("x-a").iter().collect::<Vec<_>>(), ["1", "2"], "{name}");
            assert_eq!(metadata.get_bin("x-b-bin").unwrap().to_bytes().unwrap(), &b"\0\xff"[..], "{name}");
        }
    }
}

// docs/rest.md 7.8
#[tokio::test]
async fn statuses_that_a_handler_chooses() {
    let expected = |status: u16| if status < 300 { Ok(()) } else { Err(Code::Unknown) };
    for (name, client) in &clients().await[1..] {
        for status in [200, 201, 202, 204, 205, 299, 301, 303, 304, 307, 399] {
            let item = Item { id: "i".into(), act: format!("status:{status}"), ..Item::default() };
            let result = client.get(item).await;
            assert_eq!(result.as_ref().map(drop).map_err(Status::code), expected(status), "{name} {status}");
            let metadata = result.as_ref().map_or_else(Status::metadata, Response::metadata);
            assert_eq!(metadata.get("location").unwrap(), "/v1/items/7", "{name} {status}");
        }
    }
}

/// A server that answers with this.
async fn answering(answer: &'static str) -> ItemsClient {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let channel = Channel::builder(format!("http://{}", listener.local_addr().unwrap())).protocol(Protocol::Rest);
    tokio::spawn(async move {
        loop {
            let (mut socket, _) = listener.accept().await.unwrap();
            request(&mut socket).await;
            let (head, body) = answer.split_once("\n\n").unwrap();
            let head = head.replace('\n', "\r\n");
            let answer = format!("HTTP/1.1 {head}\r\nconnection: close\r\n\r\n{body}");
            socket.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    ItemsClient::new(channel.http1_only().build().unwrap())
}

#[tokio::test]
async fn streams_in_each_form_and_how_they_end() {
    let item = |text: &str| format!("{:?}", Item { text: text.into(), ..Item::default() });
    let both = format!("[{}, {}]", item("1"), item("2"));
    for (answer, expected) in [
        ("200 OK\ncontent-type: application/json\n\n[{\"text\":\"1\"},{\"text\":\"2\"}]", both.clone()),
        (
            "200 OK\ncontent-type: application/json; charset=utf-8\n\n{\"text\":\"1\"}\n{\"text\":\"2\",\"new\":[1]}",
            both.clone(),
        ),
        ("200 OK\ncontent-type: application/x-ndjson\n\n{\"text\":\"1\"}\n{\"text\":\"2\"}\n", both.clone()),
        (
            "200 OK\ncontent-type: text/event-stream\n\ndata: {\"text\":\"1\"}\n\ndata: {\"text\":\ndata: \"2\"}\n\n",
            both.clone(),
        ),
        ("200 OK\ncontent-type: application/json\n\n[]", "[]".to_owned()),
        // The array says that it is all, however the body goes on.
        (
            "200 OK\ncontent-type: application/json\ncontent-length: 1000\n\n[{\"text\":\"1\"},{\"text\":\"2\"}]",
            both.clone(),
        ),
        (
            "200 OK\ncontent-type: application/json\n\n[{\"text\":\"1\"},{\"error\":{\"code\":404,\"message\":\"m\",\"status\":\"NOT_FOUND\"}}]",
            format!("[{}] NotFound m", item("1")),
        ),
        (
            "200 OK\ncontent-type: text/event-stream\n\ndata: {\"text\":\"1\"}\n\nevent: error\ndata: {\"code\":5,\"message\":\"m\"}\n\n",
            format!("[{}] NotFound m", item("1")),
        ),
        (
            "200 OK\ncontent-type: application/json\n\n[{\"text\":\"1\"},",
            format!("[{}] Internal the body is no stream of JSON values: the array has no end", item("1")),
        ),
        (
            "200 OK\ncontent-type: text/html\n\n<p>",
            "[] Unknown the server answered with content-type \"text/html\", not with JSON".to_owned(),
        ),
        (
            "429 Too Many Requests\ncontent-type: text/html\n\n<p>",
            "[] ResourceExhausted the server answered with HTTP status 429 Too Many Requests".to_owned(),
        ),
    ] {
        let client = answering(answer).await;
        let watched = Item { id: "i".into(), ..Item::default() };
        assert_eq!(all(client.watch(watched).await).await, expected, "{answer}");
    }
}

#[tokio::test]
async fn answers_of_one_message() {
    for (answer, expected) in [
        ("200 OK\n\n{\"text\":\"1\"}", Ok("1")),
        ("204 No Content\n\n", Ok("")),
        ("200 OK\ncontent-type: application/json\n\n{\"text\":1}", Err(Code::Internal)),
        ("200 OK\ncontent-type: application/json\ncontent-length: 9\n\n{", Err(Code::Unavailable)),
        ("302 Found\nlocation: /\n\n", Err(Code::Unknown)),
        ("503 Service Unavailable\ncontent-encoding: br\n\n<html>", Err(Code::Unavailable)),
        ("400 Bad Request\n\n{\"error\":{\"status\":\"OUT_OF_RANGE\"}}", Err(Code::OutOfRange)),
    ] {
        let client = answering(answer).await;
        let result = client.get(Item { id: "i".into(), ..Item::default() }).await;
        let found = result.as_ref().map(|response| response.get_ref().text.as_str()).map_err(Status::code);
        assert_eq!(found, expected, "{answer}");
    }
}
