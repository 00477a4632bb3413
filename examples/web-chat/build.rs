//! Generates the code of `proto/`.

fn main() -> Result<(), rsgrpc_build::Error> {
    rsgrpc_build::compile(&["proto/webchat/v1/chat.proto"])
}
