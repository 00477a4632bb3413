/// What rsgrpc-build makes of `bench.proto`.
pub mod ours {
    #![expect(missing_docs, reason = "the proto is documented where its fields say too little")]
    rsgrpc::include_proto!("bench.v1");
}

/// What tonic-prost-build makes of `bench.proto`.
pub mod tonic_proto {
    #![allow(missing_docs, unreachable_pub, clippy::all, reason = "generated")]
    include!(concat!(env!("OUT_DIR"), "/tonic/bench.v1.rs"));
}
