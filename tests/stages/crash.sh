#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Stage: the daemon killed, the power cut, the machine failing below it
. "$(dirname "$0")/lib.sh"

step "sanitized build with failpoints" build_asan || exit
BERTH_BIN=$TOP/build/asan/bin run_pytest "crash" tests/crash -m "not slow"
