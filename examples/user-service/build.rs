//! Generates the code of `proto/`.

fn main() -> Result<(), rsgrpc_build::Error> {
    rsgrpc_build::compile(&[
        "proto/example/v1/user.proto",
        "proto/example/v1/notification.proto",
        "proto/example/v1/data_upload.proto",
        "proto/example/v1/chat.proto",
        "proto/example/v2/user.proto",
    ])
}
