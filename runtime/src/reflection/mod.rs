//! What a server tells about itself, as `grpc.reflection` asks it (gRPC's doc/server-reflection.md).

mod index;

use std::sync::Arc;

use futures_core::Stream;
use futures_util::StreamExt;
use prost::Message;
use tonic::{Request, Response, Status};

pub(crate) use index::Index;

use crate::{
    Service, Streaming,
    grpc::reflection::{v1, v1alpha},
    method::ServiceDescriptor,
};

/// Answers both versions of the service.
#[derive(Clone)]
struct Reflection {
    index: Arc<Index>,
}

/// The services themselves.
pub(crate) fn descriptors() -> [&'static ServiceDescriptor; 2] {
    [&v1::SERVER_REFLECTION, &v1alpha::SERVER_REFLECTION]
}

/// The services that answer, for the version of today and for the one that older tools ask.
pub(crate) fn services(index: Index) -> [Arc<dyn Service>; 2] {
    let reflection = Reflection { index: Arc::new(index) };
    [
        Arc::new(v1::ServerReflectionServer::new(reflection.clone())),
        Arc::new(v1alpha::ServerReflectionServer::new(reflection)),
    ]
}

impl v1::ServerReflection for Reflection {
    async fn server_reflection_info(
        &self,
        request: Request<Streaming<v1::ServerReflectionRequest>>,
    ) -> Result<Response<impl Stream<Item = Result<v1::ServerReflectionResponse, Status>>>, Status> {
        let mut session = index::Session::new(&self.index);
        Ok(Response::new(request.into_inner().map(move |request| Ok(session.answer(request?)))))
    }
}

impl v1alpha::ServerReflection for Reflection {
    async fn server_reflection_info(
        &self,
        request: Request<Streaming<v1alpha::ServerReflectionRequest>>,
    ) -> Result<Response<impl Stream<Item = Result<v1alpha::ServerReflectionResponse, Status>>>, Status> {
        let mut session = index::Session::new(&self.index);
        Ok(Response::new(request.into_inner().map(move |request| recode(&session.answer(recode(&request?)?)))))
    }
}

/// A message as the type of the other version, which has the same form on the wire.
fn recode<A: Message, B: Message + Default>(message: &A) -> Result<B, Status> {
    B::decode(&*message.encode_to_vec()).map_err(|error| Status::internal(error.to_string()))
}
