//! The services that gRPC itself defines.

/// `grpc.health.v1`: what load balancers and orchestrators ask a server. [`Health`](crate::Health) answers it.
pub mod health {
    /// Version 1.
    pub mod v1 {
        include!("grpc.health.v1.rs");
    }
}

/// `grpc.reflection`: what tools such as grpcurl ask a server about its services.
/// [`ServerBuilder::reflection`](crate::ServerBuilder::reflection) answers it.
pub mod reflection {
    /// Version 1.
    pub mod v1 {
        include!("grpc.reflection.v1.rs");
    }

    /// Version 1alpha, of the same form, which older tools ask.
    pub mod v1alpha {
        include!("grpc.reflection.v1alpha.rs");
    }
}
