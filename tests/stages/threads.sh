#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Stage: the threaded unit tests under ThreadSanitizer (clang)
. "$(dirname "$0")/lib.sh"

# Every program whose source starts threads must be in the list.
is_complete() {
	local source name unlisted=0
	for source in $(grep -lE 'pthread_create|thread_start|pool_new|pool_init|http_fixture' -r \
		tests/unit --include='test_*.c'); do
		name=$(basename "$source" .c)
		grep -qx "$name" tests/stages/threads.list && continue
		echo "$source: not in tests/stages/threads.list"
		unlisted=1
	done
	return $unlisted
}

step "the list is complete" is_complete
step "ThreadSanitizer build" build_tsan || exit
mapfile -t programs < <(grep -v '^#' tests/stages/threads.list |
	sed 's|^|build/tsan/unit/|')
counted_each "${programs[@]}"
