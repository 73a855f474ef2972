/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/session.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "auth/scope.h"
#include "auth/seal.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "storage/meta_principals.h"
#include "tests/lib/check.h"
#include "tests/lib/meta_fixture.h"
#include "tests/lib/tmpdir.h"

static struct seal *seal;
static struct meta_principal role = {.id = 42,
				     .kind = META_ROLE,
				     .account = "000000000000",
				     .name = "deploy"};

static struct seal *new_seal(void)
{
	struct err err = ERR_INIT;
	struct seal *made = NULL;
	char dir[TMPDIR_SIZE];

	tmpdir_make(dir);
	int fd = open(dir, O_RDONLY | O_DIRECTORY);
	CHECK(fd >= 0 && seal_open(fd, "server.key", &made, &err) == 0);
	close(fd);
	return made;
}

static enum err_code make(const struct session_wish *wish,
			  struct session_credentials *ret_credentials,
			  struct buf *out)
{
	struct err err = ERR_INIT;

	buf_clear(out);
	int rc = session_make(seal, &meta_fixture_clock, wish, ret_credentials,
			      out, &err);
	CHECK((rc == 0) == (err.code == ERR_NONE));
	return err.code;
}

static enum err_code read_with(struct seal *opener, struct span token,
			       struct session_credentials *ret_credentials,
			       struct principal *ret_principal)
{
	struct err err = ERR_INIT;
	int rc = session_read(opener, &meta_fixture_clock, token,
			      ret_credentials, ret_principal, &err);

	CHECK((rc == 0) == (err.code == ERR_NONE));
	return err.code;
}

static void test_a_token_says_what_was_given_out(void)
{
	CLEANUP(buf_release) struct buf token = BUF_INIT(8192);
	CLEANUP(principal_release) struct principal principal = {.id = 0};
	struct session_credentials made, read;
	struct session_wish wish = {.owner = &role,
				    .name = SPAN_LIT("build-7@ci"),
				    .policy = SPAN_LIT("{\"a\":\n\"b\"}"),
				    .life_ms = 1000};

	seal = new_seal();
	CHECK(make(&wish, &made, &token) == ERR_NONE);
	CHECK(strlen(made.key_id) == 20 && memcmp(made.key_id, "ASIA", 4) == 0);
	CHECK(strlen(made.secret) == 40);
	CHECK(made.ends_ms == atomic_load(&meta_fixture_ms) + 1000);
	CHECK(!memmem(token.data, token.len, made.secret, 40));

	CHECK(read_with(seal, buf_span(&token), &read, &principal) == ERR_NONE);
	CHECK_TEXT(read.key_id, made.key_id);
	CHECK_TEXT(read.secret, made.secret);
	CHECK(read.ends_ms == made.ends_ms);
	CHECK(principal.kind == PRINCIPAL_ROLE && principal.id == 42);
	CHECK(principal.credential == CREDENTIAL_SESSION);
	CHECK_TEXT(principal.account, "000000000000");
	CHECK_TEXT(principal.name, "deploy/build-7@ci");
	CHECK(span_equal(ceiling_policy(principal.ceiling), wish.policy));
	seal_free(seal);
}

static void test_a_token_may_hold_scopes(void)
{
	CLEANUP(buf_release) struct buf token = BUF_INIT(8192);
	CLEANUP(principal_release) struct principal principal = {.id = 0};
	struct session_credentials credentials;
	char scopes[SESSION_SCOPES_MAX + 1];
	struct session_wish wish = {.owner = &role,
				    .name = SPAN_LIT("ci"),
				    .scopes = SPAN_LIT("repository:a:pull"),
				    .life_ms = 1000};

	seal = new_seal();
	CHECK(make(&wish, &credentials, &token) == ERR_NONE);
	CHECK(read_with(seal, buf_span(&token), &credentials, &principal) ==
	      ERR_NONE);
	CHECK(span_equal(ceiling_text(principal.ceiling), wish.scopes));
	CHECK(ceiling_policy(principal.ceiling).len == 0);
	wish.scopes = SPAN_LIT("a\n{}");
	CHECK(make(&wish, &credentials, &token) == ERR_INVALID);
	memset(scopes, 'a', sizeof(scopes));
	wish.scopes = span_make(scopes, sizeof(scopes));
	CHECK(make(&wish, &credentials, &token) == ERR_TOO_LARGE);
	seal_free(seal);
}

static void test_each_session_has_secrets_of_its_own(void)
{
	CLEANUP(buf_release) struct buf token = BUF_INIT(8192);
	struct session_credentials first, second;
	struct session_wish wish = {
		.owner = &role, .name = SPAN_LIT("ci"), .life_ms = 1000};

	seal = new_seal();
	CHECK(make(&wish, &first, &token) == ERR_NONE);
	CHECK(make(&wish, &second, &token) == ERR_NONE);
	CHECK(strcmp(first.key_id, second.key_id) != 0);
	CHECK(strcmp(first.secret, second.secret) != 0);
	seal_free(seal);
}

