# Starts servers on free ports and stops them at the end.

started=()

# Prints a port that nobody listens on, below the range the kernel hands out to clients.
free_port() {
    local port
    while :; do
        port=$((15000 + RANDOM % 15000))
        (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { echo "$port"; return; }
    done
}

# start PORT COMMAND...: runs a server in the background and returns once it accepts connections on the port, or fails.
start() {
    local port=$1 log pid
    shift
    log=$cache/server-$port.log
    "$@" >"$log" 2>&1 &
    pid=$!
    started+=("$pid")
    for _ in {1..150}; do
        (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && return
        kill -0 "$pid" 2>/dev/null || break
        sleep 0.1
    done
    echo "the server did not come up on port $port: $*"
    cat "$log"
    return 1
}

stop_all() {
    local pid
    for pid in "${started[@]}"; do
        kill "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    done
    started=()
}
