/* SPDX-License-Identifier: Apache-2.0 */
#include "server/oci/accept.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/check.h"

#define TYPE "application/vnd.oci.image.manifest.v1+json"

/* On exact-size copies, so that a read past the end is seen. */
static bool allows(const char *value, const char *type)
{
	size_t value_len = strlen(value);
	size_t type_len = strlen(type);
	char *value_copy = malloc(value_len + 1);
	char *type_copy = malloc(type_len + 1);

	CHECK(value_copy && type_copy);
	memcpy(value_copy + 1, value, value_len);
	memcpy(type_copy + 1, type, type_len);
	bool allowed = accept_value_allows(span_make(value_copy + 1, value_len),
					   span_make(type_copy + 1, type_len));
	free(value_copy);
	free(type_copy);
	return allowed;
}

static void test_these_allow_it(void)
{
	static const char *const values[] = {
		TYPE,
		"  " TYPE "\t",
		"APPLICATION/vnd.OCI.image.manifest.v1+JSON",
		"*/*",
		"*",
		"application/*",
		"Application/*;q=0.1",
		"text/html," TYPE,
		TYPE ";q=1, text/html",
		"text/html;q=0,*/*;q=0.001",
		TYPE ";charset=utf-8",
		TYPE ";q=0.0001",
		TYPE " ; q=0.5",
		",,," TYPE ",,",
		TYPE ";qq=0",
	};

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		if (!allows(values[i], TYPE))
			fprintf(stderr, "%s\n", values[i]);
		CHECK(allows(values[i], TYPE));
	}
}

static void test_these_do_not(void)
{
	static const char *const values[] = {
		"",
		",",
		";",
		"text/html",
		"text/*",
		"appl/*",
		"application",
		"application/",
		"application/vnd.oci.image.manifest.v1",
		TYPE "x",
		"*/json",
		TYPE ";q=0",
		TYPE "; Q=0.000",
		TYPE ";a=b;q=0",
		"*/*;q=0",
		"application/*;q=0.0",
		"applicationx/*",
	};

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		if (allows(values[i], TYPE))
			fprintf(stderr, "%s\n", values[i]);
		CHECK(!allows(values[i], TYPE));
	}
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(test_these_allow_it),
		CHECK_CASE(test_these_do_not),
	};

	return CHECK_RUN(argc, argv, cases);
}
