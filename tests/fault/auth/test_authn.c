/* SPDX-License-Identifier: Apache-2.0 */
/* Who asks, with each allocation, and each call for randomness, failing in
 * turn: nobody is refused for that, and nobody is taken for somebody else. */
#include "auth/authn.h"

#include <stdio.h>
#include <string.h>

#include "auth/audit.h"
#include "auth/password.h"
#include "auth/throttle.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/metrics.h"
#include "storage/meta_audit.h"
#include "storage/meta_credentials.h"
#include "tests/lib/authn_fixture.h"
#include "tests/lib/check.h"
#include "tests/lib/fault.h"
#include "tests/lib/meta_fixture.h"
#include "tests/lib/sql_fixture.h"

#define CALLS (FAULT_MEMORY | FAULT_RANDOM)
#define ROUNDS_MAX 2000 /* a sweep that does not end is a failure */

static struct authn_fixture all;
static struct meta_principal eve;

static void open_all(void)
{
	authn_fixture_open_on(&all, sql_fixture_new());
	eve = authn_fixture_add(&all, META_USER, "eve", "secret");
}

static void close_all(void)
{
	authn_fixture_close(&all);
}

static int insert_token(struct meta_tx *tx, void *context, struct err *err)
{
	return meta_token_insert(tx, context, SPAN_LIT("repository:a/*:pull"),
				 err);
}

static void add_token(struct buf *header)
{
	struct meta_token row = {.kind = META_TOKEN_API,
				 .principal_id = eve.id};
	struct token_secret secret;
	struct err err = ERR_INIT;

	CHECK(token_secret_make(TOKEN_API_PREFIX, &secret, &err) == 0);
	memcpy(row.id, secret.id, sizeof(row.id));
	memcpy(row.hash, secret.hash, sizeof(row.hash));
	meta_fixture_write(all.meta, insert_token, &row);
	buf_appendf(header, "Bearer %s", secret.text);
}

static void add_access_token(struct buf *header)
{
	struct principal owner;
	struct err err = ERR_INIT;

	principal_from_row(&eve, CREDENTIAL_PASSWORD, &owner);
	buf_append_text(header, "Bearer ");
	CHECK(token_access_make(&all.tokens, &owner,
				SPAN_LIT("repository:a:pull"), header,
				&err) == 0);
}

/* A good login is itself, or fails by what was let fail; a signature that could
 * not be worked out is told as one that is wrong. */
static void sweep_good(struct span header, bool is_signed)
{
	struct fault_sweep sweep = FAULT_SWEEP(CALLS);

	while (fault_next(&sweep)) {
		struct principal principal;

		CHECK(sweep.round < ROUNDS_MAX);
		authn_forget(all.authn);
		fault_on(&sweep);
		enum err_code code =
			authn_fixture_verify(&all, header, &principal);
		fault_off(&sweep);
		if (code == ERR_NONE)
			CHECK(principal.id == eve.id);
		else
			CHECK(sweep.fired &&
			      (is_signed || code != ERR_UNAUTHENTICATED));
		principal_release(&principal);
		CHECK(authn_fixture_verify(&all, header, &principal) ==
		      ERR_NONE);
		principal_release(&principal);
	}
	CHECK(sweep.round >= 2);
}

/* A bad one never gets in. */
static void sweep_bad(struct span header)
{
	struct fault_sweep sweep = FAULT_SWEEP(CALLS);

	while (fault_next(&sweep)) {
		struct principal principal;

		CHECK(sweep.round < ROUNDS_MAX);
		meta_fixture_ms += INT64_C(86400000);
		fault_on(&sweep);
		enum err_code code =
			authn_fixture_verify(&all, header, &principal);
		fault_off(&sweep);
		CHECK(code != ERR_NONE);
		CHECK(sweep.fired || code == ERR_UNAUTHENTICATED);
	}
}

static void test_every_kind_of_login(void)
{
	CLEANUP(buf_release) struct buf header = BUF_INIT(16384);

	open_all();
	authn_fixture_basic(SPAN_LIT("eve:secret"), &header);
	sweep_good(buf_span(&header), false);
	buf_clear(&header);
	add_token(&header);
	sweep_good(buf_span(&header), false);
	header.data[header.len - 1] ^= 1;
	sweep_bad(buf_span(&header));
	buf_clear(&header);
	add_access_token(&header);
	sweep_good(buf_span(&header), true);
	authn_fixture_basic(SPAN_LIT("eve:wrong"), &header);
	sweep_bad(buf_span(&header));
	authn_fixture_basic(SPAN_LIT("nobody:wrong"), &header);
	sweep_bad(buf_span(&header));
	close_all();
}

static void test_beginning_fails_or_is_done(void)
{
	struct fault_sweep sweep = FAULT_SWEEP(CALLS | FAULT_THREAD);

	open_all();
	while (fault_next(&sweep)) {
		struct authn *authn = NULL;
		struct err err = ERR_INIT;

		CHECK(sweep.round < ROUNDS_MAX);
		fault_on(&sweep);
		int rc = authn_new(&all.config, &authn, &err);
		fault_off(&sweep);
		CHECK((rc == 0) == !sweep.fired);
		CHECK((rc == 0) == (authn != NULL));
		CHECK((rc == 0) == (err.code == ERR_NONE));
		authn_free(authn);
	}
	CHECK(sweep.round >= 3);
	close_all();
}

