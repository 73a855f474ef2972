/* SPDX-License-Identifier: Apache-2.0 */
/* Decisions told in words, roles, and several who ask while policies change. */
#include <pthread.h>
#include <stdatomic.h>

#include "auth/policy.h"
#include "auth/scope.h"
#include "base/err.h"
#include "base/jsonx.h"
#include "tests/lib/authz_fixture.h"

/* ---- explaining ---- */

static json_t *explain(const struct principal *who, enum action action,
		       const char *repository)
{
	struct authz_question question =
		authz_fixture_about(who, action, repository);
	struct buf text = BUF_INIT(65536);
	struct err err = ERR_INIT;
	json_t *json = NULL;

	question.source = SPAN_LIT("");
	CHECK(authz_explain(authz_fixture, &question, &text, &err) == 0);
	CHECK(jsonx_parse(buf_span(&text), 5, &json, &err) == 0);
	buf_release(&text);
	return json;
}

static void check_member(const json_t *json, const char *name, const char *want)
{
	CHECK_TEXT(json_string_value(json_object_get(json, name)), want);
}

static void test_tells_a_decision_in_words(void)
{
	authz_fixture_open();
	struct principal user = authz_fixture_alice();
	authz_fixture_give(
		user.id, "mixed",
		ALLOW("ecr:*") ",{'Sid':'no push','Effect':'Deny','Action':"
			       "'ecr:PutImage','Resource':'*'},{'Effect':'"
			       "Allow',"
			       "'Action':'iam:*','Resource':'*','Condition':{"
			       "'IpAddress':{'aws:SourceIp':'10.0.0.0/8'}}}");
	json_t *json = explain(&user, ACTION_PUT_IMAGE, "a");
	check_member(json, "decision", "explicitDeny");
	check_member(json, "policy", "mixed");
	check_member(json, "sid", "no push");
	check_member(json, "reason",
		     "statement 2 (no push) of mixed denies it");
	CHECK(json_integer_value(json_object_get(json, "statement")) == 2);
	json_decref(json);
	json = explain(&user, ACTION_BATCH_GET_IMAGE, "a");
	check_member(json, "decision", "allowed");
	check_member(json, "identity", "allows");
	check_member(json, "repository", "does not allow");
	json_decref(json);
	json = explain(&user, ACTION_CREATE_USER, "");
	check_member(json, "decision", "implicitDeny");
	const json_t *missing = json_object_get(json, "missing_context_keys");
	CHECK(json_array_size(missing) == 1);
	CHECK_TEXT(json_string_value(json_array_get(missing, 0)),
		   "aws:SourceIp");
	json_decref(json);
	json = explain(&user, ACTION_LOGIN, "");
	check_member(json, "decision", "allowed");
	json_decref(json);
	authz_fixture_close();
}

/* ---- roles ---- */

struct change {
	int64_t id;	  /* of a role */
	const char *text; /* a policy */
};

static int trust_work(struct meta_tx *tx, void *context, struct err *err)
{
	struct change *change = context;
	struct buf text = BUF_INIT(1 << 16);

	authz_fixture_document(change->text, &text);
	int done = meta_role_set_trust(tx, change->id, buf_span(&text), err);
	buf_release(&text);
	return done;
}

static void trust(int64_t role, const char *text)
{
	struct change change = {.id = role, .text = text};

	meta_fixture_write(authz_fixture_meta, trust_work, &change);
	authz_forget(authz_fixture);
}

static enum err_code assume(const struct principal *who, int64_t role)
{
	struct authz_question question =
		authz_fixture_about(who, ACTION_ASSUME_ROLE, "");
	struct err err = ERR_INIT;

	authz_assume(authz_fixture, &question, role, SPAN_LIT(""), NULL, 0,
		     &err);
	return err.code;
}

static void test_a_role_is_for_those_it_trusts(void)
{
	struct principal nobody = PRINCIPAL_ANONYMOUS_INIT;
	struct err err = ERR_INIT;

	authz_fixture_open();
	struct principal user = authz_fixture_alice();
	struct principal role = authz_fixture_add(META_ROLE, "deploy");
	struct principal admin = authz_fixture_add(META_USER, "root");
	authz_fixture_give(admin.id, "administrator", NULL);
	CHECK(assume(&user, role.id) == ERR_DENIED);
	CHECK(assume(&admin, role.id) == ERR_DENIED);

	trust(role.id, GRANT(USER("alice"), "sts:AssumeRole"));
	CHECK(assume(&user, role.id) == ERR_NONE);
	CHECK(assume(&admin, role.id) == ERR_DENIED);
	CHECK(assume(&nobody, role.id) == ERR_UNAUTHENTICATED);
	CHECK(assume(&user, user.id) == ERR_DENIED);
	CHECK(assume(&user, 999) == ERR_DENIED);

	/* The account as a whole: its policies must allow it. */
	trust(role.id, GRANT(AWS("000000000000"), "sts:AssumeRole"));
	CHECK(assume(&user, role.id) == ERR_DENIED);
	CHECK(assume(&admin, role.id) == ERR_NONE);
	authz_fixture_give(user.id, "assume",
			   STATEMENT("Allow", "sts:AssumeRole",
				     "arn:aws:iam::000000000000:role/dep*"));
	CHECK(assume(&user, role.id) == ERR_NONE);

	/* What denies, denies here, too. */
	trust(role.id, GRANT(USER("alice"), "sts:AssumeRole"));
	authz_fixture_give(user.id, "never", DENY("sts:*"));
	CHECK(assume(&user, role.id) == ERR_DENIED);
	authz_fixture_take(user.id, "never");
	CHECK(ceiling_new(SPAN_LIT("repository:a:pull"), false, SPAN_LIT(""),
			  &user.ceiling, &err) == 0);
	CHECK(assume(&user, role.id) == ERR_DENIED);
	principal_release(&user);
	authz_fixture_close();
}

