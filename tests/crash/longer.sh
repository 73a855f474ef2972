#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Every test of tests/crash, those that ./check leaves out as well, with more
# rounds: tests/crash/longer.sh [ROUNDS]. Takes about five seconds a round and
# some minutes for the rest.
. "$(dirname "$0")/../stages/lib.sh"

export BERTH_CRASH_ROUNDS=${1:-60}

step "sanitized build with failpoints" build_asan || exit
BERTH_BIN=$TOP/build/asan/bin run_pytest "crash" tests/crash
