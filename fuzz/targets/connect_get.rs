//! A message comes out of the query of a Connect GET as it went in, however the query is written; and whatever a query
//! says, the answer is a message, an error in JSON or one of HTTP's own.

#![no_main]

use std::{fmt::Write as _, sync::LazyLock};

use http::{Request as HttpRequest, Uri};
use libfuzzer_sys::fuzz_target;
use rsgrpc::{Request, Response, Server};
use rsgrpc_fuzz::{
    Whole, answer,
    support::{Answer, Echo, EchoServer},
};

struct Same;

impl Echo for Same {
    async fn unary(&self, request: Request<String>) -> Answer<String> {
        Ok(Response::new(request.into_inner()))
    }
}

static SERVER: LazyLock<Server> = LazyLock::new(|| {
    let server = Server::builder().add_service(EchoServer::new(Same)).max_receive_message_bytes(4096);
    server.build().expect("a server")
});

// The first byte says whether the others are a query, or text to be asked for in this order of the parameters.
fuzz_target!(|data: &[u8]| {
    let Some((&how, data)) = data.split_first() else { return };
    if how % 2 == 0 {
        any(data);
    } else if let Ok(text) = std::str::from_utf8(data) {
        round_trip(text, how / 2);
    }
});

fn ask(target: Uri) -> Whole {
    let mut request = HttpRequest::new(Vec::new());
    (*request.uri_mut(), *request.version_mut()) = (target, http::Version::HTTP_2);
    answer(&SERVER, request)
}

fn any(query: &[u8]) {
    let Ok(target) = Uri::try_from([b"/test.Echo/Look?", query].concat()) else { return };
    let answer = ask(target);
    match answer.status {
        200 => assert_eq!(answer.head["vary"], "accept-encoding"),
        415 => {}
        status => {
            assert!(matches!(status, 400 | 429 | 500 | 501), "{answer:?}");
            assert_eq!(answer.head["content-type"], "application/json");
            assert!(answer.body.starts_with(b"{\"code\":\"") && answer.body.ends_with(b"}"), "{answer:?}");
        }
    }
}

fn round_trip(text: &str, order: u8) {
    let message = prost::Message::encode_to_vec(&text.to_owned());
    if message.len() > 4096 {
        return;
    }
    // Escapes where they must be, or everywhere.
    let everywhere = order & 1 == 1;
    let escaped = message.iter().fold(String::new(), |mut escaped, &byte| {
        match byte {
            b'a'..=b'z' | b'0'..=b'9' if !everywhere => escaped.push(char::from(byte)),
            b' ' if !everywhere => escaped.push('+'),
            _ => write!(escaped, "%{byte:02x}").expect("a string grows"),
        }
        escaped
    });
    let mut parameters = [format!("message={escaped}"), "encoding=proto".to_owned(), "connect=v1".to_owned()];
    parameters.rotate_left(usize::from(order >> 1) % 3);
    let Ok(target) = Uri::try_from(format!("/test.Echo/Look?{}", parameters.join("&"))) else { return };
    let answer = ask(target);
    assert_eq!((answer.status, &answer.body[..]), (200, &message[..]), "{answer:?}");
}
