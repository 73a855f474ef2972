/* SPDX-License-Identifier: Apache-2.0 */
/* What all methods have in common, and passwords. */
#include "auth/authn.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "auth/password.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "tests/lib/authn_fixture.h"
#include "tests/lib/check.h"
#include "tests/lib/meta_fixture.h"
#include "tests/lib/sql_faulty.h"
#include "tests/lib/sql_fixture.h"

#define DAY INT64_C(86400000)

static struct authn_fixture all;

struct login {
	const char *text; /* "user:password"; may hold a NUL */
	size_t len;
};

#define LOGIN(literal)                                                         \
	{                                                                      \
		.text = (literal), .len = sizeof(literal) - 1                  \
	}

static void open_all(void)
{
	struct meta_principal gone = {.kind = META_USER,
				      .account = AUTHN_FIXTURE_ACCOUNT,
				      .name = "gone",
				      .disabled = true};
	struct meta_principal damaged = {.kind = META_USER,
					 .account = AUTHN_FIXTURE_ACCOUNT,
					 .name = "damaged",
					 .password_hash = "damaged"};
	struct err err = ERR_INIT;

	authn_fixture_open(&all);
	authn_fixture_add(&all, META_USER, "eve", "secret:with:colons");
	authn_fixture_add(&all, META_USER, "root", "root's");
	authn_fixture_add(&all, META_ROLE, "role", NULL);
	authn_fixture_add(&all, META_ROBOT, "robot", NULL);
	CHECK(password_hash(SPAN_LIT("secret"), gone.password_hash, &err) == 0);
	authn_fixture_insert(&all, &gone);
	authn_fixture_insert(&all, &damaged);
}

static void close_all(void)
{
	authn_fixture_close(&all);
}

static enum err_code verify(struct span credentials,
			    struct principal *ret_principal)
{
	CLEANUP(buf_release) struct buf header = BUF_INIT(4096);
	struct principal principal;

	authn_fixture_basic(credentials, &header);
	enum err_code code =
		authn_fixture_verify(&all, buf_span(&header), &principal);

	if (ret_principal)
		*ret_principal = principal;
	return code;
}

static enum authn_answer quick(const char *credentials)
{
	CLEANUP(buf_release) struct buf header = BUF_INIT(4096);

	authn_fixture_basic(span_of(credentials), &header);
	return authn_fixture_quick(&all, buf_span(&header));
}

/* Past every wait of the throttle. */
static void pass_a_day(void)
{
	atomic_fetch_add(&meta_fixture_ms, DAY);
}

static void test_a_user_is_who_he_is(void)
{
	struct principal principal;

	open_all();
	CHECK(verify(SPAN_LIT("eve:secret:with:colons"), &principal) ==
	      ERR_NONE);
	CHECK(principal.kind == PRINCIPAL_USER && principal.id > 0);
	CHECK_TEXT(principal.name, "eve");
	CHECK_TEXT(principal.account, AUTHN_FIXTURE_ACCOUNT);
	CHECK(!principal.ceiling);
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
		LOGIN("role:"),
		LOGIN("robot:"),
		LOGIN("nobody:no user has this"),
		LOGIN("eve\0:secret:with:colons"),
		LOGIN("\xff\xfe:x"),
		LOGIN("' OR 1=1 --:x"),
	};

	open_all();
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		CHECK(verify(span_make(wrong[i].text, wrong[i].len), NULL) ==
		      ERR_UNAUTHENTICATED);
		pass_a_day();
	}
	CHECK(verify(SPAN_LIT("damaged:x"), NULL) == ERR_CORRUPT);
	close_all();
}

static void test_other_headers_are_refused(void)
{
	static const char *const wrong[] = {
		"Basic",	 "Basic ",	   "Basic !!!!",
		"Bearer abc",	 "BasicZXZlOng=",  " Basic ZXZlOng=",
		"Basic ZXZlOng", "Basic ZXZlO ng", "Digest x",
		"Bearer",	 "Bearer ",
	};
	struct principal principal;

	open_all();
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		CHECK(authn_fixture_verify(&all, span_of(wrong[i]),
					   &principal) == ERR_UNAUTHENTICATED);
	close_all();
}

