use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures_util::{TryStreamExt, stream};
use rsgrpc::{
    Call, Code, Response, ResponseExt, Status,
    client::{Next, Outgoing},
};

use crate::{Log, clients, support::EchoClient};

/// The marks of the server tests, from the other side.
fn marking(mark: &'static str) -> impl rsgrpc::ClientInterceptor {
    move |mut call: Outgoing, next: Next| async move {
        let append = move |payload: &mut rsgrpc::Payload| {
            let text: String = payload.decode()?;
            payload.replace(&(text + mark))
        };
        call.on_request(append);
        call.metadata_mut().append("x-mark", mark.parse().unwrap());
        let mut incoming = next.run(call).await?;
        incoming.on_response(append);
        incoming.metadata_mut().append("x-mark", mark.parse().unwrap());
        incoming.on_end(move |result| {
            let mut trailers = result?;
            trailers.append("x-mark", mark.parse().unwrap());
            Ok(trailers)
        });
        Ok(incoming)
    }
}

fn marks(metadata: &rsgrpc::metadata::MetadataMap) -> String {
    metadata.get_all("x-mark").iter().map(|value| value.to_str().unwrap()).collect()
}

#[tokio::test]
async fn they_change_messages_and_metadata_of_every_kind() {
    let log = Log::default();
    let seen = log.clone();
    let look = move |call: Call, next: rsgrpc::Next| {
        seen.add(marks(call.metadata()));
        next.run(call)
    };
    for client in clients(&log, |builder| builder.interceptor(look.clone())).await {
        let client = EchoClient::new(client.interceptor(marking("a")).interceptor(marking("b")));
        let unary = client.unary("-".to_owned()).await.unwrap();
        assert_eq!((unary.get_ref().as_str(), marks(unary.metadata()).as_str()), ("-abba", "ba"));
        assert_eq!(marks(&unary.trailers()), "ba");
        assert_eq!(unary.trailers().get("x-from").unwrap(), "handler");
        assert_eq!(log.take(), ["ab", "handler"]);

        let mut down = client.down("- =".to_owned()).await.unwrap().into_inner();
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
        log.take();
    }
}

#[tokio::test]
async fn they_see_and_change_how_a_call_ends() {
    let log = Log::default();
    let noted = log.clone();
    let note = move |call: Outgoing, next: Next| {
        let log = noted.clone();
        async move {
            let mut incoming = next.run(call).await?;
            incoming.on_end(move |result| {
                log.add(format!("{:?}", result.as_ref().map(|_| ()).map_err(Status::code)));
                result.map_err(|_| Status::unavailable("changed"))
            });
            Ok(incoming)
        }
    };
    for client in clients(&log, |builder| builder).await {
        let client = EchoClient::new(client.interceptor(note.clone()));
        client.unary(String::new()).await.unwrap();
        let status =
            client.down("a fail".to_owned()).await.unwrap().into_inner().try_collect::<Vec<_>>().await.unwrap_err();
        assert_eq!((status.code(), status.message()), (Code::Unavailable, "changed"));
        assert_eq!(log.take(), ["handler", "Ok(())", "handler", "Err(DataLoss)"]);
    }
}

#[tokio::test]
async fn they_make_a_call_again() {
    let log = Log::default();
    let refusals = Arc::new(AtomicUsize::new(0));
    let refused = Arc::clone(&refusals);
    // Refuses two calls of three.
    let flaky = move |call: Call, next: rsgrpc::Next| {
        let refuses = refused.fetch_add(1, Ordering::Relaxed) % 3 != 2;
        async move {
            if refuses {
                return Err(Status::unavailable("try again"));
            }
            next.run(call).await
        }
    };
    let retry = |mut call: Outgoing, next: Next| async move {
        loop {
            let again = call.try_clone();
            match (next.clone().run(call).await, again) {
                (Err(status), Some(again)) if status.code() == Code::Unavailable => call = again,
                (result, _) => return result,
            }
        }
    };
    for client in clients(&log, |builder| builder.interceptor(flaky.clone())).await {
        let client = EchoClient::new(client.interceptor(retry).interceptor(marking("!")));
        assert_eq!(client.unary("once".to_owned()).await.unwrap().into_inner(), "once!!");
        assert_eq!(
            client.down("twice".to_owned()).await.unwrap().into_inner().message().await.unwrap().unwrap(),
            "twice!!"
        );
        // A stream exists only once.
        let status = client.up(stream::iter(["never".to_owned()])).await.unwrap_err();
        assert_eq!(status.code(), Code::Unavailable);
        refusals.store(0, Ordering::Relaxed);
    }
}

#[tokio::test]
async fn the_deadline_holds_for_the_whole_chain() {
    let log = Log::default();
    let stuck = |_: Outgoing, _: Next| std::future::pending();
    for client in clients(&log, |builder| builder).await {
        let call = EchoClient::new(client.interceptor(stuck));
        let status = call.unary(String::new()).timeout(Duration::from_millis(20)).await.unwrap_err();
        assert_eq!(status.code(), Code::DeadlineExceeded);
    }
}

#[tokio::test]
async fn they_answer_in_place_of_the_server() {
    let log = Log::default();
    let cache = |call: Outgoing, _: Next| async move {
        let mut response = Response::new("cached".to_owned()).with_trailers(crate::trailers());
        response.metadata_mut().insert("x-cache", "hit".parse().unwrap());
        call.answer(response)
    };
    for client in clients(&log, |builder| builder).await {
        let client = EchoClient::new(client.interceptor(cache));
        let unary = client.unary(String::new()).await.unwrap();
        assert_eq!(unary.get_ref(), "cached");
        assert_eq!(unary.metadata().get("x-cache").unwrap(), "hit");
        assert_eq!(unary.trailers().get("x-from").unwrap(), "handler");
        assert_eq!(client.down(String::new()).await.unwrap().into_inner().message().await.unwrap().unwrap(), "cached");
        assert!(log.take().is_empty());
    }
}
