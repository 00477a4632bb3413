# h2spec, strict, against both ports of our server: h2c and TLS.

run_suite() {
    $reference && die "h2spec has no server of its own to stand in for ours"
    source "$suites/lib/interop.sh"
    install_h2spec
    install_certificates
    one_port h2c
    one_port tls --tls --insecure
}

# h2spec asks for a path that answers GET with 200 and a body: a call by Connect.
one_port() { # TRANSPORT FLAGS...
    local transport=$1 port report
    shift
    port=$(free_port)
    if ! our_server "$port" "$transport"; then
        echo "FAILED: $transport: all"
        count 0 1
        return
    fi
    report=$("$cache/bin/h2spec" --strict --host 127.0.0.1 --port "$port" --path "/suites.v1.Pages/Page?connect=v1&encoding=proto&message=" "$@" 2>&1) || true
    stop_all
    sed -n '/^Failures:/,$p' <<<"$report"
    local summary='^([0-9]+) tests, ([0-9]+) passed, ([0-9]+) skipped, ([0-9]+) failed$'
    if [[ $(grep -E "$summary" <<<"$report") =~ $summary ]]; then
        count "${BASH_REMATCH[2]}" $((BASH_REMATCH[3] + BASH_REMATCH[4]))
    else
        echo "$report"
        die "h2spec, $transport: it did not finish"
    fi
}
