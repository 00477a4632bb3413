//! What the test of the cases and its build script share: the cases, and the services that their rules make.

pub mod cases;

/// The generated messages and services.
#[allow(missing_docs, reason = "the names of the rules say it")]
pub mod generated {
    rsgrpc::include_proto!("transcoding");
}

/// The descriptors of the groups, in the order of [`cases::all`].
pub static GROUPS: &[&rsgrpc::ServiceDescriptor] = include!(concat!(env!("OUT_DIR"), "/groups.rs"));
