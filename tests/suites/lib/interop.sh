# What the interop suites share: the cases, and both sides of ours behind grpc-go's flags.

plain_cases=(
    empty_unary large_unary client_streaming server_streaming ping_pong empty_stream custom_metadata
    status_code_and_message special_status_message unimplemented_method unimplemented_service
    cancel_after_begin cancel_after_first_response timeout_on_sleeping_server rpc_soak channel_soak
)
compressed_cases=(
    client_compressed_unary server_compressed_unary client_compressed_streaming server_compressed_streaming
)

our_server() { # PORT TRANSPORT
    local tls=()
    [[ $2 == tls ]] && tls=(--use_tls --tls_cert_file="$cache/certificates/server1.pem" --tls_key_file="$cache/certificates/server1.key")
    start "$1" "$binaries/interop-server" --port="$1" "${tls[@]}"
}

our_client() { # PORT TRANSPORT CASE
    local tls=()
    [[ $2 == tls ]] && tls=(--use_tls --ca_file="$cache/certificates/ca.pem" --server_host_override=foo.test.google.fr)
    timeout 60 "$binaries/interop-client" --server_host=127.0.0.1 --server_port="$1" "${tls[@]}" --test_case="$3"
}

# direction LABEL SERVER CLIENT CASE...: every case over h2c and over TLS.
direction() {
    local label=$1 server=$2 client=$3 transport port name
    shift 3
    for transport in h2c tls; do
        port=$(free_port)
        if ! "$server" "$port" "$transport"; then
            echo "FAILED: $label, $transport: all $# cases"
            count 0 $#
            continue
        fi
        for name in "$@"; do
            expect_success "$label, $transport: $name" "$client" "$port" "$transport" "$name"
        done
        stop_all
    done
}
