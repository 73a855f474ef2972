/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/authn.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "auth/password.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/enc.h"
#include "base/err.h"
#include "storage/meta_principals.h"
#include "tests/lib/meta_fixture.h"
#include "tests/lib/sql_faulty.h"
#include "tests/lib/sql_fixture.h"

#define ACCOUNT "000000000000"

static struct meta *meta;
static struct sql_driver *sql;
static struct authn *authn;

struct login {
	const char *text; /* "user:password"; may hold a NUL */
	size_t len;
};

#define LOGIN(literal)                                                         \
	{                                                                      \
		.text = (literal), .len = sizeof(literal) - 1                  \
	}

static int insert_work(struct meta_tx *tx, void *context, struct err *err)
{
	int64_t id = 0;

	return meta_principal_insert(tx, context, &id, err);
}

static void add_user(const char *name, const char *password, bool disabled)
{
	struct meta_principal user = {
		.kind = META_USER, .account = ACCOUNT, .disabled = disabled};
	struct err err = ERR_INIT;

	snprintf(user.name, sizeof(user.name), "%s", name);

	if (password)
		CHECK(password_hash(span_of(password), user.password_hash,
				    &err) == 0);
	else
		memcpy(user.password_hash, "damaged", 8);
	meta_fixture_write(meta, insert_work, &user);
}

static void open_all(void)
{
	struct authn_config config = {.clock = &meta_fixture_clock,
				      .account = ACCOUNT,
				      .cache_ms = 1000};
	struct err err = ERR_INIT;

	sql = sql_faulty_new(sql_fixture_new());
	CHECK(meta_open(sql, &meta_fixture_clock, &meta, &err) == 0);
	config.meta = meta;
	CHECK(authn_new(&config, &authn, &err) == 0);
	add_user("eve", "secret:with:colons", false);
	add_user("root", "root's", false);
	add_user("gone", "secret", true);
	add_user("damaged", NULL, false);
}

static void close_all(void)
{
	authn_free(authn);
	meta_close(meta);
}

static void make_header(struct buf *header, const char *scheme,
			struct span credentials)
{
	buf_append_text(header, scheme);
	buf_append_char(header, ' ');
	enc_base64(credentials.text, credentials.len, header);
}

/* What came of it; the principal must be untouched unless it is ERR_NONE. */
static enum err_code verify(struct span credentials,
			    struct principal *ret_principal)
{
	CLEANUP(buf_release) struct buf header = BUF_INIT(4096);
	struct principal principal = {.kind = PRINCIPAL_NONE};
	struct err err = ERR_INIT;

	make_header(&header, "Basic", credentials);
	struct authn_request shown = {.header = buf_span(&header)};
	int rc = authn_verify(authn, &shown, &principal, &err);
	CHECK((rc == 0) == (err.code == ERR_NONE));
	CHECK((rc == 0) == (principal.kind != PRINCIPAL_NONE));
	if (ret_principal)
		*ret_principal = principal;
	return err.code;
}

static enum authn_answer quick(const char *credentials)
{
	CLEANUP(buf_release) struct buf header = BUF_INIT(4096);
	struct principal principal = {.kind = PRINCIPAL_NONE};
	struct err err = ERR_INIT;

	make_header(&header, "Basic", span_of(credentials));
	struct authn_request shown = {.header = buf_span(&header)};
	return authn_quick(authn, &shown, &principal, &err);
}

static void test_a_user_is_who_he_is(void)
{
	struct principal principal;

	open_all();
	CHECK(verify(SPAN_LIT("eve:secret:with:colons"), &principal) ==
	      ERR_NONE);
	CHECK(principal.kind == PRINCIPAL_USER && principal.id > 0);
	CHECK_TEXT(principal.name, "eve");
	CHECK(verify(SPAN_LIT("root:root's"), &principal) == ERR_NONE);
	CHECK(principal.credential == CREDENTIAL_PASSWORD);
	CHECK_TEXT(principal.name, "root");
	close_all();
}

static void test_everything_else_is_refused(void)
{
	static const struct login wrong[] = {
		LOGIN("eve:secret"),
		LOGIN("eve:"),
		LOGIN("eve"),
		LOGIN(""),
		LOGIN(":"),
		LOGIN(":secret"),
		LOGIN("EVE:secret:with:colons"),
		LOGIN("eve:secret:with:colons\n"),
		LOGIN("gone:secret"),
		LOGIN("nobody:no user has this"),
		LOGIN("eve\0:secret:with:colons"),
		LOGIN("\xff\xfe:x"),
		LOGIN("' OR 1=1 --:x"),
	};

	open_all();
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		CHECK(verify(span_make(wrong[i].text, wrong[i].len), NULL) ==
		      ERR_UNAUTHENTICATED);
	CHECK(verify(SPAN_LIT("damaged:x"), NULL) == ERR_CORRUPT);
	close_all();
}

static void test_other_headers_are_refused(void)
{
	static const char *const wrong[] = {
		"Basic",	 "Basic ",	   "Basic !!!!",
		"Bearer abc",	 "BasicZXZlOng=",  " Basic ZXZlOng=",
		"Basic ZXZlOng", "Basic ZXZlO ng", "Digest x",
	};

	open_all();
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct principal principal = {.kind = PRINCIPAL_NONE};
		struct err err = ERR_INIT;

		struct authn_request shown = {.header = span_of(wrong[i])};

		CHECK(authn_verify(authn, &shown, &principal, &err) == -1);
		CHECK(err.code == ERR_UNAUTHENTICATED);
		CHECK(principal.kind == PRINCIPAL_NONE);
	}
	close_all();
}

