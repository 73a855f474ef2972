#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Stage: a replay of every fuzzer's corpus under the sanitizers
. "$(dirname "$0")/lib.sh"

step "sanitized build" build_asan || exit
shopt -s nullglob
fuzzers=(tests/fuzz/*/fuzz_*.c)
[ ${#fuzzers[@]} -gt 0 ] || step "there are fuzzers" false
for source in "${fuzzers[@]}"; do
	name=$(basename "$source" .c)
	step "$name" timeout 120 "build/asan/fuzz/$name" \
		"tests/fuzz/corpus/${name#fuzz_}"
done
for folder in tests/fuzz/corpus/*/; do
	name=$(basename "$folder")
	sources=(tests/fuzz/*/fuzz_"$name".c)
	[ ${#sources[@]} -eq 1 ] || step "corpus $name has its fuzzer" false
done
