//! Sends a case over HTTP/2, with its target as it is.

use std::net::SocketAddr;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Uri, uri::PathAndQuery};
use tokio::net::TcpStream;
use transcoding_tests::cases::Case;

use crate::answer::Answer;

pub async fn exchange(server: SocketAddr, case: &Case) -> Answer {
    let socket = TcpStream::connect(server).await.unwrap();
    let (mut send, connection) = h2::client::handshake(socket).await.unwrap();
    let connection = tokio::spawn(connection);
    let target = PathAndQuery::try_from(&*case.target).unwrap();
    assert_eq!(target.as_str(), case.target, "the target is sent as it is");
    let uri = Uri::builder().scheme("http").authority("test").path_and_query(target).build().unwrap();
    let mut request = Request::builder().method(&*case.verb).uri(uri).header("case", case.line);
    for (name, value) in &case.headers {
        request = request.header(name, value);
    }
    let request = request.body(()).unwrap();
    let (response, mut body) = send.send_request(request, case.body.is_none()).unwrap();
    if let Some(text) = &case.body {
        // The server may have answered without it.
        let _ = body.send_data(Bytes::copy_from_slice(text.as_bytes()), true);
    }
    let mut answer = Answer::default();
    if let Ok(response) = response.await {
        answer.status = response.status().as_u16();
        answer.headers = pairs(response.headers());
        let mut stream = response.into_body();
        while let Some(Ok(data)) = stream.data().await {
            let _ = stream.flow_control().release_capacity(data.len());
            answer.body.extend_from_slice(&data);
        }
        if let Ok(Some(trailers)) = stream.trailers().await {
            answer.headers.extend(pairs(&trailers));
        }
    }
    connection.abort();
    answer
}

fn pairs(headers: &HeaderMap) -> Vec<(String, String)> {
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect()
}
