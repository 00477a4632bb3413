//! Generates the code of `proto/hello.proto`.

fn main() -> Result<(), rsgrpc_build::Error> {
    rsgrpc_build::compile(&["proto/hello.proto"])
}
