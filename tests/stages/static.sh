#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Stage: clang-tidy and cppcheck on the product's code
. "$(dirname "$0")/lib.sh"

step "release build" build_release || exit
mapfile -t sources < <(git ls-files -- '*.c' | grep -v '^tests/\|^docs/')

run_clang_tidy() {
	printf '%s\n' "${sources[@]}" |
		xargs -P "$JOBS" -n 4 clang-tidy --quiet -p build --warnings-as-errors='*'
}
# internalAstError is cppcheck failing to parse what both compilers accept.
# Leaks are LeakSanitizer's: cppcheck does not know __attribute__((cleanup)).
run_cppcheck() {
	cppcheck --quiet --std=c11 --language=c -j "$JOBS" \
		--enable=warning,portability --inline-suppr --error-exitcode=1 \
		--suppress=missingIncludeSystem --suppress=memleak --suppress=resourceLeak \
		--suppress=readdirCalled --suppress=internalAstError --suppress=normalCheckLevelMaxBranches \
		--library=posix --library=gnu -D_GNU_SOURCE -DBERTH_VERSION='"0"' \
		-I . -I build/generated "${sources[@]}"
}
step "clang-tidy on ${#sources[@]} files" run_clang_tidy
step "cppcheck on ${#sources[@]} files" run_cppcheck
