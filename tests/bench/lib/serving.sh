# What json-cost and connect-cost share: servers of tests/bench/json under the load of h2load, their instructions and
# their CPU time. Instructions are counted by callgrind, as the slope between two counts, so that starting up does not
# count. CPU time is the median of short rounds, and its ratio that of the ratios within each round: all servers run at once
# on one core and are loaded in turn, so what else the machine does, which is a fifth at times, meets all alike.
#
# A script sets `servers` (the first is ours, the second what it is held against), `titles` (their names in a table) and
# `cases`, and defines `request CASE`, which sets `path` and `flags` of h2load and curl, and `applies CASE HTTP`.

bench=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
workspace=$(cd "$bench/../.." && pwd)
for tool in curl:curl h2load:nghttp2-client valgrind:valgrind taskset:util-linux; do
    command -v "${tool%%:*}" >/dev/null || { echo "tests/bench: install \`${tool%%:*}\` (apt install ${tool##*:})" >&2; exit 1; }
done
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$workspace/target}/bench-json CARGO_INCREMENTAL=0
cargo build --release -q --manifest-path "$bench/json/Cargo.toml"
binaries=$CARGO_TARGET_DIR/release
out=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; rm -r "$out"' EXIT
shopt -s inherit_errexit
"$binaries/codecs" texts "$out"

ratio() { awk "BEGIN { printf \"%.2f\", $1 / $2 }"; }

median() { sort -n | awk '{ values[NR] = $1 } END { print values[int((NR + 1) / 2)] }'; }

# slope FEW MANY COMMAND...: the instructions of one operation; COMMAND is given the count behind its arguments.
slope() {
    local few=$1 many=$2 low high
    shift 2
    low=$("$@" "$few") || return
    high=$("$@" "$many") || return
    echo $(((high - low) / (many - few)))
}

# serve SERVER WRAPPER...: starts it on a port; sets pid and port.
serve() {
    local server=$1
    shift
    port=$((${port:-15000 + RANDOM % 15000} + 1))
    "$@" "$binaries/serve" "$server" "$port" 2>"$out/log" &
    pid=$!
    until (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do
        kill -0 "$pid" 2>/dev/null || { cat "$out/log" >&2; return 1; }
        sleep 0.1
    done
}

stop() {
    kill "$pid"
    wait "$pid" || true
}

# load CASE HTTP CALLS CONNECTIONS IN_FLIGHT WRAPPER...
load() {
    local case=$1 http=$2 calls=$3 connections=$4 in_flight=$5 path flags=()
    shift 5
    request "$case"
    [[ $http == h2c ]] || flags+=(--h1)
    "$@" h2load -t1 -n "$calls" -c "$connections" -m "$in_flight" "${flags[@]}" "http://127.0.0.1:$port$path" >"$out/load"
    grep -q "status codes: $calls 2xx" "$out/load" || { cat "$out/load" >&2; return 1; }
}

served() { # SERVER CASE HTTP CALLS
    local in_flight=1
    [[ $3 == h1 ]] || in_flight=32
    serve "$1" valgrind -q --tool=callgrind --callgrind-out-file="$out/counts"
    load "$2" "$3" "$4" 1 "$in_flight"
    stop
    sed -n 's/^totals: //p' "$out/counts"
}

cpu() { # PID: nanoseconds on a core
    awk '{ sum += $1 } END { printf "%.0f", sum }' "/proc/$1"/task/*/schedstat
}

# The CPU time of the server at hand for one call, in nanoseconds.
timed() { # CASE HTTP
    local calls=10000 connections=8 in_flight=1 before after
    [[ $2 == h1 ]] || { connections=4 in_flight=32 calls=20000; }
    before=$(cpu "$pid")
    load "$1" "$2" "$calls" "$connections" "$in_flight" taskset -c 1
    after=$(cpu "$pid")
    echo $(((after - before) / calls))
}

# for_each COMMAND...: runs it with HTTP and CASE behind its arguments.
for_each() {
    local http case
    for http in h1 h2c; do
        for case in "${cases[@]}"; do
            ! applies "$case" "$http" || "$@" "$http" "$case"
        done
    done
}

# table FORMAT SCALE RELATION COMMAND...: a row for each case; COMMAND prints a cost, and is given SERVER CASE HTTP;
# RELATION prints how the first server relates to the second, and is given CASE HTTP COSTS...
table() {
    local server
    printf '| | |'
    for server in "${servers[@]}"; do printf ' %s |' "${titles[$server]}"; done
    printf ' ours to %s |\n|---|---|' "${titles[${servers[1]}]%%,*}"
    for server in "${servers[@]}"; do printf -- '---:|'; done
    printf -- '---:|\n'
    for_each row "$@"
}

row() { # FORMAT SCALE RELATION COMMAND... HTTP CASE
    local format=$1 scale=$2 relation=$3 http=${*: -2:1} case=${*: -1} server cost costs=()
    set -- "${@:4:$#-5}"
    for server in "${servers[@]}"; do costs+=("$("$@" "$server" "$case" "$http")"); done
    printf '| %s | %s |' "$http" "$case"
    for cost in "${costs[@]}"; do awk "BEGIN { printf \" $format |\", $cost / $scale }"; done
    printf ' %s |\n' "$("$relation" "$case" "$http" "${costs[@]}")"
}

# One table of instructions, and one of CPU time.
instructions() { table %d 1 of_costs counted; }

of_costs() { ratio "$3" "$4"; }

counted() { slope 320 960 served "$@"; }

cpu_time() { # ROUNDS
    for_each sample "$1"
    table %.2f 1000 of_rounds middle
}

sample() { # ROUNDS HTTP CASE
    local server round index cost pids=() ports=()
    for server in "${servers[@]}"; do
        serve "$server" taskset -c 0
        pids+=("$pid") ports+=("$port")
    done
    # The first round warms them up.
    for ((round = 0; round <= $1; round++)); do
        for index in "${!servers[@]}"; do
            pid=${pids[index]} port=${ports[index]}
            cost=$(timed "$3" "$2")
            ((round == 0)) || echo "$cost" >>"$(samples "${servers[index]}" "$3" "$2")"
        done
    done
    for pid in "${pids[@]}"; do stop; done
}

of_rounds() { # CASE HTTP
    paste "$(samples "${servers[0]}" "$1" "$2")" "$(samples "${servers[1]}" "$1" "$2")" |
        awk '{ print $1 / $2 }' | median | xargs printf %.2f
}

samples() { echo "$out/samples-$(tr ' /{}' _ <<<"$*")"; }

middle() { median <"$(samples "$@")"; }

# machine PEER...: what it was measured on.
machine() {
    local peer comma=''
    printf '%s, %s cores, %s, %s; ' "$(sed -n 's/^model name\s*: //p' /proc/cpuinfo | head -n 1)" "$(nproc)" "$(rustc --version | cut -d' ' -f1,2)" "$(valgrind --version)"
    for peer in "$@"; do
        printf '%s%s %s' "$comma" "$peer" "$(sed -n "/^name = \"$peer\"\$/{n;s/version = \"\(.*\)\"/\1/p}" "$bench/json/Cargo.lock" | head -n 1)"
        comma=', '
    done
    printf '.\n\n'
}
