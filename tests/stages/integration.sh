#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Stage: the real daemon over HTTP
. "$(dirname "$0")/lib.sh"

step "release build" build_release || exit
step "sanitized build" build_asan || exit
BERTH_BIN=$TOP/build/bin run_pytest "integration" tests/integration \
	"${SIDE_BY_SIDE[@]}"
BERTH_BIN=$TOP/build/bin BERTH_TEST_BLOBS=memory \
	run_pytest "integration, blobs in memory" tests/integration \
	"${SIDE_BY_SIDE[@]}" -m backend
# What is about bytes from outside, and what moves the most of them.
mapfile -t risky < <(ls tests/integration/test_abuse_*.py \
	tests/integration/test_1[acdfghjl]_*.py)
[ ${#risky[@]} -ge 8 ] || step "the sanitized subset is there" false
BERTH_BIN=$TOP/build/asan/bin counted "integration, sanitized" \
	"$PYTHON" tests/stages/run_pytest.py -q -p no:cacheprovider \
	--basetemp="$SCRATCH/pytest" -m "not slow" "${SIDE_BY_SIDE[@]}" "${risky[@]}" \
	tests/integration/test_tls.py
BERTH_BIN=$TOP/build/asan/bin BERTH_TEST_TLS=1 \
	counted "integration, sanitized, HTTPS" \
	"$PYTHON" tests/stages/run_pytest.py -q -p no:cacheprovider \
	--basetemp="$SCRATCH/pytest" -m "not slow" "${SIDE_BY_SIDE[@]}" "${risky[@]}"
