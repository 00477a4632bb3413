//! The service itself. Who may call what is not its business; who called, it can see.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use rsgrpc::google::rpc::{BadRequest, ResourceInfo, bad_request::FieldViolation};
use rsgrpc::interceptors::{Claims, Id};
use rsgrpc::{Request, RequestExt, Response, Status, StatusExt};

use crate::v1::{Account, Accounts, CreateAccountRequest, GetAccountRequest, WhoAmIRequest, WhoAmIResponse};

/// Accounts in memory, by their id.
#[derive(Debug)]
pub struct Memory(Mutex<BTreeMap<String, Account>>);

impl Default for Memory {
    /// One account: that of Ada.
    fn default() -> Self {
        let ada = Account { id: "ada".into(), name: "Ada Lovelace".into() };
        Self(Mutex::new(BTreeMap::from([(ada.id.clone(), ada)])))
    }
}

impl Accounts for Memory {
    async fn who_am_i(&self, request: Request<WhoAmIRequest>) -> Result<Response<WhoAmIResponse>, Status> {
        // What the verifier found in the token is an extension of the request; the certificate belongs to the peer.
        let claims = request.extensions().get::<Claims>();
        let certificate = request.peer().and_then(|peer| peer.tls.as_ref()?.spiffe_id());
        let subject = claims.map(|claims| claims.sub.as_str()).or(certificate);
        let scopes = claims.map(|claims| claims.scope.split_whitespace().map(str::to_owned).collect());
        let traceparent = request.metadata().get("traceparent").and_then(|value| value.to_str().ok());
        Ok(Response::new(WhoAmIResponse {
            subject: subject.unwrap_or("nobody").to_owned(),
            scopes: scopes.unwrap_or_default(),
            request_id: request.extensions().get::<Id>().map(Id::to_string).unwrap_or_default(),
            traceparent: traceparent.unwrap_or_default().to_owned(),
        }))
    }

    async fn get_account(&self, request: Request<GetAccountRequest>) -> Result<Response<Account>, Status> {
        let id = request.into_inner().id;
        if id.is_empty() {
            return Err(Status::invalid_argument("an id is required"));
        }
        let accounts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        accounts.get(&id).cloned().map(Response::new).ok_or_else(|| {
            let missing = ResourceInfo { resource_type: "account".into(), resource_name: id, ..Default::default() };
            Status::not_found("there is no such account").with_detail(&missing)
        })
    }

    async fn create_account(&self, request: Request<CreateAccountRequest>) -> Result<Response<Account>, Status> {
        let account = valid(request.into_inner().account.unwrap_or_default())?;
        let mut accounts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if accounts.contains_key(&account.id) {
            return Err(Status::already_exists(format!("the id {} is taken", account.id)));
        }
        accounts.insert(account.id.clone(), account.clone());
        Ok(Response::new(account))
    }
}

/// The account, or INVALID_ARGUMENT with every field that is wrong.
fn valid(account: Account) -> Result<Account, Status> {
    let id_is_valid = (1..=32).contains(&account.id.len()) && account.id.bytes().all(|byte| byte.is_ascii_lowercase());
    let name_is_valid = (1..=100).contains(&account.name.chars().count());
    let rules = [
        (id_is_valid, "account.id", "must be 1 to 32 of a-z"),
        (name_is_valid, "account.name", "must be 1 to 100 characters"),
    ];
    let broken = rules.into_iter().filter(|(is_valid, ..)| !is_valid);
    let field_violations: Vec<_> = broken
        .map(|(_, field, rule)| FieldViolation {
            field: field.to_owned(),
            description: rule.to_owned(),
            ..Default::default()
        })
        .collect();
    if field_violations.is_empty() {
        return Ok(account);
    }
    Err(Status::invalid_argument("the account is not valid").with_detail(&BadRequest { field_violations }))
}
