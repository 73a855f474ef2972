/* SPDX-License-Identifier: Apache-2.0 */
/* Every change of identities with each allocation, and each call for
 * randomness, failing in turn: what failed left nothing behind and handed out
 * no secret, and the same change succeeds afterwards. */
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "tests/lib/check.h"
#include "tests/lib/fault.h"
#include "tests/lib/identity_fixture.h"
#include "tests/lib/sql_fixture.h"

#define ROUNDS_MAX 2000 /* a sweep that does not end is a failure */

/* One round, on what earlier rounds that failed have left: true if the change
 * was made. */
static bool run_round(const struct identity_fixture_change *change,
		      struct fault_sweep *sweep)
{
	char output[FIXTURE_OUTPUT_SIZE];
	char untouched[FIXTURE_OUTPUT_SIZE];
	int64_t entries = identity_fixture_entries();
	struct err err = ERR_INIT;

	memset(output, 0x5a, sizeof(output));
	memcpy(untouched, output, sizeof(output));
	fault_on(sweep);
	int rc = change->run(output, &err);
	fault_off(sweep);
	CHECK(rc == 0 || rc == -1);
	CHECK((rc == 0) == (err.code == ERR_NONE));
	CHECK(rc == 0 || sweep->fired);
	if (rc == 0) {
		CHECK(identity_fixture_entries() > entries);
		return true;
	}
	CHECK(memcmp(output, untouched, sizeof(output)) == 0);
	CHECK(identity_fixture_entries() == entries);
	return false;
}

static void sweep_change(const struct identity_fixture_change *change)
{
	struct fault_sweep sweep = FAULT_SWEEP(FAULT_MEMORY | FAULT_RANDOM);
	bool open = false;

	while (fault_next(&sweep)) {
		CHECK(sweep.round < ROUNDS_MAX);
		if (!open)
			identity_fixture_open(NULL);
		open = !run_round(change, &sweep);
		if (!open)
			identity_fixture_close();
	}
	CHECK(!open);
	fprintf(stderr, "%s: %zu calls\n", change->name, sweep.round);
	CHECK(sweep.round >= 2);
}

static void sweep_part(size_t part, size_t parts)
{
	for (size_t i = part; i < identity_fixture_change_count; i += parts)
		sweep_change(&identity_fixture_changes[i]);
}

static void test_no_fault_leaves_half_a_change_first_part(void)
{
	sweep_part(0, 3);
}

static void test_no_fault_leaves_half_a_change_second_part(void)
{
	sweep_part(1, 3);
}

static void test_no_fault_leaves_half_a_change_third_part(void)
{
	sweep_part(2, 3);
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(test_no_fault_leaves_half_a_change_first_part),
		CHECK_CASE(test_no_fault_leaves_half_a_change_second_part),
		CHECK_CASE(test_no_fault_leaves_half_a_change_third_part),
	};

	fault_wrap_libraries();
	return SQL_FIXTURE_RUN(argc, argv, cases);
}
