# What the scripts of the peers share: where things are, buf, and how servers tell their ports.

workspace=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cache=${RSGRPC_CACHE:-$workspace/.cache}/peers
target=${CARGO_TARGET_DIR:-$workspace/target}/debug
buf_version=1.75.0
buf=$cache/buf/node_modules/.bin/buf

# could_not_install WHAT: ends the script after what an installer has said.
could_not_install() {
    echo "$(dirname "$0" | sed "s|^$workspace/||"): could not install $1 (see above; is there a network?)" >&2
    exit 1
}

install_buf() {
    [[ -e $cache/buf/$buf_version ]] && return
    npm install --loglevel=error --no-audit --no-fund --no-save --prefix "$cache/buf" "@bufbuild/buf@$buf_version" ||
        could_not_install buf
    touch "$cache/buf/$buf_version"
}

install_grpcio() {
    local wanted=$workspace/tests/peers/python/requirements.txt
    cmp -s "$wanted" "$cache/installed.txt" && return
    rm -rf "$cache/venv"
    mkdir -p "$cache"
    { python3 -m venv "$cache/venv" && "$cache/venv/bin/pip" install -q -r "$wanted"; } || could_not_install grpcio
    cp "$wanted" "$cache/installed.txt"
}

# both_ways NAME SERVE CHECK: a client that checks our server, and our client against a server, by these functions.
both_ways() {
    local port failed=0
    mkdir -p "$cache"
    cargo build -q --manifest-path "$workspace/Cargo.toml" -p rsgrpc-peers --bins
    # What the servers of a run before had printed is not to be read.
    rm -f "$cache/$1".*.port
    "$target/peer-server" >"$cache/$1.ours.port" &
    port=$(port_of "$cache/$1.ours.port")
    echo "$1 client, our server:"
    "$3" "127.0.0.1:$port" || failed=1
    "$2" >"$cache/$1.theirs.port" &
    port=$(port_of "$cache/$1.theirs.port")
    echo "our client, $1 server:"
    "$target/peer-client" "http://127.0.0.1:$port" && echo "all passed" || failed=1
    return $failed
}

# The port that a server started in the background prints as its first line.
port_of() {
    local line
    for _ in {1..150}; do
        line=$(head -n 1 "$1" 2>/dev/null) || true
        [[ $line =~ ^[0-9]+$ ]] && { echo "$line"; return; }
        sleep 0.1
    done
    echo "tests/peers: a server did not come up" >&2
    return 1
}
