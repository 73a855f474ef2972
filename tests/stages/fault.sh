#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Stage: each call to the system failing in turn, under the sanitizers
. "$(dirname "$0")/lib.sh"

step "sanitized build" build_asan || exit
shopt -s nullglob
programs=(build/asan/fault/test_*)
[ ${#programs[@]} -gt 0 ] || step "there are fault tests" false
counted_each "${programs[@]}"