static void test_a_role_trusts_an_issuer(void)
{
	struct principal nobody = PRINCIPAL_ANONYMOUS_INIT;
	struct policy_key keys[] = {
		{SPAN_LIT("id.example:sub"), SPAN_LIT("repo:me/app")},
		{SPAN_LIT("id.example:aud"), SPAN_LIT("berth")}};
	struct authz_question question = authz_fixture_about(
		&nobody, ACTION_ASSUME_ROLE_WEB_IDENTITY, "");

	authz_fixture_open();
	struct principal role = authz_fixture_add(META_ROLE, "deploy");
	trust(role.id, "{'Effect':'Allow','Principal':{'Federated':"
		       "'https://id.example'},'Action':"
		       "'sts:AssumeRoleWithWebIdentity','Condition':{"
		       "'StringEquals':{'id.example:aud':'berth'},"
		       "'StringLike':{'id.example:sub':'repo:me/*'}}}");
	struct err err = ERR_INIT;
	CHECK(authz_assume(authz_fixture, &question, role.id,
			   SPAN_LIT("https://id.example"), keys, 2, &err) == 0);
	CHECK(authz_assume(authz_fixture, &question, role.id,
			   SPAN_LIT("https://id.example"), keys, 1,
			   &err) == -1);
	err_clear(&err);
	CHECK(authz_assume(authz_fixture, &question, role.id,
			   SPAN_LIT("https://evil.example"), keys, 2,
			   &err) == -1);
	err_clear(&err);
	keys[0].value = SPAN_LIT("repo:you/app");
	CHECK(authz_assume(authz_fixture, &question, role.id,
			   SPAN_LIT("https://id.example"), keys, 2,
			   &err) == -1);
	authz_fixture_close();
}

/* ---- together ---- */

#define CHANGES 40

static struct principal shared;
static atomic_int round_begun; /* even: may pull, odd: may not */
static atomic_bool over;
static atomic_int wrong;

/* What a whole question saw must be what held at some time during it. */
static void *keep_asking(void *context)
{
	(void)context;
	while (!atomic_load(&over)) {
		int before = atomic_load(&round_begun);
		int got = authz_fixture_quick(&shared, "a");

		if (got == 0)
			got = authz_fixture_pull(&shared, "a") == ERR_NONE ? 1
									   : -1;
		int after = atomic_load(&round_begun);
		bool steady = before == after && before >= 0;
		if (steady && got != (before % 2 == 0 ? 1 : -1))
			atomic_fetch_add(&wrong, 1);
	}
	return NULL;
}

static void test_nobody_sees_what_was_before_a_change(void)
{
	pthread_t threads[3];

	authz_fixture_open();
	shared = authz_fixture_alice();
	atomic_store(&round_begun, -1);
	for (size_t i = 0; i < 3; i++)
		CHECK(pthread_create(&threads[i], NULL, keep_asking, NULL) ==
		      0);
	for (int i = 0; i < CHANGES; i++) {
		atomic_store(&round_begun, -1 - i);
		if (i % 2 == 0)
			authz_fixture_give(shared.id, "pull-only", NULL);
		else
			authz_fixture_take(shared.id, "pull-only");
		atomic_store(&round_begun, i);
		for (int k = 0; k < 50; k++)
			if (authz_fixture_pull(&shared, "a") !=
			    (i % 2 == 0 ? ERR_NONE : ERR_DENIED))
				atomic_fetch_add(&wrong, 1);
	}
	atomic_store(&over, true);
	for (size_t i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	CHECK(atomic_load(&wrong) == 0);
	authz_fixture_close();
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(test_tells_a_decision_in_words),
		CHECK_CASE(test_a_role_is_for_those_it_trusts),
		CHECK_CASE(test_a_role_trusts_an_issuer),
		CHECK_CASE(test_nobody_sees_what_was_before_a_change),
	};

	return CHECK_RUN(argc, argv, cases);
}
