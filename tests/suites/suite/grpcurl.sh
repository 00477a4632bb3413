# grpcurl against our server, as a user would use it: everything it knows, it knows by reflection.

run_suite() {
    source "$suites/lib/interop.sh"
    install_grpcurl
    install_certificates
    local transport
    for transport in h2c tls; do
        one_server "$transport"
    done
}

one_server() { # TRANSPORT
    local port
    port=$(free_port)
    curl_flags=(-plaintext)
    [[ $1 == tls ]] && curl_flags=(-cacert "$cache/certificates/ca.pem" -authority foo.test.google.fr)
    if $reference; then
        source "$suites/suite/interop-go.sh"
        install_grpc_go
        fetch_protos
        # grpc-go's interop server has no reflection: the files have to tell.
        curl_flags+=(-import-path "$cache/proto/interop" -proto grpc/testing/test.proto)
        go_server "$port" "$1" || die "grpc-go's server is needed"
    elif ! our_server "$port" "$1"; then
        echo "FAILED: $1: all"
        count 0 1
        return
    fi
    address=127.0.0.1:$port
    local payload='"payload":{"body":"AAAA"}'

    says "$1: list" '^grpc\.testing\.TestService$' list
    says "$1: list the methods" '^grpc\.testing\.TestService\.FullDuplexCall$' list grpc.testing.TestService
    says "$1: describe the service" 'rpc UnaryCall \( \.grpc\.testing\.SimpleRequest \) returns' describe grpc.testing.TestService
    says "$1: describe a message" 'int32 response_size = 2;' describe grpc.testing.SimpleRequest
    says "$1: describe an enum" 'COMPRESSABLE = 0;' describe grpc.testing.PayloadType
    says "$1: describe what is not there" '[Nn]ot found|does not include' describe grpc.testing.Nothing
    says "$1: unary" '"body": "AAAA"' -d '{"responseSize":3}' grpc.testing.TestService/UnaryCall
    says "$1: server streaming" '"body": "AAAA"' -d '{"responseParameters":[{"size":3},{"size":3}]}' grpc.testing.TestService/StreamingOutputCall
    says "$1: client streaming" '"aggregatedPayloadSize": 6' -d "{$payload}{$payload}" grpc.testing.TestService/StreamingInputCall
    says "$1: bidi streaming" '"body": "AAAA"' \
        -d '{"responseParameters":[{"size":3}]}{"responseParameters":[{"size":3}]}' grpc.testing.TestService/FullDuplexCall
    says "$1: an error" 'Code: NotFound' -d '{"responseStatus":{"code":5,"message":"none"}}' grpc.testing.TestService/UnaryCall
    $reference || says "$1: health" '"status": "SERVING"' grpc.health.v1.Health/Check
    stop_all
}

# says NAME PATTERN ARGS...: one case; what grpcurl prints has to match.
says() {
    expect_success "$1" says_once "${@:2}"
}

says_once() { # PATTERN ARGS...; the flags (-d) come first, then the address
    local pattern=$1 output flags=()
    shift
    [[ $1 == -d ]] && { flags=(-d "$2"); shift 2; }
    output=$(timeout 20 "$cache/bin/grpcurl" "${curl_flags[@]}" "${flags[@]}" "$address" "$@" 2>&1) || true
    echo "$output"
    grep -qE "$pattern" <<<"$output"
}
