#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Stage: the unit tests under AddressSanitizer and UBSan (gcc)
. "$(dirname "$0")/lib.sh"

step "sanitized build" build_asan || exit
shopt -s nullglob
programs=(build/asan/unit/test_*)
[ ${#programs[@]} -gt 0 ] || step "there are unit tests" false
counted_each "${programs[@]}"
