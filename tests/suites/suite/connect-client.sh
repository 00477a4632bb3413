# The conformance suite of Connect against our client: gRPC, gRPC-Web and Connect.

run_suite() {
    source "$suites/lib/conformance.sh"
    conformance client connect-client
}
