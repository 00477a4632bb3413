//! Calls with and without what it takes, and what comes back.

#![expect(clippy::print_stdout, reason = "printing is what the demonstration is for")]

use std::fmt::Debug;
use std::fs;
use std::future::IntoFuture;
use std::net::SocketAddr;
use std::path::Path;

use rsgrpc::google::rpc::{BadRequest, ResourceInfo};
use rsgrpc::interceptors::{BearerToken, Trace};
use rsgrpc::{Channel, Client, ClientTls, Code, Identity, Response, Status, StatusExt, TrustRoots};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::v1::{Account, AccountsClient, CreateAccountRequest, GetAccountRequest, WhoAmIRequest};
use crate::{Error, app::App, tokens::TokenIssuer};

/// Makes all of them.
///
/// # Errors
///
/// One ended otherwise than it should.
pub async fn run(app: &App, folder: &Path) -> Result<(), Error> {
    tokens(app, folder).await?;
    errors(app, folder).await?;
    connections(app, folder).await?;
    certificates(app, folder).await?;
    metrics(app.metrics).await
}

async fn tokens(app: &App, folder: &Path) -> Result<(), Error> {
    title("Tokens");
    let client = Client::from(channel(app.public, tls(folder)?)?).interceptor(Trace);
    let with = |token: &str| {
        let token = BearerToken::new(token)?;
        Ok::<_, Error>(AccountsClient::new(client.clone().interceptor(token)))
    };
    let (reader, writer) = (with(&file(folder, "reader.jwt")?)?, with(&file(folder, "writer.jwt")?)?);
    let nobody = AccountsClient::new(client.clone());
    let expired = with(&file(folder, "expired.jwt")?)?;
    let forged = with(&TokenIssuer::new()?.token("ada", "read write", 3600)?)?;

    show("WhoAmI of a reader", Code::Ok, reader.who_am_i(WhoAmIRequest {})).await?;
    show("GetAccount of a reader", Code::Ok, reader.get_account(get("ada"))).await?;
    show("GetAccount without a token", Code::Unauthenticated, nobody.get_account(get("ada"))).await?;
    show("GetAccount with an expired token", Code::Unauthenticated, expired.get_account(get("ada"))).await?;
    show("GetAccount with a forged token", Code::Unauthenticated, forged.get_account(get("ada"))).await?;
    show("CreateAccount of a reader", Code::PermissionDenied, reader.create_account(create("eve", "Eve"))).await?;
    show("CreateAccount of a writer", Code::Ok, writer.create_account(create("grace", "Grace Hopper"))).await
}

async fn errors(app: &App, folder: &Path) -> Result<(), Error> {
    title("Status and details");
    let token = BearerToken::new(&file(folder, "writer.jwt")?)?;
    let client = AccountsClient::new(Client::from(channel(app.public, tls(folder)?)?).interceptor(token));
    show("GetAccount without an id", Code::InvalidArgument, client.get_account(get(""))).await?;
    show("GetAccount of nobody", Code::NotFound, client.get_account(get("nobody"))).await?;
    show("CreateAccount, all wrong", Code::InvalidArgument, client.create_account(create("No Id", ""))).await?;
    show("CreateAccount once more", Code::AlreadyExists, client.create_account(create("ada", "Ada"))).await
}

async fn connections(app: &App, folder: &Path) -> Result<(), Error> {
    title("Connections");
    let client = |channel: Channel| AccountsClient::new(channel);
    let untrusting = client(channel(app.public, ClientTls::new())?);
    show("a client that does not know our authority", Code::Unavailable, untrusting.who_am_i(WhoAmIRequest {})).await?;
    let plain = client(Channel::connect(format!("http://localhost:{}", app.public.port()))?);
    show("http:// where TLS is spoken", Code::Unavailable, plain.who_am_i(WhoAmIRequest {})).await?;
    let encrypted = client(channel(app.metrics, tls(folder)?)?);
    show("https:// where it is not", Code::Unavailable, encrypted.who_am_i(WhoAmIRequest {})).await
}

async fn certificates(app: &App, folder: &Path) -> Result<(), Error> {
    title("Certificates");
    let with = |name: &str| {
        let identity =
            Identity::from_files(folder.join(name).with_extension("crt"), folder.join(name).with_extension("key"))?;
        Ok::<_, Error>(AccountsClient::new(channel(app.internal, tls(folder)?.identity(identity))?))
    };
    let nobody = AccountsClient::new(channel(app.internal, tls(folder)?)?);
    show("WhoAmI of billing", Code::Ok, with("billing")?.who_am_i(WhoAmIRequest {})).await?;
    show("WhoAmI of mail", Code::PermissionDenied, with("mail")?.who_am_i(WhoAmIRequest {})).await?;
    show("WhoAmI without a certificate", Code::Unavailable, nobody.who_am_i(WhoAmIRequest {})).await
}

async fn metrics(address: SocketAddr) -> Result<(), Error> {
    title("Metrics");
    let mut socket = TcpStream::connect(address).await?;
    socket.write_all(b"GET /metrics HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").await?;
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await?;
    for line in answer.lines().filter(|line| line.starts_with("grpc_server_call_duration_seconds_count")) {
        println!("  {line}");
    }
    Ok(())
}

fn title(text: &str) {
    println!("\n{text}");
}

/// Makes a call, prints how it ended, and fails where that is not as expected.
async fn show<M: Debug>(
    name: &str,
    expected: Code,
    call: impl IntoFuture<Output = Result<Response<M>, Status>>,
) -> Result<(), Error> {
    println!("  -> {name}");
    let code = match call.await {
        Ok(response) => {
            println!("  <- {:?}", response.get_ref());
            Code::Ok
        }
        Err(status) => {
            println!("  <- {:?}: {}", status.code(), status.message());
            for violation in status.detail::<BadRequest>().unwrap_or_default().field_violations {
                println!("     {} {}", violation.field, violation.description);
            }
            if let Some(missing) = status.detail::<ResourceInfo>() {
                println!("     {} {}", missing.resource_type, missing.resource_name);
            }
            status.code()
        }
    };
    if code == expected { Ok(()) } else { Err(format!("{name}: {code:?} in place of {expected:?}").into()) }
}

fn get(id: &str) -> GetAccountRequest {
    GetAccountRequest { id: id.to_owned() }
}

fn create(id: &str, name: &str) -> CreateAccountRequest {
    CreateAccountRequest { account: Some(Account { id: id.to_owned(), name: name.to_owned() }) }
}

fn tls(folder: &Path) -> Result<ClientTls, Error> {
    Ok(ClientTls::new().roots(TrustRoots::from_file(folder.join("ca.crt"))?))
}

fn channel(address: SocketAddr, tls: ClientTls) -> Result<Channel, Error> {
    Ok(Channel::builder(format!("https://localhost:{}", address.port())).tls(tls).build()?)
}

fn file(folder: &Path, name: &str) -> Result<String, Error> {
    Ok(fs::read_to_string(folder.join(name))?)
}
