use futures_util::{TryStreamExt, stream};
use rsgrpc::{Call, Code, MethodKind, Next, Response, ResponseExt, Server, Status};

use crate::{
    Handler, Log, clients,
    support::{EchoClient, EchoServer},
};

/// Notes when a call goes in and how it comes out.
fn noting(log: &Log, name: &'static str) -> impl rsgrpc::Interceptor {
    let log = log.clone();
    move |call: Call, next: Next| {
        let log = log.clone();
        async move {
            log.add(format!("{name} in"));
            let result = next.run(call).await;
            log.add(format!("{name} out {:?}", result.as_ref().map(|_| ()).map_err(Status::code)));
            result
        }
    }
}

#[tokio::test]
async fn they_nest_from_server_to_service_to_method() {
    let log = Log::default();
    let clients = clients(&log, |builder| {
        builder
            .interceptor_for("test.Echo/Down", noting(&log, "method 1"))
            .interceptor_for("test.Echo", noting(&log, "service"))
            .interceptor(noting(&log, "server 1"))
            .interceptor(noting(&log, "server 2"))
            .interceptor_for("test.Echo/Down", noting(&log, "method 2"))
    })
    .await;
    for client in clients {
        let client = EchoClient::new(client);
        client.down("a b".to_owned()).await.unwrap().into_inner().try_collect::<Vec<_>>().await.unwrap();
        let ins = ["server 1 in", "server 2 in", "service in", "method 1 in", "method 2 in"];
        let outs = ["method 2", "method 1", "service", "server 2", "server 1"].map(|name| format!("{name} out Ok(())"));
        let expected: Vec<String> =
            ins.map(str::to_owned).into_iter().chain(["handler".to_owned()]).chain(outs).collect();
        assert_eq!(log.take(), expected);

        client.unary("fail so".to_owned()).await.unwrap_err();
        // The method's own stay out of the calls of others.
        let outs = ["service", "server 2", "server 1"].map(|name| format!("{name} out Err({:?})", Code::NotFound));
        assert_eq!(log.take()[4..], outs);
    }
}

#[tokio::test]
async fn they_see_the_real_outcome_of_a_stream() {
    let log = Log::default();
    for client in clients(&log, |builder| builder.interceptor(noting(&log, "it"))).await {
        let stream = EchoClient::new(client).down("a fail".to_owned()).await.unwrap().into_inner();
        let status = stream.try_collect::<Vec<_>>().await.unwrap_err();
        assert_eq!(status.code(), Code::DataLoss);
        assert_eq!(log.take(), ["it in".to_owned(), "handler".to_owned(), format!("it out Err({:?})", Code::DataLoss)]);
    }
}

#[tokio::test]
async fn they_see_the_method_and_the_peer() {
    let log = Log::default();
    let seen = log.clone();
    let look = move |call: Call, next: Next| {
        let method = call.method();
        seen.add(format!(
            "{} {} {:?} {:?} deadline={} peer={}",
            method.service(),
            method.name(),
            method.kind,
            method.idempotency,
            call.deadline().is_some(),
            call.peer().remote_addr.is_some(),
        ));
        assert_eq!(method.kind, MethodKind::Unary);
        next.run(call)
    };
    let [in_process, socket] = clients(&log, |builder| builder.interceptor(look.clone())).await;
    EchoClient::new(in_process).unary(String::new()).await.unwrap();
    let call = EchoClient::new(socket);
    call.unary(String::new()).timeout(std::time::Duration::from_secs(9)).await.unwrap();
    assert_eq!(
        log.take(),
        [
            "test.Echo Unary Unary Unknown deadline=false peer=false",
            "handler",
            "test.Echo Unary Unary Unknown deadline=true peer=true",
            "handler",
        ]
    );
}

/// Appends a letter to each message on its way in and on its way out, and leaves its mark on head and trailers.
fn marking(mark: &'static str) -> impl rsgrpc::Interceptor {
    move |mut call: Call, next: Next| async move {
        let append = move |payload: &mut rsgrpc::Payload| {
            let text: String = payload.decode()?;
            payload.replace(&(text + mark))
        };
        call.on_request(append);
        call.on_response(append);
        call.on_head(move |metadata| {
            metadata.append("x-mark", mark.parse().unwrap());
        });
        let mut answer = next.run(call).await?;
        answer.trailers_mut().append("x-mark", mark.parse().unwrap());
        Ok(answer)
    }
}

fn marks(metadata: &rsgrpc::metadata::MetadataMap) -> String {
    metadata.get_all("x-mark").iter().map(|value| value.to_str().unwrap()).collect()
}

