# What the two Connect suites share.

# conformance MODE BINARY: runs the suite against the binary, or against the suite's own peer.
conformance() { # server|client BINARY
    local mode=$1 binary=$2 report parallel=()
    # More at a time than there are cores makes its timeouts race. How many calls a client makes at a time it says itself.
    [[ $mode == server ]] && parallel=(-p 2)
    install_connect_conformance
    if $reference; then
        go_install "connectrpc.com/conformance/cmd/reference$mode" "$CONNECT_CONFORMANCE" bin
        binary=$cache/bin/reference$mode
    else
        binary=$binaries/$binary
    fi
    report=$("$cache/bin/connectconformance" --conf "$suites/conf/connect.yaml" --mode "$mode" --max-servers 1 "${parallel[@]}" \
        -- "$binary" 2>&1) || true
    local summary='^([0-9]+) passed, ([0-9]+) failed'
    grep -vE "$summary" <<<"$report" || true
    if [[ $(grep -E "$summary" <<<"$report") =~ $summary ]]; then
        count "${BASH_REMATCH[1]}" "${BASH_REMATCH[2]}"
    else
        die "connectconformance, $mode: it did not finish"
    fi
}
