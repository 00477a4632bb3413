# The conformance suite of Connect against our server: gRPC, gRPC-Web and Connect.

run_suite() {
    source "$suites/lib/conformance.sh"
    conformance server connect-server
}
