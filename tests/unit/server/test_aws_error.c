/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "server/aws/aws.h"
#include "server/http/response.h"
#include "tests/lib/check.h"

/* Names that the SDKs make exceptions of: letters alone; and a status that does
 * not have a client try a mistake of its own again. */
static void check_row(enum err_code code, bool json)
{
	const char *name = aws_error_code(code, json);
	int status = aws_error_status(code, json);

	CHECK(strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			   "abcdefghijklmnopqrstuvwxyz") == strlen(name));
	CHECK(status >= 400 && status < 600);
	bool ours = strcmp(name, "InternalFailure") == 0 ||
		    strcmp(name, "ServiceUnavailable") == 0;
	CHECK((status >= 500) == ours);
	if (json)
		CHECK(status != 401 && status != 403);
}

static void test_every_kind_of_failure_has_a_row(void)
{
	for (int code = ERR_NONE + 1; code < ERR_CODE_COUNT; code++) {
		check_row((enum err_code)code, true);
		check_row((enum err_code)code, false);
		if (code != ERR_INTERNAL && code != ERR_IO &&
		    code != ERR_CORRUPT)
			CHECK(strcmp(aws_error_code((enum err_code)code, true),
				     "InternalFailure") != 0);
	}
}

static void test_what_clients_know_is_spelled_so(void)
{
	static const struct {
		enum err_code code;
		const char *json;
		const char *query;
		int status;
	} cases[] = {
		{ERR_DENIED, "AccessDeniedException", "AccessDenied", 403},
		{ERR_SIGNATURE_MISSING, "MissingAuthenticationTokenException",
		 "MissingAuthenticationToken", 403},
		{ERR_SIGNATURE_INCOMPLETE, "IncompleteSignatureException",
		 "IncompleteSignature", 400},
		{ERR_SIGNATURE_KEY, "UnrecognizedClientException",
		 "InvalidClientTokenId", 403},
		{ERR_SIGNATURE_WRONG, "InvalidSignatureException",
		 "SignatureDoesNotMatch", 403},
		{ERR_SIGNATURE_EXPIRED, "ExpiredTokenException", "ExpiredToken",
		 403},
		{ERR_TOO_MANY, "ThrottlingException", "Throttling", 400},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		CHECK_TEXT(aws_error_code(cases[i].code, true), cases[i].json);
		CHECK_TEXT(aws_error_code(cases[i].code, false),
			   cases[i].query);
		CHECK(aws_error_status(cases[i].code, true) == 400);
		CHECK(aws_error_status(cases[i].code, false) ==
		      cases[i].status);
	}
}

static void test_a_failure_is_told_in_xml(void)
{
	struct request request = {.id = "0123456789abcdef0123456789abcdef",
				  .arena = ARENA_INIT(1 << 16),
				  .response.body = BUF_INIT(1 << 16)};
	struct err err = ERR_INIT;

	err_set(&err, ERR_INVALID, "for the log");
	err_tell(&err, "a < b");
	aws_error(&request, &err);
	CHECK(request.response.status == 400);
	CHECK_TEXT(buf_text(&request.response.body),
		   "<ErrorResponse "
		   "xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\n"
		   "<Error><Type>Sender</Type><Code>ValidationError</Code>"
		   "<Message>a &lt; b</Message></Error>\n"
		   "<RequestId>01234567-89ab-cdef-0123-456789abcdef"
		   "</RequestId>\n</ErrorResponse>\n");
	aws_error_as(&request, &err, "MalformedPolicyDocument", 400);
	CHECK(strstr(buf_text(&request.response.body),
		     "<Code>MalformedPolicyDocument</Code>"));
	CHECK(!strstr(buf_text(&request.response.body), "ValidationError"));
	CHECK(request.response.header_count == 2);
	buf_release(&request.response.body);
	arena_release(&request.arena);
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(test_every_kind_of_failure_has_a_row),
		CHECK_CASE(test_what_clients_know_is_spelled_so),
		CHECK_CASE(test_a_failure_is_told_in_xml),
	};

	return CHECK_RUN(argc, argv, cases);
}
