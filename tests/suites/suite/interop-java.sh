# grpc-java's interop client against our server, and our client against grpc-java's server.
source "$suites/lib/interop.sh"

java_main() { # CLASS ARGS...
    local class=$1
    shift
    java -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -cp "$cache/grpc-java/*" "io.grpc.testing.integration.$class" "$@"
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
    # The caching of cacheable_unary is done inside the Java client; no other client has it. The Java server does not
    # implement it either, nor the probe of the client_compressed cases, for which grpc-java has cases without a probe.
    local from_client=("${plain_cases[@]}" client_compressed_unary_noprobe client_compressed_streaming_noprobe
        server_compressed_unary server_compressed_streaming)
    local to_server=("${plain_cases[@]}" "${compressed_cases[@]}" cacheable_unary)
    if $reference; then
        direction "grpc-java on grpc-java" java_server java_client "${from_client[@]}"
        return
    fi
    direction "grpc-java client, our server" our_server java_client "${to_server[@]}"
    direction "our client, grpc-java server" java_server our_client "${from_client[@]}"
    direction "our client, our server" our_server our_client "${compressed_cases[@]}"
}