static void test_who_has_a_key_may_have_a_session(void)
{
	CLEANUP(buf_release) struct buf token = BUF_INIT(8192);
	struct session_credentials credentials;
	struct meta_principal owner = role;
	struct session_wish wish = {
		.owner = &owner, .key = SPAN_LIT("BERTHEVE"), .life_ms = 1000};
	struct principal principal;

	seal = new_seal();
	owner.kind = META_USER;
	CHECK(make(&wish, &credentials, &token) == ERR_NONE);
	CHECK(read_with(seal, buf_span(&token), &credentials, &principal) ==
	      ERR_NONE);
	CHECK(principal.kind == PRINCIPAL_USER && !principal.ceiling);
	CHECK_TEXT(principal.name, "deploy");
	CHECK_TEXT(credentials.made_with, "BERTHEVE");
	owner.kind = META_ROBOT;
	wish.key = SPAN_LIT("");
	CHECK(make(&wish, &credentials, &token) == ERR_NONE);
	CHECK(read_with(seal, buf_span(&token), &credentials, &principal) ==
	      ERR_NONE);
	CHECK(principal.kind == PRINCIPAL_ROBOT);
	CHECK_TEXT(credentials.made_with, "");
	seal_free(seal);
}

static void test_a_session_ends(void)
{
	CLEANUP(buf_release) struct buf token = BUF_INIT(8192);
	struct session_credentials credentials, read = {.key_id = "as it was"};
	struct principal principal = {.id = 7};
	struct session_wish wish = {
		.owner = &role, .name = SPAN_LIT("ci"), .life_ms = 1000};

	seal = new_seal();
	CHECK(make(&wish, &credentials, &token) == ERR_NONE);
	atomic_fetch_add(&meta_fixture_ms, 1000);
	CHECK(read_with(seal, buf_span(&token), &read, &principal) ==
	      ERR_SIGNATURE_EXPIRED);
	CHECK(principal.id == 7);
	CHECK_TEXT(read.key_id, "as it was");
	atomic_fetch_sub(&meta_fixture_ms, 1);
	CHECK(read_with(seal, buf_span(&token), &read, &principal) == ERR_NONE);
	seal_free(seal);
}

static void test_what_is_none_of_ours_is_refused(void)
{
	CLEANUP(buf_release) struct buf token = BUF_INIT(8192);
	CLEANUP(buf_release) struct buf other = BUF_INIT(8192);
	struct session_credentials credentials;
	struct principal principal = {.id = 7};
	struct session_wish wish = {
		.owner = &role, .name = SPAN_LIT("ci"), .life_ms = 1000};
	struct err err = ERR_INIT;

	seal = new_seal();
	CHECK(make(&wish, &credentials, &token) == ERR_NONE);
	for (size_t i = 0; i < token.len; i++) {
		char kept = token.data[i];

		token.data[i] = kept == 'A' ? 'B' : 'A';
		CHECK(read_with(seal, buf_span(&token), &credentials,
				&principal) == ERR_UNAUTHENTICATED);
		token.data[i] = kept;
		CHECK(read_with(seal, span_make(token.data, i), &credentials,
				&principal) == ERR_UNAUTHENTICATED);
	}
	struct seal *stranger = new_seal();
	CHECK(read_with(stranger, buf_span(&token), &credentials, &principal) ==
	      ERR_UNAUTHENTICATED);
	seal_free(stranger);
	CHECK(seal_close(seal, SPAN_LIT("access-key:A"), SPAN_LIT("1\na\nb\n"),
			 &other, &err) == 0);
	CHECK(read_with(seal, buf_span(&other), &credentials, &principal) ==
	      ERR_UNAUTHENTICATED);
	buf_clear(&other);
	CHECK(seal_close(seal, SPAN_LIT("session"), SPAN_LIT("1\na\nb\n"),
			 &other, &err) == 0);
	CHECK(read_with(seal, buf_span(&other), &credentials, &principal) ==
	      ERR_UNAUTHENTICATED);
	CHECK(principal.id == 7);
	seal_free(seal);
}

#define LONGEST                                                                \
	"0123456789012345678901234567890123456789012345678901234567890123"

static void test_what_no_session_may_be_is_refused(void)
{
	static const char *const names[] = {
		"", "a", "a/b", "a b", "a\nb", "\xc3\xa9x", LONGEST "4"};
	CLEANUP(buf_release) struct buf token = BUF_INIT(8192);
	char policy[SESSION_POLICY_MAX + 1];
	struct session_credentials credentials;
	struct session_wish wish = {.owner = &role, .life_ms = 1000};

	seal = new_seal();
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		wish.name = span_of(names[i]);
		CHECK(make(&wish, &credentials, &token) == ERR_INVALID);
		CHECK(token.len == 0);
	}
	wish.name = span_make(names[6], SESSION_NAME_MAX);
	CHECK(make(&wish, &credentials, &token) == ERR_NONE);
	memset(policy, ' ', sizeof(policy));
	wish.policy = span_make(policy, sizeof(policy));
	CHECK(make(&wish, &credentials, &token) == ERR_TOO_LARGE);
	wish.policy.len--;
	CHECK(make(&wish, &credentials, &token) == ERR_NONE);

	struct meta_principal odd = role;
	memcpy(odd.name, "a\nb", sizeof("a\nb"));
	wish.owner = &odd;
	CHECK(make(&wish, &credentials, &token) == ERR_INVALID);
	seal_free(seal);
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(test_a_token_says_what_was_given_out),
		CHECK_CASE(test_a_token_may_hold_scopes),
		CHECK_CASE(test_each_session_has_secrets_of_its_own),
		CHECK_CASE(test_who_has_a_key_may_have_a_session),
		CHECK_CASE(test_a_session_ends),
		CHECK_CASE(test_what_is_none_of_ours_is_refused),
		CHECK_CASE(test_what_no_session_may_be_is_refused),
	};

	return CHECK_RUN(argc, argv, cases);
}
