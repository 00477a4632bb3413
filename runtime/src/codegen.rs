//! All that generated code may name. Not for use by hand: it changes with the generator.

use std::{
    convert::Infallible,
    marker::PhantomData,
    pin::Pin,
    task::{Context, Poll},
};

pub use futures_core::Stream;
pub use tonic::server::NamedService;
use tonic::{Response, Status};

pub use crate::{
    call::{Inbound, Outbound},
    codec::Message,
    handler::{Call as ServerCall, Reply},
};
use crate::{handler, method::Method};

/// The default body of a method that answers with one message.
pub async fn unimplemented_unary<R>(method: &'static Method) -> Result<Response<R>, Status> {
    Err(handler::unimplemented(method))
}

/// The default body of a method that answers with a stream.
pub async fn unimplemented_streaming<R>(method: &'static Method) -> Result<Response<Never<R>>, Status> {
    Err(handler::unimplemented(method))
}

/// A stream that cannot exist; it gives [`unimplemented_streaming`] a type.
#[derive(Debug)]
pub struct Never<R> {
    never: Infallible,
    item: PhantomData<fn() -> R>,
}

impl<R> Stream for Never<R> {
    type Item = Result<R, Status>;

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        match self.never {}
    }
}
