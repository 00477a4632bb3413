# grpcurl against examples/secure: TLS, tokens and certificates as its users would use them.

source "$suites/suite/grpcurl.sh"

# The example is all that is needed of ours.
build_binaries() {
    cargo build -q --manifest-path "$workspace/Cargo.toml" -p secure
    binaries=${CARGO_TARGET_DIR:-$workspace/target}/debug
}

run_suite() {
    $reference && die "there is no other peer that could be examples/secure"
    install_grpcurl
    local port folder token accounts=secure.v1.Accounts
    port=$(free_port)
    folder=$(mktemp -d)
    start "$port" "$binaries/secure" --listen "127.0.0.1:$port" --folder "$folder" || { count 0 1; return; }

    address=localhost:$port
    curl_flags=(-cacert "$folder/ca.crt")
    says "list without a token" '^secure\.v1\.Accounts$' list
    says "no token" 'Code: Unauthenticated' -d '{"id":"ada"}' $accounts/GetAccount
    says "no token: what is missing" 'a bearer token is required in the metadata `authorization`' $accounts/WhoAmI
    for token in reader writer expired; do
        curl_flags=(-cacert "$folder/ca.crt" -H "authorization: Bearer $(<"$folder/$token.jwt")")
        case $token in
        reader)
            says "a reader reads" '"name": "Ada Lovelace"' -d '{"id":"ada"}' $accounts/GetAccount
            says "a reader writes" 'Code: PermissionDenied' -d '{"account":{"id":"eve","name":"Eve"}}' $accounts/CreateAccount
            says "nobody's account" 'google\.rpc\.ResourceInfo' -d '{"id":"nobody"}' $accounts/GetAccount
            ;;
        writer)
            says "a writer writes" '"name": "Eve"' -d '{"account":{"id":"eve","name":"Eve"}}' $accounts/CreateAccount
            says "what is wrong" 'google\.rpc\.BadRequest' -d '{"account":{"id":"E"}}' $accounts/CreateAccount
            ;;
        expired) says "an expired token" 'the bearer token is not valid' $accounts/WhoAmI ;;
        esac
    done
    curl_flags=()
    says "an authority that is not known" 'certificate signed by unknown authority' $accounts/WhoAmI
    curl_flags=(-plaintext -max-time 5)
    says "plaintext" 'Failed to dial' $accounts/WhoAmI

    # Reflection is not among what these callers may ask.
    address=localhost:$((port + 1))
    local protos=(-cacert "$folder/ca.crt" -import-path "$workspace/examples/secure/proto"
        -import-path "$workspace/proto/protos" -proto secure/v1/accounts.proto)
    curl_flags=("${protos[@]}" -cert "$folder/billing.crt" -key "$folder/billing.key")
    says "a certificate" '"subject": "spiffe://example.test/billing"' $accounts/WhoAmI
    curl_flags=("${protos[@]}" -cert "$folder/mail.crt" -key "$folder/mail.key")
    says "a certificate of another service" 'Code: PermissionDenied' $accounts/WhoAmI
    curl_flags=("${protos[@]}" -max-time 5)
    says "no certificate" 'remote error: tls: certificate required' $accounts/WhoAmI
    rm -r "$folder"
    stop_all
}
