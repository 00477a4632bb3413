//! Static tokens, over every protocol.

use rsgrpc::{
    Client, Code,
    interceptors::{BearerAuth, BearerToken, Denied, StaticTokens, Verifier},
};

use crate::{Guarded, post, raw, support::EchoClient};

const REQUIRED: &str = "a bearer token is required in the metadata `authorization`";
pub const INVALID: &str = "the bearer token is not valid";

fn auth() -> BearerAuth<StaticTokens> {
    BearerAuth::new(StaticTokens::new([("me", "right"), ("you", "another"), ("nobody", "")]))
}

#[tokio::test]
async fn what_callers_read() {
    let guarded = Guarded::default();
    let server = guarded.server().interceptor(auth()).build().unwrap();
    let client = EchoClient::new(server.clone());
    let long = format!("Bearer {}", "x".repeat(9000));
    let rows: &[(&[&str], Result<&str, &str>)] = &[
        (&["Bearer right"], Ok("me")),
        (&["bearer right"], Ok("me")),
        (&["BEARER  another "], Ok("you")),
        (&[], Err(REQUIRED)),
        (&["Bearer wrong"], Err(INVALID)),
        (&["Bearer righ"], Err(INVALID)),
        (&["Bearer rightt"], Err(INVALID)),
        (&["Bearer Right"], Err(INVALID)),
        (&["Bearer right right"], Err(INVALID)),
        (&["Bearer "], Err(INVALID)),
        (&["Bearer"], Err(INVALID)),
        (&["right"], Err(INVALID)),
        (&["Basic cmlnaHQ6"], Err(INVALID)),
        (&["Bearer right", "Bearer right"], Err(INVALID)),
        (&["Bearer wrong", "Bearer right"], Err(INVALID)),
        (&[&long], Err(INVALID)),
    ];
    for (values, expected) in rows {
        let call = values.iter().fold(client.unary(String::new()), |call, value| call.metadata("authorization", value));
        let outcome = call.await;
        match (outcome, expected) {
            (Ok(response), Ok(name)) => assert_eq!(response.get_ref(), name),
            (Err(status), Err(message)) => {
                assert_eq!((status.code(), status.message()), (Code::Unauthenticated, *message), "{values:?}");
                assert_eq!(status.metadata().get("www-authenticate").unwrap(), "Bearer");
            }
            (outcome, _) => panic!("{values:?}: {outcome:?}"),
        }
        assert_eq!(guarded.calls(), usize::from(expected.is_ok()));
        // The same by Connect, where the status is one of HTTP.
        let headers: String = values.iter().map(|value| format!("authorization: {value}\r\n")).collect();
        let answer = raw(&server, &post("/test.Echo/Unary", "application/proto", &headers)).await.to_lowercase();
        match expected {
            Ok(_) => assert!(answer.starts_with("http/1.1 200 "), "{values:?}: {answer}"),
            Err(message) => {
                assert!(answer.starts_with("http/1.1 401 "), "{values:?}: {answer}");
                assert!(answer.contains("\r\nwww-authenticate: bearer\r\n"), "{values:?}: {answer}");
                assert!(answer.contains(message), "{values:?}: {answer}");
            }
        }
        assert_eq!(guarded.calls(), usize::from(expected.is_ok()));
    }
}

#[tokio::test]
async fn what_is_public_needs_no_token() {
    for name in ["test.Echo", "test.Echo/Unary"] {
        let server = Guarded::default().server().interceptor(auth().public(name)).build().unwrap();
        assert_eq!(EchoClient::new(server).unary(String::new()).await.unwrap().into_inner(), "nobody");
    }
    let server = Guarded::default().server().interceptor(auth().public("test.Echo/Down")).build().unwrap();
    assert_eq!(EchoClient::new(server).unary(String::new()).await.unwrap_err().code(), Code::Unauthenticated);
}

#[tokio::test]
async fn a_client_sends_its_token() {
    let server = Guarded::default().server().interceptor(auth()).build().unwrap();
    let client = EchoClient::new(Client::from(server).interceptor(BearerToken::new("right").unwrap()));
    assert_eq!(client.unary(String::new()).await.unwrap().into_inner(), "me");
    assert!(BearerToken::new("line\nbreak").is_err());
    assert!(!format!("{:?}", BearerToken::new("right").unwrap()).contains("right"));
    assert!(!format!("{:?}", auth()).contains("right"));
}

#[tokio::test]
async fn a_verifier_that_cannot_tell_is_unavailable() {
    struct Offline;
    impl Verifier for Offline {
        type Principal = ();

        async fn verify(&self, _: &str) -> Result<(), Denied> {
            Err(Denied::unavailable("the directory does not answer"))
        }
    }
    let server = Guarded::default().server().interceptor(BearerAuth::new(Offline)).build().unwrap();
    let call = EchoClient::new(server);
    let status = call.unary(String::new()).metadata("authorization", "Bearer x").await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    assert_eq!(status.message(), "the token cannot be verified now; try again");
}
