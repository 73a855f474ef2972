#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Stage: each call to the system failing in turn, under the sanitizers
. "$(dirname "$0")/lib.sh"

step "sanitized build" build_asan || exit
shopt -s nullglob
programs=(build/asan/fault/*)
[ ${#programs[@]} -gt 0 ] || step "there are fault tests" false
for program in "${programs[@]}"; do
	[ -f "$program" ] && [ -x "$program" ] &&
		counted "fault ${program##*/}" timeout 120 "$program"
done
