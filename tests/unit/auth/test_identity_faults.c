/* SPDX-License-Identifier: Apache-2.0 */
/* What is left of a change of identities when the database fails. */
#include <string.h>

#include "auth/identity.h"
#include "base/err.h"
#include "tests/lib/identity_fixture.h"
#include "tests/lib/sql_faulty.h"
#include "tests/lib/sql_fixture.h"

/* Each statement failing in turn, also with a commit that is lost: nothing half
 * made, told in any case, no secret handed out, and it succeeds afterwards. */
static void sweep(const struct identity_fixture_change *change)
{
	char output[FIXTURE_OUTPUT_SIZE];
	char untouched[FIXTURE_OUTPUT_SIZE];
	struct err err = ERR_INIT;
	bool failed = true;

	memset(untouched, 0x5a, sizeof(untouched));
	struct sql_driver *driver = sql_faulty_new(sql_fixture_new());
	identity_fixture_open(driver);
	int64_t before = identity_fixture_entries();
	for (long nth = 0; failed; nth++) {
		memcpy(output, untouched, sizeof(output));
		sql_faulty_arm(driver,
			       SQL_FAULTY_PREPARE | SQL_FAULTY_STEP |
				       SQL_FAULTY_SAVEPOINT,
			       nth, 1);
		int rc = change->run(output, &err);
		failed = sql_faulty_disarm(driver);
		/* A statement that fails after the last one of a change is the
		 * release of its savepoint: that fails it, too. */
		CHECK((rc == 0) == !failed);
		if (rc == 0)
			break;
		CHECK(err.code != ERR_NONE);
		CHECK(memcmp(output, untouched, sizeof(output)) == 0);
		CHECK(identity_fixture_entries() == before);
		err_clear(&err);
	}
	CHECK(identity_fixture_entries() > before);
	identity_fixture_close();
}

#define IDENTITY_CHANGE(change)                                                \
	static void test_##change##_is_never_half_made(void)                   \
	{                                                                      \
		sweep(identity_fixture_find(#change));                         \
	}
#include "tests/lib/identity_changes.def"
#undef IDENTITY_CHANGE

static void test_a_lost_commit_is_told(void)
{
	struct sql_driver *driver = sql_faulty_new(sql_fixture_new());
	char output[FIXTURE_OUTPUT_SIZE];
	struct err err = ERR_INIT;

	identity_fixture_open(driver);
	sql_faulty_arm(driver, SQL_FAULTY_COMMIT_LOST, 0, 1);
	CHECK(identity_fixture_changes[0].run(output, &err) == -1);
	sql_faulty_disarm(driver);
	CHECK(identity_fixture_changed() == 1);
	identity_fixture_close();
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
#define IDENTITY_CHANGE(change) CHECK_CASE(test_##change##_is_never_half_made),
#include "tests/lib/identity_changes.def"
#undef IDENTITY_CHANGE
		CHECK_CASE(test_a_lost_commit_is_told),
	};

	return SQL_FIXTURE_RUN(argc, argv, cases);
}