static void test_the_scheme_is_of_either_case(void)
{
	CLEANUP(buf_release) struct buf header = BUF_INIT(4096);
	struct principal principal;
	struct err err = ERR_INIT;

	open_all();
	make_header(&header, "bASIC", SPAN_LIT("root:root's"));
	struct authn_request shown = {.header = buf_span(&header)};
	CHECK(authn_verify(authn, &shown, &principal, &err) == 0);
	close_all();
}

static void test_a_signature_waits_for_the_body(void)
{
	struct principal principal = {.kind = PRINCIPAL_NONE};
	struct err err = ERR_INIT;

	open_all();
	struct authn_request shown = {
		.header = SPAN_LIT("AWS4-HMAC-SHA256 Credential=x")};
	CHECK(authn_quick(authn, &shown, &principal, &err) == AUTHN_BODY);
	CHECK(authn_verify(authn, &shown, &principal, &err) == -1);
	CHECK(err.code == ERR_SIGNATURE_INCOMPLETE);
	CHECK(principal.kind == PRINCIPAL_NONE);
	close_all();
}

static void test_no_header_is_anonymous(void)
{
	struct principal principal = {.kind = PRINCIPAL_NONE};
	struct err err = ERR_INIT;

	open_all();
	struct authn_request shown = {.header = SPAN_LIT("")};
	CHECK(authn_quick(authn, &shown, &principal, &err) == AUTHN_KNOWN);
	CHECK(principal.kind == PRINCIPAL_ANONYMOUS);
	CHECK_TEXT(principal.name, "anonymous");
	close_all();
}

static void test_what_was_verified_counts_for_a_while(void)
{
	open_all();
	CHECK(quick("root:root's") == AUTHN_PASSWORD);
	CHECK(verify(SPAN_LIT("root:wrong"), NULL) == ERR_UNAUTHENTICATED);
	CHECK(quick("root:wrong") == AUTHN_PASSWORD);
	CHECK(verify(SPAN_LIT("root:root's"), NULL) == ERR_NONE);
	CHECK(quick("root:root's") == AUTHN_KNOWN);
	atomic_fetch_add(&meta_fixture_ms, 999);
	CHECK(quick("root:root's") == AUTHN_KNOWN);
	atomic_fetch_add(&meta_fixture_ms, 1);
	CHECK(quick("root:root's") == AUTHN_PASSWORD);
	CHECK(verify(SPAN_LIT("root:root's"), NULL) == ERR_NONE);
	authn_forget(authn);
	CHECK(quick("root:root's") == AUTHN_PASSWORD);
	close_all();
}

static void test_a_failing_database_is_no_wrong_password(void)
{
	open_all();
	sql_faulty_arm(sql, SQL_FAULTY_STEP, 0, 1);
	enum err_code code = verify(SPAN_LIT("root:root's"), NULL);
	CHECK(sql_faulty_disarm(sql));
	CHECK(code != ERR_NONE && code != ERR_UNAUTHENTICATED);
	CHECK(verify(SPAN_LIT("root:root's"), NULL) == ERR_NONE);
	close_all();
}

static int64_t cpu_ns(void)
{
	struct timespec now;

	CHECK(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now) == 0);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

/* In time of this thread's own, so that a busy machine changes nothing: a hash
 * takes many times what all the rest does. */
static void test_an_unknown_name_costs_a_hash_as_well(void)
{
	static const struct login logins[] = {
		LOGIN("eve:wrong"),
		LOGIN("nobody:wrong"),
		LOGIN("\xff:wrong"),
		LOGIN("gone:secret"),
	};
	int64_t least = INT64_MAX;
	struct err err = ERR_INIT;
	char hash[PASSWORD_HASH_SIZE];

	open_all();
	for (int i = 0; i < 3; i++) {
		int64_t start = cpu_ns();

		CHECK(password_hash(SPAN_LIT("x"), hash, &err) == 0);
		int64_t took = cpu_ns() - start;
		if (took < least)
			least = took;
	}
	for (size_t i = 0; i < sizeof(logins) / sizeof(logins[0]); i++) {
		int64_t start = cpu_ns();

		CHECK(verify(span_make(logins[i].text, logins[i].len), NULL) ==
		      ERR_UNAUTHENTICATED);
		CHECK(cpu_ns() - start > least / 4);
	}
	close_all();
}

static void *log_in(void *context)
{
	(void)context;
	CHECK(verify(SPAN_LIT("root:root's"), NULL) == ERR_NONE);
	CHECK(verify(SPAN_LIT("root:wrong"), NULL) == ERR_UNAUTHENTICATED);
	authn_forget(authn);
	return NULL;
}

static void test_more_log_ins_than_cores_all_end(void)
{
	pthread_t threads[8];

	open_all();
	for (size_t i = 0; i < 8; i++)
		CHECK(pthread_create(&threads[i], NULL, log_in, NULL) == 0);
	for (size_t i = 0; i < 8; i++)
		pthread_join(threads[i], NULL);
	close_all();
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(test_a_user_is_who_he_is),
		CHECK_CASE(test_everything_else_is_refused),
		CHECK_CASE(test_other_headers_are_refused),
		CHECK_CASE(test_the_scheme_is_of_either_case),
		CHECK_CASE(test_a_signature_waits_for_the_body),
		CHECK_CASE(test_no_header_is_anonymous),
		CHECK_CASE(test_what_was_verified_counts_for_a_while),
		CHECK_CASE(test_a_failing_database_is_no_wrong_password),
		CHECK_CASE(test_an_unknown_name_costs_a_hash_as_well),
		CHECK_CASE(test_more_log_ins_than_cores_all_end),
	};

	return SQL_FIXTURE_RUN(argc, argv, cases);
}
