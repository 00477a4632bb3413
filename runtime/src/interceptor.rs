//! What runs around every call, whatever its protocol and kind.

use std::{future::Future, pin::Pin, sync::Arc};

use tonic::Status;

use crate::handler::{Answer, Call, Reply, Service};

/// Runs around calls on the server: it may look at a call and change it, answer instead of the handler, or change how
/// the call ends.
///
/// The future of [`intercept`](Self::intercept) spans the whole call, streams included, so what it awaits around
/// [`Next::run`] is the call's real duration and its result the call's real status.
///
/// ```
/// use rsgrpc::{Answer, Call, Interceptor, Next, Status};
///
/// struct Token(&'static str);
///
/// impl Interceptor for Token {
///     async fn intercept(&self, call: Call, next: Next) -> Result<Answer, Status> {
///         match call.metadata().get("authorization") {
///             Some(token) if token.as_bytes() == self.0.as_bytes() => next.run(call).await,
///             _ => Err(Status::unauthenticated("a valid token is missing in the metadata `authorization`")),
///         }
///     }
/// }
/// ```
///
/// A function of a call and the rest of the chain is an interceptor, too:
///
/// ```
/// use rsgrpc::{Call, Next, Server};
///
/// let builder = Server::builder().interceptor(|mut call: Call, next: Next| async move {
///     call.on_head(|metadata| drop(metadata.insert("x-served-by", "here".parse().expect("ASCII"))));
///     next.run(call).await
/// });
/// ```
///
/// # Order
///
/// [Those of the server](crate::ServerBuilder::interceptor) run first, then
/// [those of the service, then those of the method](crate::ServerBuilder::interceptor_for); among each, the first added
/// is the outermost. A call goes in through all of them and its outcome comes back in reverse. All of it is within the
/// call's deadline.
///
/// # When the caller goes away
///
/// At the deadline, and when the caller cancels, the future is dropped where it waits. What must happen then as well
/// belongs into a value that acts when it is dropped.
pub trait Interceptor: Send + Sync + 'static {
    /// Runs around one call.
    fn intercept(&self, call: Call, next: Next) -> impl Future<Output = Result<Answer, Status>> + Send;
}

impl<F, R> Interceptor for F
where
    F: Fn(Call, Next) -> R + Send + Sync + 'static,
    R: Future<Output = Result<Answer, Status>> + Send,
{
    fn intercept(&self, call: Call, next: Next) -> impl Future<Output = Result<Answer, Status>> + Send {
        self(call, next)
    }
}

/// The rest of the chain: the interceptors behind this one, then the handler.
pub struct Next {
    target: Arc<Target>,
    position: usize,
}

impl Next {
    /// Runs the rest of the call to its end.
    pub fn run(self, call: Call) -> Reply {
        Target::run(&self.target, self.position, call)
    }
}

impl std::fmt::Debug for Next {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Next").field("position", &self.position).finish_non_exhaustive()
    }
}

pub(crate) type Chain = Arc<[Arc<dyn ErasedInterceptor>]>;

/// A method of a service with all that runs in front of it.
pub(crate) struct Target {
    pub(crate) service: Arc<dyn Service>,
    pub(crate) index: usize,
    pub(crate) chain: Chain,
}

impl Target {
    /// Runs the chain from this position on. The service future itself is returned where no interceptor is left, so an
    /// empty chain costs nothing.
    pub(crate) fn run(self: &Arc<Self>, position: usize, call: Call) -> Reply {
        match self.chain.get(position) {
            None => self.service.call(self.index, call),
            Some(interceptor) => {
                let next = Next { target: Arc::clone(self), position: position + 1 };
                Arc::clone(interceptor).intercept(call, next)
            }
        }
    }
}

/// [`Interceptor`] behind a pointer.
pub(crate) trait ErasedInterceptor: Send + Sync {
    fn intercept(
        self: Arc<Self>,
        call: Call,
        next: Next,
    ) -> Pin<Box<dyn Future<Output = Result<Answer, Status>> + Send>>;
}

impl<I: Interceptor> ErasedInterceptor for I {
    fn intercept(self: Arc<Self>, call: Call, next: Next) -> Reply {
        Box::pin(async move { Interceptor::intercept(&*self, call, next).await })
    }
}
