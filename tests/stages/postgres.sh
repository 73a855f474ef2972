#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Stage: storage's tests and the integration tests on PostgreSQL
. "$(dirname "$0")/lib.sh"

. tests/stages/postgres-lib.sh

at_exit() {
	postgres_stop
}

step "release build" build_release || exit
step "sanitized build" build_asan || exit
step "PostgreSQL starts" postgres_start || exit
shopt -s nullglob
# One after the other: they share a database, and one ends all its connections.
for source in tests/unit/storage/test_*.c; do
	grep -qE 'sql_fixture|meta_fixture|meta_calls|BERTH_TEST_POSTGRES' \
		"$source" || continue
	name=$(basename "$source" .c)
	counted "$name on PostgreSQL" timeout 180 "build/asan/unit/$name"
done
for blobs in disk memory; do
	BERTH_BIN=$TOP/build/bin BERTH_TEST_BLOBS=$blobs \
		BERTH_TEST_DATABASE=$BERTH_TEST_POSTGRES \
		run_pytest "integration on PostgreSQL, blobs on $blobs" \
		tests/integration "${SIDE_BY_SIDE[@]}" -m backend
done
