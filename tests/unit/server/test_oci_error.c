/* SPDX-License-Identifier: Apache-2.0 */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "server/http/request.h"
#include "server/oci/oci.h"
#include "tests/lib/check.h"

/* The codes of the distribution specification. */
static const char *const known_codes[] = {
	"BLOB_UNKNOWN",	    "BLOB_UPLOAD_INVALID",   "BLOB_UPLOAD_UNKNOWN",
	"DIGEST_INVALID",   "MANIFEST_BLOB_UNKNOWN", "MANIFEST_INVALID",
	"MANIFEST_UNKNOWN", "NAME_INVALID",	     "NAME_UNKNOWN",
	"SIZE_INVALID",	    "UNAUTHORIZED",	     "DENIED",
	"UNSUPPORTED",	    "TOOMANYREQUESTS",
};

static bool is_known(const char *code)
{
	for (size_t i = 0; i < sizeof(known_codes) / sizeof(known_codes[0]);
	     i++)
		if (strcmp(known_codes[i], code) == 0)
			return true;
	return false;
}

static void test_every_kind_of_failure_has_a_row(void)
{
	for (int code = ERR_NONE + 1; code < ERR_CODE_COUNT; code++) {
		int status = oci_error_status((enum err_code)code);

		if (!is_known(oci_error_code((enum err_code)code)))
			fprintf(stderr, "%s\n",
				err_code_name((enum err_code)code));
		CHECK(is_known(oci_error_code((enum err_code)code)));
		CHECK(status >= 400 && status < 600);
		/* One without a row is told as our own fault is. */
		if (code != ERR_INTERNAL && code != ERR_IO &&
		    code != ERR_CORRUPT)
			CHECK(status != 500);
	}
}

static void test_what_is_no_kind_is_our_own_fault(void)
{
	CHECK(oci_error_status(ERR_NONE) == 500);
	CHECK(oci_error_status(ERR_CODE_COUNT) == 500);
	CHECK(oci_error_status((enum err_code) - 1) == 500);
	CHECK_TEXT(oci_error_code(ERR_CODE_COUNT),
		   oci_error_code(ERR_INTERNAL));
}

static void test_the_statuses_of_the_specification(void)
{
	CHECK(oci_error_status(ERR_UNAUTHENTICATED) == 401);
	CHECK(oci_error_status(ERR_DENIED) == 403);
	CHECK(oci_error_status(ERR_MANIFEST_UNKNOWN) == 404);
	CHECK(oci_error_status(ERR_DISABLED) == 405);
	CHECK(oci_error_status(ERR_TOO_LARGE) == 413);
	CHECK(oci_error_status(ERR_UPLOAD_OFFSET) == 416);
	CHECK(oci_error_status(ERR_TOO_MANY) == 429);
	CHECK(oci_error_status(ERR_UNAVAILABLE) == 503);
	CHECK(oci_error_status(ERR_NO_SPACE) == 507);
}

/* The body is JSON whatever bytes of the client's stand in the message, and
 * what the log is told stays in the log. */
static void test_client_bytes_are_escaped(void)
{
	static struct request request;
	struct err err = ERR_INIT;

	CHECK(err_set(&err, ERR_MANIFEST_INVALID, "for the log") == -1);
	CHECK(err_tell(&err, "got \"%s\"", "\\ \n\x01\xff</script>") == -1);
	request.arena = ARENA_INIT(65536);
	request.response.body = BUF_INIT(65536);
	oci_error(&request, &err);
	CHECK(request.response.status == 400);

	struct span body = buf_span(&request.response.body);
	CHECK(!memmem(body.text, body.len, "for the log", 11));
	for (size_t i = 0; i + 1 < body.len; i++)
		CHECK((unsigned char)body.text[i] >= 0x20);
	json_t *tree = json_loadb(body.text, body.len, 0, NULL);
	json_t *first = json_array_get(json_object_get(tree, "errors"), 0);
	CHECK_TEXT(json_string_value(json_object_get(first, "code")),
		   "MANIFEST_INVALID");
	CHECK_TEXT(json_string_value(json_object_get(first, "message")),
		   "got \"\\ \n\x01\xef\xbf\xbd</script>\"");
	json_decref(tree);
	buf_release(&request.response.body);
	arena_release(&request.arena);
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(test_every_kind_of_failure_has_a_row),
		CHECK_CASE(test_what_is_no_kind_is_our_own_fault),
		CHECK_CASE(test_the_statuses_of_the_specification),
		CHECK_CASE(test_client_bytes_are_escaped),
	};

	return CHECK_RUN(argc, argv, cases);
}
