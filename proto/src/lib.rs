//! The protos that rsgrpc puts on protoc's include path, so that nobody has to copy them: `google/api`, `google/rpc`,
//! `grpc/health` and `grpc/reflection`.
//!
//! Names, numbers, types and options are those of the published files, so descriptors are the same; the comments are
//! our own.

/// Every proto: the path to import it by, and its text.
pub const FILES: &[(&str, &str)] = files![
    "google/api/annotations.proto",
    "google/api/client.proto",
    "google/api/field_behavior.proto",
    "google/api/field_info.proto",
    "google/api/http.proto",
    "google/api/httpbody.proto",
    "google/api/launch_stage.proto",
    "google/api/resource.proto",
    "google/rpc/code.proto",
    "google/rpc/error_details.proto",
    "google/rpc/status.proto",
    "grpc/health/v1/health.proto",
    "grpc/reflection/v1/reflection.proto",
    "grpc/reflection/v1alpha/reflection.proto",
];

// `include_str!` wants a literal, so the list can be written once only by a macro.
macro_rules! files {
    ($($path:literal),* $(,)?) => { &[$(($path, include_str!(concat!("../protos/", $path)))),*] };
}
use files;
