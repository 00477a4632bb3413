//! Two servers for one service: `public` for people with tokens, `internal` for services with certificates.

use std::path::Path;
use std::sync::Arc;

use opentelemetry::metrics::Meter;
use rsgrpc::interceptors::{
    AccessLog, BearerAuth, Claims, ConcurrencyLimit, JwtVerifier, Permissions, RequestId, ServerMetrics, Trace,
};
use rsgrpc::{Call, Identity, Server, ServerBuilder, ServerTls, TrustRoots};

use crate::accounts::Memory;
use crate::certificates::BILLING;
use crate::tokens::{AUDIENCE, ISSUER};
use crate::{Error, v1::AccountsServer};

const ACCOUNTS: &str = "secure.v1.Accounts";
/// grpcurl asks the one or the other what there is to call.
const REFLECTION: [&str; 2] = ["grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection"];

/// TLS, and a token in each call. What a token allows is its scopes.
///
/// # Errors
///
/// A file in the folder is missing or broken.
pub fn public(accounts: &Arc<Memory>, folder: &Path, meter: &Meter) -> Result<Server, Error> {
    let verifier: JwtVerifier = JwtVerifier::from_file(folder.join("jwks.json"), AUDIENCE)?.issuer(ISSUER);
    let [new, old] = REFLECTION;
    let server = observed(accounts, meter)
        .tls(ServerTls::new(identity(folder)?))
        .interceptor(ConcurrencyLimit::new(1000))
        .interceptor(BearerAuth::new(verifier).public(new).public(old))
        .interceptor(
            Permissions::new()
                .allow(ACCOUNTS, |call| has_scope(call, "read"))
                .allow(format!("{ACCOUNTS}/CreateAccount"), |call| has_scope(call, "write"))
                .allow(new, |_| true)
                .allow(old, |_| true),
        );
    Ok(server.build()?)
}

/// Mutual TLS: who has no certificate of our authority learns nothing, and of those that have one, only billing may call.
///
/// # Errors
///
/// A file in the folder is missing or broken.
pub fn internal(accounts: &Arc<Memory>, folder: &Path, meter: &Meter) -> Result<Server, Error> {
    let clients = TrustRoots::from_file(folder.join("ca.crt"))?;
    let server = observed(accounts, meter)
        .tls(ServerTls::new(identity(folder)?).require_client_certificate(clients))
        .interceptor(Permissions::new().allow(ACCOUNTS, |call| spiffe_id(call) == Some(BILLING)));
    Ok(server.build()?)
}

/// What both have in common. These are the outermost, so they also see what the others refuse.
fn observed(accounts: &Arc<Memory>, meter: &Meter) -> ServerBuilder {
    Server::builder()
        .add_service(AccountsServer::from_arc(Arc::clone(accounts)))
        .reflection()
        .interceptor(Trace)
        .interceptor(RequestId)
        .interceptor(AccessLog)
        .interceptor(ServerMetrics::new(meter))
}

fn identity(folder: &Path) -> Result<Identity, Error> {
    Ok(Identity::from_files(folder.join("server.crt"), folder.join("server.key"))?)
}

fn has_scope(call: &Call, scope: &str) -> bool {
    call.extensions().get::<Claims>().is_some_and(|claims| claims.has_scope(scope))
}

fn spiffe_id(call: &Call) -> Option<&str> {
    call.peer().tls.as_ref()?.spiffe_id()
}