static void test_a_password_is_hashed_anew_or_later(void)
{
	CLEANUP(buf_release) struct buf header = BUF_INIT(16384);
	struct fault_sweep sweep = FAULT_SWEEP(CALLS);
	struct principal principal;

	open_all();
	authn_fixture_basic(SPAN_LIT("eve:secret"), &header);
	password_set_cost(PASSWORD_COST_MIN + 1);
	while (fault_next(&sweep)) {
		authn_forget(all.authn);
		CHECK(authn_fixture_verify(&all, buf_span(&header),
					   &principal) == ERR_NONE);
		fault_on(&sweep);
		authn_tidy(all.authn);
		fault_off(&sweep);
	}
	CHECK(sweep.round >= 2);
	authn_forget(all.authn);
	CHECK(authn_fixture_verify(&all, buf_span(&header), &principal) ==
	      ERR_NONE);
	close_all();
}

/* ---- throttle ---- */

static struct throttle_config slow(void)
{
	return (struct throttle_config){.meta = all.meta,
					.clock = &meta_fixture_clock,
					.free_tries = 2,
					.wait_max_ms = 60000};
}

static void test_the_throttle_fails_or_begins(void)
{
	struct fault_sweep sweep = FAULT_SWEEP(CALLS);
	struct throttle_config config;

	open_all();
	config = slow();
	while (fault_next(&sweep)) {
		struct throttle *throttle = NULL;
		struct err err = ERR_INIT;

		CHECK(sweep.round < ROUNDS_MAX);
		fault_on(&sweep);
		int rc = throttle_new(&config, &throttle, &err);
		fault_off(&sweep);
		CHECK((rc == 0) == (throttle != NULL));
		CHECK(rc == 0 || sweep.fired);
		throttle_free(throttle);
	}
	CHECK(sweep.round >= 1);
	close_all();
}

static void test_counts_are_written_now_or_later(void)
{
	struct fault_sweep sweep = FAULT_SWEEP(CALLS);
	struct throttle_config config;
	struct throttle *throttle = NULL;
	struct err err = ERR_INIT;
	char name[32];

	open_all();
	config = slow();
	CHECK(throttle_new(&config, &throttle, &err) == 0);
	while (fault_next(&sweep)) {
		CHECK(sweep.round < ROUNDS_MAX);
		snprintf(name, sizeof(name), "user %zu", sweep.round);
		fault_on(&sweep);
		for (int i = 0; i < 2; i++)
			throttle_failed(throttle, span_of(name),
					SPAN_LIT("192.0.2.1"));
		throttle_tidy(throttle);
		fault_off(&sweep);
		err_clear(&err);
		CHECK(throttle_ask(throttle, span_of(name),
				   SPAN_LIT("192.0.2.1"), &err) == -1);
	}
	throttle_free(throttle);
	CHECK(throttle_new(&config, &throttle, &err) == 0);
	for (size_t i = 0; i < sweep.round; i++) {
		snprintf(name, sizeof(name), "user %zu", i);
		err_clear(&err);
		CHECK(throttle_ask(throttle, span_of(name),
				   SPAN_LIT("192.0.2.1"), &err) == -1);
	}
	throttle_free(throttle);
	close_all();
}

/* ---- audit ---- */

static void test_the_audit_log_fails_or_begins(void)
{
	struct fault_sweep sweep = FAULT_SWEEP(CALLS | FAULT_THREAD);

	open_all();
	while (fault_next(&sweep)) {
		struct audit *audit = NULL;
		struct err err = ERR_INIT;
		struct audit_config config = {
			.meta = all.meta,
			.clock = &meta_fixture_clock,
			.metrics = all.metrics,
			.account = SPAN_LIT(AUTHN_FIXTURE_ACCOUNT)};

		CHECK(sweep.round < ROUNDS_MAX);
		fault_on(&sweep);
		int rc = audit_new(&config, &audit, &err);
		fault_off(&sweep);
		CHECK((rc == 0) == (audit != NULL));
		CHECK(rc == 0 || sweep.fired);
		audit_free(audit);
	}
	CHECK(sweep.round >= 2);
	close_all();
}

/* What finds no memory is counted as lost, and the count is told. */
static void test_what_is_noted_is_written_or_counted(void)
{
	CLEANUP(buf_release) struct buf log = BUF_INIT(1 << 20);
	struct fault_sweep sweep = FAULT_SWEEP_HOW(FAULT_MEMORY, FAULT_LASTING);
	struct meta_audit entry = {.kind = SPAN_LIT("auth.failure"),
				   .actor = SPAN_LIT("eve"),
				   .detail = SPAN_LIT("")};

	open_all();
	CHECK(fault_next(&sweep));
	fault_on(&sweep);
	audit_note(all.audit, &entry);
	fault_off(&sweep);
	entry.actor = SPAN_LIT("bob");
	audit_note(all.audit, &entry);
	authn_fixture_failures(&all, &log);
	CHECK(strstr(buf_text(&log), "auth.failure bob"));
	CHECK(!strstr(buf_text(&log), "auth.failure eve"));
	CHECK(strstr(buf_text(&log), "audit.dropped  {\"count\":1}"));
	authn_fixture_close(&all);
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(test_every_kind_of_login),
		CHECK_CASE(test_beginning_fails_or_is_done),
		CHECK_CASE(test_a_password_is_hashed_anew_or_later),
		CHECK_CASE(test_the_throttle_fails_or_begins),
		CHECK_CASE(test_counts_are_written_now_or_later),
		CHECK_CASE(test_the_audit_log_fails_or_begins),
		CHECK_CASE(test_what_is_noted_is_written_or_counted),
	};

	fault_wrap_libraries();
	return SQL_FIXTURE_RUN(argc, argv, cases);
}
