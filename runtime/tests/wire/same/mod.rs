//! One core: a call is the same call by gRPC, gRPC-Web, Connect and REST, in protobuf and in JSON. Message, status,
//! details, metadata, deadline, limits, cancellation and all that an interceptor sees are compared.

mod calls;
mod lane;
mod message;
mod random;
mod recorder;
