#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# usage: tests/fuzz/longer.sh [SECONDS [FUZZER...]]
# Fuzzes each parser for SECONDS (60) with clang's libFuzzer, from its corpus on.
# What it finds goes to build-fuzz/found/FUZZER/; the corpus is left as it is.
set -euo pipefail
cd "$(dirname "$0")/../.."

seconds=${1:-60}
shift || true
cmake --preset fuzz >/dev/null
cmake --build --preset fuzz -j "$(nproc)"
[ $# -gt 0 ] || set -- build-fuzz/fuzz/fuzz_*

failed=0
for fuzzer; do
	name=${fuzzer##*/}
	found=build-fuzz/found/$name
	mkdir -p "$found/corpus"
	echo "$name for $seconds seconds ..."
	if "build-fuzz/fuzz/$name" -max_total_time="$seconds" -timeout=10 \
		-rss_limit_mb=2048 -artifact_prefix="$found/" -print_final_stats=1 \
		"$found/corpus" "tests/fuzz/corpus/${name#fuzz_}" \
		>"$found/log" 2>&1; then
		grep number_of_executed_units "$found/log"
	else
		failed=$((failed + 1))
		echo "$name found something; see $found/"
	fi
done
echo "$(($# - failed)) passed, $failed failed"
[ "$failed" -eq 0 ]
