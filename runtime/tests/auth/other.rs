//! The other interceptors that are shipped.

use std::time::Duration;

use rsgrpc::{
    Call, Client, Code, Next, Request, Status,
    interceptors::{AccessLog, ConcurrencyLimit, FromTonic, Id, RequestId},
};

use crate::{Guarded, support::EchoClient};

#[tokio::test]
async fn request_ids_are_kept_or_made_and_come_back() {
    let server = Guarded::default().server().interceptor(RequestId).interceptor(AccessLog).build().unwrap();
    let client = EchoClient::new(server);
    let id = async |sent: &str| {
        let response = client.unary(String::new()).metadata("x-request-id", sent).await.unwrap();
        response.metadata().get("x-request-id").unwrap().to_str().unwrap().to_owned()
    };
    assert_eq!(id("a-B_1.2:3/4").await, "a-B_1.2:3/4");
    for strange in ["", "with space", "\"quoted\"", &"x".repeat(129)] {
        let made = id(strange).await;
        assert!(made.len() == 32 && made.bytes().all(|byte| byte.is_ascii_hexdigit()), "{made}");
    }
    assert_ne!(Id::random(), Id::random());
    // Errors have no head; they bring it along.
    let status = client.down(String::new()).metadata("x-request-id", "7").await.unwrap_err();
    assert_eq!(status.metadata().get("x-request-id").unwrap(), "7");
}

#[tokio::test]
async fn clients_send_request_ids() {
    let server = Guarded::default().server().interceptor(RequestId).build().unwrap();
    let client = EchoClient::new(Client::from(server).interceptor(RequestId));
    let mut request = Request::new(String::new());
    let id = Id::random();
    request.extensions_mut().insert(id.clone());
    let response = client.unary(request).await.unwrap();
    assert_eq!(response.metadata().get("x-request-id").unwrap(), id.as_str());
    let response = client.unary(String::new()).metadata("x-request-id", "own").await.unwrap();
    assert_eq!(response.metadata().get("x-request-id").unwrap(), "own");
}

/// Three calls at once, each of which takes a moment; how many were refused.
async fn refused(limit: ConcurrencyLimit) -> usize {
    let slow = |call: Call, next: Next| async move {
        tokio::time::sleep(Duration::from_millis(50)).await;
        next.run(call).await
    };
    let server = Guarded::default().server().interceptor(limit).interceptor(slow).build().unwrap();
    let client = EchoClient::new(server);
    let calls = (0..3).map(|_| client.unary(String::new()).into_future());
    let results = futures_util::future::join_all(calls).await;
    let refused: Vec<Status> = results.into_iter().filter_map(Result::err).collect();
    for status in &refused {
        assert_eq!(status.code(), Code::Unavailable);
        assert_eq!(status.message(), "the server has too many calls to answer; try again later");
    }
    // All is free again.
    client.unary(String::new()).await.unwrap();
    refused.len()
}

#[tokio::test]
async fn what_is_too_much_is_refused_at_once() {
    assert_eq!(refused(ConcurrencyLimit::new(1)).await, 2);
    assert_eq!(refused(ConcurrencyLimit::new(2)).await, 1);
    assert_eq!(refused(ConcurrencyLimit::new(1).waiting(1)).await, 1);
    assert_eq!(refused(ConcurrencyLimit::new(1).waiting(2)).await, 0);
}

#[tokio::test]
async fn tonic_s_interceptors_run_on_both_sides() {
    fn check(mut request: Request<()>) -> Result<Request<()>, Status> {
        use rsgrpc::RequestExt;
        assert_eq!(request.method().unwrap().name(), "Unary");
        if request.metadata().get("x-key").is_none_or(|key| key != "right") {
            return Err(Status::unauthenticated("no key"));
        }
        request.extensions_mut().insert(7_u32);
        Ok(request)
    }
    fn sign(mut request: Request<()>) -> Result<Request<()>, Status> {
        request.metadata_mut().insert("x-key", "right".parse().unwrap());
        Ok(request)
    }
    let seen = |call: Call, next: Next| {
        assert_eq!(call.extensions().get::<u32>(), Some(&7));
        next.run(call)
    };
    let server = Guarded::default().server().interceptor(FromTonic(check)).interceptor(seen).build().unwrap();
    let status = EchoClient::new(server.clone()).unary(String::new()).await.unwrap_err();
    assert_eq!((status.code(), status.message()), (Code::Unauthenticated, "no key"));
    EchoClient::new(Client::from(server).interceptor(FromTonic(sign))).unary(String::new()).await.unwrap();
}
