# Counts cases. Whatever did not pass, for any reason, has failed.

passed=0
failed=0

# expect_success NAME COMMAND...: one case; its output is shown only if it fails.
expect_success() {
    local name=$1 log
    shift
    log=$(mktemp)
    if "$@" >"$log" 2>&1; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAILED: $name"
        tail -n 20 "$log" | sed 's/^/    /'
    fi
    rm -f "$log"
}

count() {
    passed=$((passed + $1))
    failed=$((failed + $2))
}

finish() {
    echo "$passed passed, $failed failed"
    ((failed == 0 && passed > 0))
}