static void test_the_scheme_is_of_either_case(void)
{
	CLEANUP(buf_release) struct buf header = BUF_INIT(4096);
	struct principal principal;

	open_all();
	authn_fixture_basic(SPAN_LIT("root:root's"), &header);
	memcpy(header.data, "bASIC", 5);
	CHECK(authn_fixture_verify(&all, buf_span(&header), &principal) ==
	      ERR_NONE);
	close_all();
}

static void test_no_header_is_anonymous(void)
{
	struct principal principal;

	open_all();
	CHECK(authn_fixture_quick(&all, SPAN_LIT("")) == AUTHN_KNOWN);
	CHECK(authn_fixture_verify(&all, SPAN_LIT(""), &principal) == ERR_NONE);
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
	atomic_fetch_add(&meta_fixture_ms, AUTHN_FIXTURE_CACHE_MS - 1);
	CHECK(quick("root:root's") == AUTHN_KNOWN);
	atomic_fetch_add(&meta_fixture_ms, 1);
	CHECK(quick("root:root's") == AUTHN_PASSWORD);
	CHECK(verify(SPAN_LIT("root:root's"), NULL) == ERR_NONE);
	authn_forget(all.authn);
	CHECK(quick("root:root's") == AUTHN_PASSWORD);
	close_all();
}

static void test_an_end_is_an_end(void)
{
	struct meta_principal row;

	open_all();
	row = authn_fixture_add(&all, META_USER, "guest", "guest's");
	row.expires_ms = atomic_load(&meta_fixture_ms) + 500;
	authn_fixture_update(&all, &row);
	CHECK(verify(SPAN_LIT("guest:guest's"), NULL) == ERR_NONE);
	atomic_fetch_add(&meta_fixture_ms, 499);
	CHECK(quick("guest:guest's") == AUTHN_KNOWN);
	atomic_fetch_add(&meta_fixture_ms, 1);
	CHECK(quick("guest:guest's") == AUTHN_PASSWORD);
	CHECK(verify(SPAN_LIT("guest:guest's"), NULL) == ERR_UNAUTHENTICATED);
	row.expires_ms = 0;
	authn_fixture_update(&all, &row);
	CHECK(verify(SPAN_LIT("guest:guest's"), NULL) == ERR_NONE);
	row.disabled = true;
	authn_fixture_update(&all, &row);
	CHECK(verify(SPAN_LIT("guest:guest's"), NULL) == ERR_UNAUTHENTICATED);
	authn_fixture_remove(&all, row.id);
	CHECK(verify(SPAN_LIT("guest:guest's"), NULL) == ERR_UNAUTHENTICATED);
	close_all();
}

static void test_a_failing_database_is_no_wrong_password(void)
{
	open_all();
	sql_faulty_arm(all.sql, SQL_FAULTY_STEP, 0, 1);
	enum err_code code = verify(SPAN_LIT("root:root's"), NULL);
	CHECK(sql_faulty_disarm(all.sql));
	CHECK(code != ERR_NONE && code != ERR_UNAUTHENTICATED);
	CHECK(verify(SPAN_LIT("root:root's"), NULL) == ERR_NONE);
	close_all();
}

