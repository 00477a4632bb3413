# What the two Connect suites share.

# conformance MODE BINARY: runs the suite against the binary, or against the suite's own peer.
conformance() { # server|client BINARY
    local mode=$1 binary=$2 report parallel=() code=0 unrun=0
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
        -- "$binary" 2>&1) || code=$?
    local summary='^([0-9]+) passed, ([0-9]+) failed' left='Another ([0-9]+) could not be run'
    grep -vE "$summary" <<<"$report" || true
    # What was not run has not passed either.
    [[ $report =~ $left ]] && unrun=${BASH_REMATCH[1]}
    if [[ $(grep -E "$summary" <<<"$report") =~ $summary ]]; then
        local bad=$((BASH_REMATCH[2] + unrun))
        ((code == 0 || bad > 0)) || die "connectconformance, $mode: it ended with $code"
        count "${BASH_REMATCH[1]}" "$bad"
    else
        die "connectconformance, $mode: it did not finish"
    fi
}
