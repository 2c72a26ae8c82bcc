#!/usr/bin/env bash
# Runs each fuzz target for a while: under libFuzzer, which watches the coverage and needs a C++ compiler for its
# runtime, or else with the mutations of tests/fuzz alone. What it finds new stays in target/fuzz/corpus; what fails
# stands in tests/fuzz/regressions, where every `make test` replays it.
set -euo pipefail

flags=$1
seconds=$2
shift 2

# Octets of an input, at most; and what one may take before it counts as a hang or a leak.
readonly max_octets=8192 hang_seconds=10 most_memory_mb=1024

if ! command -v "${CXX:-c++}" >/dev/null; then
    echo "No C++ compiler: searching without coverage." >&2
    FUZZ_SECONDS=$seconds exec cargo test --package bealert-fuzz --release --test short -- --nocapture "$@"
fi

# A target triple, so that build scripts and macros are compiled without coverage.
host=$(rustc -vV | sed -n 's/^host: //p')
CARGO_PROFILE_RELEASE_LTO=off RUSTFLAGS=$flags cargo build --package bealert-fuzz --release --features libfuzzer \
    --bins --target "$host" --target-dir target/fuzz

failed=()
for target in "$@"; do
    found=target/fuzz/corpus/$target
    mkdir -p "$found" "tests/fuzz/regressions/$target"
    echo "== $target: $seconds s" >&2
    "target/fuzz/$host/release/$target" "$found" "tests/fuzz/corpus/$target" "tests/fuzz/regressions/$target" \
        -max_total_time="$seconds" -max_len=$max_octets -timeout=$hang_seconds -rss_limit_mb=$most_memory_mb \
        -artifact_prefix="tests/fuzz/regressions/$target/" -print_final_stats=1 -verbosity=0 || failed+=("$target")
    rmdir --ignore-fail-on-non-empty "tests/fuzz/regressions/$target"
done

if [ ${#failed[@]} -gt 0 ]; then
    echo "Failed: ${failed[*]}. The inputs stand in tests/fuzz/regressions: commit them with what repairs it." >&2
    exit 1
fi
