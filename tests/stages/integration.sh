#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Stage: the real daemon over HTTP
. "$(dirname "$0")/lib.sh"

step "release build" build_release || exit
step "sanitized build" build_asan || exit
BERTH_BIN=$TOP/build/bin run_pytest "integration" tests/integration
BERTH_BIN=$TOP/build/asan/bin \
	run_pytest "integration, sanitized" tests/integration -m "not slow"
