//! Generates the code of `proto/`.

fn main() -> Result<(), rsgrpc_build::Error> {
    rsgrpc_build::compile(&["proto/secure/v1/accounts.proto"])
}
