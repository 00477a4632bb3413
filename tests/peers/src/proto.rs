//! What the two generators make of `peers.proto`.

/// rsgrpc's.
pub mod ours {
    rsgrpc::include_proto!("peers.v1");
}

/// tonic's.
pub mod tonic {
    #![allow(missing_docs, unreachable_pub, clippy::all, reason = "generated")]
    include!(concat!(env!("OUT_DIR"), "/tonic/peers.v1.rs"));
}
