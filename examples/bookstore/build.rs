//! Generates the code of `proto/`.

fn main() -> Result<(), rsgrpc_build::Error> {
    rsgrpc_build::compile(&["proto/bookstore/v1/bookstore.proto"])
}