#[tokio::test]
async fn they_change_messages_and_metadata_of_every_kind() {
    let log = Log::default();
    for client in clients(&log, |builder| builder.interceptor(marking("a")).interceptor(marking("b"))).await {
        let client = EchoClient::new(client);
        // The outer one is the first on the way in and the last on the way out.
        let unary = client.unary("-".to_owned()).await.unwrap();
        assert_eq!((unary.get_ref().as_str(), marks(unary.metadata()).as_str()), ("-abba", "ba"));
        assert_eq!(marks(&unary.trailers()), "ba");
        assert_eq!(unary.trailers().get("x-from").unwrap(), "handler");

        let down = client.down("- =".to_owned()).await.unwrap();
        assert_eq!(marks(down.metadata()), "ba");
        let mut down = down.into_inner();
        let mut words = Vec::new();
        while let Some(word) = down.message().await.unwrap() {
            words.push(word);
        }
        assert_eq!(words, ["-ba", "=abba"]);
        assert_eq!(marks(&down.trailers().await.unwrap()), "ba");

        let two = || stream::iter(["-".to_owned(), "=".to_owned()]);
        assert_eq!(client.up(two()).await.unwrap().into_inner(), "-ab =abba");
        let both: Vec<String> = client.both(two()).await.unwrap().into_inner().try_collect().await.unwrap();
        assert_eq!(both, ["-abba", "=abba"]);
    }
}

#[tokio::test]
async fn they_refuse_messages() {
    let log = Log::default();
    let strict = |mut call: Call, next: Next| {
        call.on_request(|payload| match payload.decode::<String>()?.as_str() {
            "bad" => Err(Status::invalid_argument("bad")),
            _ => Ok(()),
        });
        call.on_response(|payload| match payload.decode::<String>()?.as_str() {
            "secret" => Err(Status::permission_denied("secret")),
            _ => Ok(()),
        });
        next.run(call)
    };
    for client in clients(&log, |builder| builder.interceptor(strict)).await {
        let client = EchoClient::new(client);
        let code = async |text: &str| client.unary(text.to_owned()).await.map(|_| ()).map_err(|status| status.code());
        assert_eq!(code("good").await, Ok(()));
        assert_eq!(code("bad").await, Err(Code::InvalidArgument));
        assert_eq!(code("secret").await, Err(Code::PermissionDenied));
        let mut down = client.down("open secret".to_owned()).await.unwrap().into_inner();
        assert_eq!(down.message().await.unwrap().unwrap(), "open");
        assert_eq!(down.message().await.unwrap_err().code(), Code::PermissionDenied);
    }
}

#[tokio::test]
async fn they_answer_in_place_of_the_handler() {
    let log = Log::default();
    let cached = |mut call: Call, _: Next| async move {
        if call.method().kind.streams_responses() {
            let words = stream::iter(["from", "the", "cache"]).map(|word| Ok(word.to_owned()));
            return call.stream(Response::new(words)).await;
        }
        call.reply(Response::new("from the cache".to_owned()))
    };
    use futures_util::StreamExt;
    for client in clients(&log, |builder| builder.interceptor(marking("!")).interceptor(cached)).await {
        let client = EchoClient::new(client);
        let unary = client.unary(String::new()).await.unwrap();
        assert_eq!((unary.get_ref().as_str(), marks(unary.metadata()).as_str()), ("from the cache!", "!"));
        let words: Vec<String> = client.down(String::new()).await.unwrap().into_inner().try_collect().await.unwrap();
        assert_eq!(words, ["from!", "the!", "cache!"]);
        assert!(log.take().is_empty());
    }
}

#[tokio::test]
async fn a_panic_in_one_is_internal_and_the_server_lives() {
    let log = Log::default();
    let clumsy = |call: Call, next: Next| {
        let panics = call.metadata().contains_key("x-panic");
        async move {
            assert!(!panics, "as asked");
            next.run(call).await
        }
    };
    for client in clients(&log, |builder| builder.interceptor(clumsy)).await {
        let client = EchoClient::new(client);
        let status = client.unary(String::new()).metadata("x-panic", "1").await.unwrap_err();
        assert_eq!(status.code(), Code::Internal);
        client.unary(String::new()).await.unwrap();
    }
}

#[test]
fn a_name_that_nothing_has_is_an_error() {
    let build = |name: &str| {
        let log = Log::default();
        let builder = Server::builder().add_service(EchoServer::new(Handler(log.clone())));
        builder.interceptor_for(name, noting(&log, "it")).build()
    };
    build("test.Echo/Unary").unwrap();
    let error = build("test.Echo/Unari").unwrap_err();
    assert_eq!(
        error.to_string(),
        "limits or interceptors are set for \"test.Echo/Unari\", but no service and no method has that name; write \
         `package.Service` or `package.Service/Method`"
    );
}