/* Names that nobody has are slowed down as those that somebody has. */
static void test_guessing_is_slowed_down(void)
{
	static const char *const names[] = {"eve", "nobody", "gone", "robot"};
	char wrong[64];

	open_all();
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(wrong, sizeof(wrong), "%s:wrong", names[i]);
		for (int j = 0; j < AUTHN_FIXTURE_TRIES; j++)
			CHECK(verify(span_of(wrong), NULL) ==
			      ERR_UNAUTHENTICATED);
		CHECK(quick(wrong) == AUTHN_REFUSED);
		CHECK(verify(span_of(wrong), NULL) == ERR_TOO_MANY);
	}
	CHECK(verify(SPAN_LIT("eve:secret:with:colons"), NULL) == ERR_TOO_MANY);
	CHECK(verify(SPAN_LIT("root:root's"), NULL) == ERR_NONE);
	atomic_fetch_add(&meta_fixture_ms, 1000);
	CHECK(verify(SPAN_LIT("eve:secret:with:colons"), NULL) == ERR_NONE);
	CHECK(verify(SPAN_LIT("eve:wrong"), NULL) == ERR_UNAUTHENTICATED);
	close_all();
}

/* What is remembered is not guessed. */
static void test_who_is_known_is_not_slowed_down(void)
{
	open_all();
	CHECK(verify(SPAN_LIT("eve:secret:with:colons"), NULL) == ERR_NONE);
	for (int i = 0; i < 10; i++)
		verify(SPAN_LIT("eve:wrong"), NULL);
	CHECK(verify(SPAN_LIT("eve:wrong"), NULL) == ERR_TOO_MANY);
	CHECK(quick("eve:secret:with:colons") == AUTHN_KNOWN);
	close_all();
}

/* One after the other: one who tries many at once has no more free tries. */
static void test_a_crowd_has_no_more_tries(void)
{
	open_all();
	for (int i = 0; i < AUTHN_FIXTURE_TRIES; i++)
		CHECK(quick("eve:wrong") == AUTHN_PASSWORD);
	for (int i = 0; i < AUTHN_FIXTURE_TRIES; i++)
		CHECK(verify(SPAN_LIT("eve:wrong"), NULL) ==
		      ERR_UNAUTHENTICATED);
	CHECK(verify(SPAN_LIT("eve:wrong"), NULL) == ERR_TOO_MANY);
	close_all();
}

static bool has(const struct buf *text, const char *part)
{
	return strstr(buf_text(text), part) != NULL;
}

static void test_failures_are_written_down(void)
{
	CLEANUP(buf_release) struct buf log = BUF_INIT(65536);
	struct principal principal;

	open_all();
	verify(SPAN_LIT("eve:wrong"), NULL);
	verify(SPAN_LIT("hunter2:whoops"), NULL);
	verify(SPAN_LIT("gone:secret"), NULL);
	verify(SPAN_LIT("root:root's"), NULL);
	authn_fixture_verify(&all, SPAN_LIT("Digest x"), &principal);
	for (int i = 0; i < AUTHN_FIXTURE_TRIES; i++)
		verify(SPAN_LIT("eve:wrong"), NULL);
	authn_fixture_failures(&all, &log);
	CHECK(has(&log, "auth.failure eve {\"method\":\"Basic\","
			"\"reason\":\"wrong password\""));
	CHECK(has(&log, "auth.failure  {\"method\":\"Basic\","
			"\"reason\":\"unknown name\"}"));
	CHECK(has(&log, "auth.failure gone {\"method\":\"Basic\","
			"\"reason\":\"disabled\"}"));
	CHECK(has(&log, "{\"method\":\"unknown\","
			"\"reason\":\"unknown scheme\"}"));
	CHECK(has(&log, "auth.throttled  {\"method\":\"Basic\","
			"\"reason\":\"TOO_MANY\"}"));
	CHECK(!has(&log, "hunter2") && !has(&log, "whoops"));
	CHECK(!has(&log, "root"));
	authn_fixture_close(&all);
}

static int64_t cpu_ns(void)
{
	struct timespec now;

	CHECK(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now) == 0);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static int64_t hash_ns(void)
{
	int64_t least = INT64_MAX;
	struct err err = ERR_INIT;
	char hash[PASSWORD_HASH_SIZE];

	for (int i = 0; i < 3; i++) {
		int64_t start = cpu_ns();

		CHECK(password_hash(SPAN_LIT("x"), hash, &err) == 0);
		int64_t took = cpu_ns() - start;
		if (took < least)
			least = took;
	}
	return least;
}

