# grpc-go's interop client against our server, and our client against grpc-go's server.
source "$suites/lib/interop.sh"

go_server() { # PORT TRANSPORT
    local tls=()
    [[ $2 == tls ]] && tls=(--use_tls --tls_cert_file="$cache/certificates/server1.pem" --tls_key_file="$cache/certificates/server1.key")
    start "$1" "$cache/grpc-go/server/server" --port="$1" "${tls[@]}"
}

go_client() { # PORT TRANSPORT CASE
    local tls=()
    [[ $2 == tls ]] && tls=(--use_tls --use_test_ca --ca_file="$cache/certificates/ca.pem" --server_host_override=foo.test.google.fr)
    timeout 60 "$cache/grpc-go/client/client" --server_host=127.0.0.1 --server_port="$1" "${tls[@]}" --test_case="$3"
}

run_suite() {
    install_grpc_go
    if $reference; then
        direction "grpc-go on grpc-go" go_server go_client "${plain_cases[@]}"
        return
    fi
    direction "grpc-go client, our server" our_server go_client "${plain_cases[@]}"
    direction "our client, grpc-go server" go_server our_client "${plain_cases[@]}"
}
