//! tonic's interceptors.

use tonic::{Extensions, Request, Status, metadata::MetadataMap, service::Interceptor as TonicInterceptor};

use crate::{
    client::{self, ClientInterceptor, Incoming, Outgoing},
    handler::{Answer, Call},
    interceptor::{Interceptor, Next},
};

/// Runs an interceptor that was written for tonic: a function of the metadata and extensions of a request, on a server
/// or on a client.
///
/// ```
/// use rsgrpc::{Request, Server, Status, interceptors::FromTonic};
///
/// fn check(request: Request<()>) -> Result<Request<()>, Status> {
///     match request.metadata().get("authorization") {
///         Some(_) => Ok(request),
///         None => Err(Status::unauthenticated("no token")),
///     }
/// }
/// let builder = Server::builder().interceptor(FromTonic(check));
/// ```
#[derive(Debug, Clone, Copy)]
pub struct FromTonic<I>(pub I);

impl<I: TonicInterceptor + Clone + Send + Sync + 'static> FromTonic<I> {
    fn run(&self, metadata: &mut MetadataMap, extensions: &mut Extensions) -> Result<(), Status> {
        let request = Request::from_parts(std::mem::take(metadata), std::mem::take(extensions), ());
        (*metadata, *extensions, ()) = self.0.clone().call(request)?.into_parts();
        Ok(())
    }
}

impl<I: TonicInterceptor + Clone + Send + Sync + 'static> Interceptor for FromTonic<I> {
    async fn intercept(&self, mut call: Call, next: Next) -> Result<Answer, Status> {
        // What handlers may ask of a request, this may as well.
        let context = call.parts.context.clone();
        call.parts.extensions.insert(context);
        self.run(call.parts.metadata.get_or_insert_default(), &mut call.parts.extensions)?;
        next.run(call).await
    }
}

impl<I: TonicInterceptor + Clone + Send + Sync + 'static> ClientInterceptor for FromTonic<I> {
    async fn intercept(&self, mut call: Outgoing, next: client::Next) -> Result<Incoming, Status> {
        let (metadata, extensions) = call.parts_mut();
        self.run(metadata, extensions)?;
        next.run(call).await
    }
}