/* In time of this thread's own, so that a busy machine changes nothing: a hash
 * takes many times what all the rest does. */
static void test_an_unknown_name_costs_a_hash_as_well(void)
{
	static const struct login logins[] = {
		LOGIN("eve:wrong"),   LOGIN("nobody:wrong"),
		LOGIN("\xff:wrong"),  LOGIN("gone:secret"),
		LOGIN("robot:wrong"), LOGIN("role:wrong"),
	};

	open_all();
	int64_t least = hash_ns();
	for (size_t i = 0; i < sizeof(logins) / sizeof(logins[0]); i++) {
		int64_t start = cpu_ns();

		CHECK(verify(span_make(logins[i].text, logins[i].len), NULL) ==
		      ERR_UNAUTHENTICATED);
		CHECK(cpu_ns() - start > least / 4);
		pass_a_day();
	}
	close_all();
}

static struct meta_principal row_of(const char *name)
{
	struct meta_tx *tx = meta_fixture_read(all.meta);
	struct meta_principal row;
	struct err err = ERR_INIT;

	CHECK(meta_principal_find(tx, SPAN_LIT(AUTHN_FIXTURE_ACCOUNT),
				  span_of(name), &row, &err) == 1);
	meta_read_end(tx);
	return row;
}

/* After the answer, once for each user, and not over a new password. */
static void test_a_cheap_hash_is_made_anew(void)
{
	open_all();
	struct meta_principal eve = row_of("eve");
	struct meta_principal root = row_of("root");

	CHECK(verify(SPAN_LIT("root:root's"), NULL) == ERR_NONE);
	authn_tidy(all.authn);
	CHECK_TEXT(row_of("root").password_hash, root.password_hash);
	authn_forget(all.authn);
	password_set_cost(PASSWORD_COST_MIN + 1);
	CHECK(verify(SPAN_LIT("eve:wrong"), NULL) == ERR_UNAUTHENTICATED);
	authn_tidy(all.authn);
	CHECK(verify(SPAN_LIT("eve:secret:with:colons"), NULL) == ERR_NONE);
	CHECK_TEXT(row_of("eve").password_hash, eve.password_hash);
	authn_tidy(all.authn);
	struct meta_principal dear = row_of("eve");
	CHECK(strstr(dear.password_hash, "ln=15"));
	authn_forget(all.authn);
	CHECK(verify(SPAN_LIT("eve:secret:with:colons"), NULL) == ERR_NONE);
	authn_tidy(all.authn);
	CHECK_TEXT(row_of("eve").password_hash, dear.password_hash);

	CHECK(verify(SPAN_LIT("root:root's"), NULL) == ERR_NONE);
	authn_fixture_remove(&all, root.id);
	authn_tidy(all.authn);
	close_all();
}

static void *log_in(void *context)
{
	(void)context;
	CHECK(verify(SPAN_LIT("root:root's"), NULL) == ERR_NONE);
	CHECK(verify(SPAN_LIT("eve:wrong"), NULL) != ERR_NONE);
	authn_forget(all.authn);
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
		CHECK_CASE(test_no_header_is_anonymous),
		CHECK_CASE(test_what_was_verified_counts_for_a_while),
		CHECK_CASE(test_an_end_is_an_end),
		CHECK_CASE(test_a_failing_database_is_no_wrong_password),
		CHECK_CASE(test_guessing_is_slowed_down),
		CHECK_CASE(test_who_is_known_is_not_slowed_down),
		CHECK_CASE(test_a_crowd_has_no_more_tries),
		CHECK_CASE(test_failures_are_written_down),
		CHECK_CASE(test_an_unknown_name_costs_a_hash_as_well),
		CHECK_CASE(test_a_cheap_hash_is_made_anew),
		CHECK_CASE(test_more_log_ins_than_cores_all_end),
	};

	return SQL_FIXTURE_RUN(argc, argv, cases);
}
