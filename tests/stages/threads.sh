#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Stage: the threaded unit tests under ThreadSanitizer (clang)
. "$(dirname "$0")/lib.sh"

step "ThreadSanitizer build" build_tsan || exit
while read -r name; do
	counted "$name" timeout 180 "build/tsan/unit/$name"
done < <(grep -v '^#' tests/stages/threads.list)
