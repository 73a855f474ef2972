/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/manifest.h"

#include "base/err.h"
#include "tests/lib/check.h"
#include "tests/lib/fault.h"

#define HEX64 "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"
#define DESCRIPTOR(type)                                                       \
	"{\"mediaType\":\"" type "\",\"digest\":\"sha256:" HEX64               \
	"\",\"size\":7}"

static const char body[] =
	"{\"schemaVersion\":2,\"mediaType\":\"" MANIFEST_OCI_IMAGE "\","
	"\"config\":" DESCRIPTOR(
		"application/vnd.oci.empty.v1+json") ","
						     "\"layers\":"
						     "[" DESCRIPTOR(
							     "appli"
							     "catio"
							     "n/x") "," DESCRIPTOR("application/"
										   "y") "],"
											"\"subje"
											"ct\""
											":" DESCRIPTOR(
												MANIFEST_OCI_IMAGE) ","
														    "\"annotations\":{\"a\":\"b\",\"c\":\"\\u00e4\"}}";

static void test_reading_without_memory_fails_and_leaks_nothing(void)
{
	struct fault_sweep sweep = FAULT_SWEEP(FAULT_MEMORY);

	while (fault_next(&sweep)) {
		struct manifest manifest = {0};
		struct err err = ERR_INIT;

		fault_on(&sweep);
		int rc = manifest_parse(span_of(body),
					SPAN_LIT(MANIFEST_OCI_IMAGE), 10,
					&manifest, &err);
		fault_off(&sweep);
		CHECK((rc == 0) == !sweep.fired);
		CHECK(rc == 0 || err.code == ERR_NO_MEMORY);
		CHECK(rc < 0 || manifest.item_count >= 3);
		CHECK(rc == 0 || (!manifest.tree && !manifest.items));
		manifest_release(&manifest);
	}
	CHECK(sweep.round >= 20);
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(test_reading_without_memory_fails_and_leaks_nothing),
	};

	fault_wrap_libraries();
	return CHECK_RUN(argc, argv, cases);
}
