/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "tests/lib/check.h"

static void test_a_fresh_value_is_no_failure(void)
{
	struct err err = ERR_INIT;

	CHECK(err.code == ERR_NONE && err.os == 0);
	CHECK_TEXT(err.text, "");
	CHECK_TEXT(err.tell, "");
}

static void test_set_keeps_code_and_text(void)
{
	struct err err = ERR_INIT;

	CHECK(err_set(&err, ERR_TOO_LARGE, "%d of %s", 3, "x") == -1);
	CHECK(err.code == ERR_TOO_LARGE && err.os == 0);
	CHECK_TEXT(err.text, "3 of x");
}

static void test_system_errors_have_their_code(void)
{
	static const struct {
		int os;
		enum err_code want;
	} cases[] = {
		{ENOSPC, ERR_NO_SPACE},	   {EDQUOT, ERR_NO_SPACE},
		{ENOMEM, ERR_NO_MEMORY},   {ENOENT, ERR_NOT_FOUND},
		{EEXIST, ERR_EXISTS},	   {EMFILE, ERR_UNAVAILABLE},
		{ENFILE, ERR_UNAVAILABLE}, {EROFS, ERR_UNAVAILABLE},
		{ETIMEDOUT, ERR_TIMEOUT},  {EIO, ERR_IO},
		{EACCES, ERR_IO},	   {12345, ERR_IO},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct err err = ERR_INIT;

		CHECK(err_sys(&err, cases[i].os, "opening %s", "x") == -1);
		CHECK(err.code == cases[i].want);
		CHECK(err.os == cases[i].os);
		CHECK(strncmp(err.text, "opening x", 9) == 0);
	}
}

static void test_the_system_error_is_spelt_out(void)
{
	struct err err = ERR_INIT;

	err_sys(&err, ENOSPC, "writing");
	CHECK_TEXT(err.text, "writing: No space left on device");
}

static void test_wrap_puts_context_before(void)
{
	struct err err = ERR_INIT;

	err_sys(&err, EIO, "fsync");
	CHECK(err_wrap(&err, "blob %d", 7) == -1);
	CHECK_TEXT(err.text, "blob 7: fsync: Input/output error");
	CHECK(err.code == ERR_IO && err.os == EIO);
}

static void test_long_texts_are_cut_not_overrun(void)
{
	char big[3 * ERR_TEXT_SIZE];
	struct err err = ERR_INIT;

	memset(big, 'a', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	err_sys(&err, EIO, "%s", big);
	CHECK(strlen(err.text) == ERR_TEXT_SIZE - 1);
	err_wrap(&err, "context");
	CHECK(strncmp(err.text, "context: aaa", 12) == 0);
	CHECK(strlen(err.text) == ERR_TEXT_SIZE - 1);
	err_wrap(&err, "%s", big);
	CHECK(strlen(err.text) == ERR_TEXT_SIZE - 1);
	err_tell(&err, "%s", big);
	CHECK(strlen(err.tell) == ERR_TEXT_SIZE - 1);
}

static void test_the_client_hears_what_was_told_or_the_summary(void)
{
	struct err err = ERR_INIT;

	err_set(&err, ERR_NOT_FOUND, "secret detail");
	CHECK_TEXT(err_for_client(&err), "there is nothing under that address");
	CHECK(err_tell(&err, "no %s here", "tag") == -1);
	CHECK_TEXT(err_for_client(&err), "no tag here");
	CHECK_TEXT(err.text, "secret detail");
}

static void test_clear_makes_it_settable_again(void)
{
	struct err err = ERR_INIT;

	err_sys(&err, EIO, "x");
	err_tell(&err, "y");
	err_clear(&err);
	CHECK(err.code == ERR_NONE && err.os == 0);
	err_set(&err, ERR_INVALID, "z");
	CHECK_TEXT(err_for_client(&err), "the request is malformed");
}

static void test_every_code_has_name_and_summary(void)
{
	for (int code = ERR_NONE; code < ERR_CODE_COUNT; code++) {
		CHECK(err_code_name((enum err_code)code)[0] != '\0');
		CHECK(err_code_summary((enum err_code)code)[0] != '\0');
	}
	CHECK_TEXT(err_code_name(ERR_MANIFEST_UNKNOWN), "MANIFEST_UNKNOWN");
	CHECK_TEXT(err_code_name(ERR_CODE_COUNT), "UNKNOWN");
	CHECK_TEXT(err_code_summary(ERR_CODE_COUNT), "unknown failure");
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(test_a_fresh_value_is_no_failure),
		CHECK_CASE(test_set_keeps_code_and_text),
		CHECK_CASE(test_system_errors_have_their_code),
		CHECK_CASE(test_the_system_error_is_spelt_out),
		CHECK_CASE(test_wrap_puts_context_before),
		CHECK_CASE(test_long_texts_are_cut_not_overrun),
		CHECK_CASE(test_the_client_hears_what_was_told_or_the_summary),
		CHECK_CASE(test_clear_makes_it_settable_again),
		CHECK_CASE(test_every_code_has_name_and_summary),
	};

	return CHECK_RUN(argc, argv, cases);
}
