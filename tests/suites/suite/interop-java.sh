# grpc-java's interop client against our server, and our client against grpc-java's server.
source "$suites/lib/interop.sh"

java_main() { # CLASS ARGS...
    local class=$1
    shift
    # In place of the shell that `start` has begun, which is what is stopped.
    exec java -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -cp "$cache/grpc-java/*" "io.grpc.testing.integration.$class" "$@"
}

# The Java side carries the same test certificates in its jar. With TLS off it speaks h2c.
java_server() { # PORT TRANSPORT
    local tls=false
    [[ $2 == tls ]] && tls=true
    start "$1" java_main TestServiceServer --port="$1" --use_tls="$tls"
}

java_client() { # PORT TRANSPORT CASE
    local tls=(--use_tls=false)
    [[ $2 == tls ]] && tls=(--use_tls=true --use_test_ca=true --server_host_override=foo.test.google.fr)
    timeout 60 java -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -cp "$cache/grpc-java/*" \
        io.grpc.testing.integration.TestServiceClient \
        --server_host=127.0.0.1 --server_port="$1" "${tls[@]}" --test_case="$3"
}

run_suite() {
    install_grpc_java
    install_certificates
    local to_server=("${plain_cases[@]}" "${compressed_cases[@]}" cacheable_unary)
    # grpc-java's server does not do all that the descriptions of the cases say. It takes whatever is compressed for good,
    # hence grpc-java's own cases without a probe; it does not compress streams, which its client does not check; and it
    # has no CacheableUnaryCall.
    local unchecked=(client_compressed_unary_noprobe client_compressed_streaming_noprobe server_compressed_unary)
    if $reference; then
        direction "grpc-java on grpc-java" java_server java_client "${plain_cases[@]}" "${unchecked[@]}" server_compressed_streaming
        return
    fi
    direction "grpc-java client, our server" our_server java_client "${to_server[@]}"
    direction "our client, grpc-java server" java_server our_client "${plain_cases[@]}" "${unchecked[@]}" \
        server_compressed_streaming_nocheck
    direction "our client, our server" our_server our_client "${compressed_cases[@]}"
}
