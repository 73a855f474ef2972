/* SPDX-License-Identifier: Apache-2.0 */
/* Without memory nothing is allowed, nothing leaks, and nothing is kept. */
#include "auth/policy.h"

#include "base/err.h"
#include "tests/lib/authz_fixture.h"
#include "tests/lib/fault.h"

#define DOCUMENT                                                               \
	"{'Sid':'s','Effect':'Allow','Action':['ecr:*','iam:*'],'Resource':"   \
	"['arn:${aws:username}','arn:*'],'Condition':{'StringLike':{"          \
	"'aws:UserAgent':['a*','${aws:userid}']}}}"

static void test_reading_without_memory_fails_and_leaks_nothing(void)
{
	struct fault_sweep sweep = FAULT_SWEEP(FAULT_MEMORY);
	struct buf text = BUF_INIT(4096);

	policy_fixture_document(DOCUMENT, &text);
	while (fault_next(&sweep)) {
		struct policy *policy = NULL;
		struct err err = ERR_INIT;

		fault_on(&sweep);
		int rc = policy_parse(POLICY_IDENTITY, buf_span(&text), &policy,
				      &err);
		fault_off(&sweep);
		CHECK((rc == 0) == !sweep.fired);
		CHECK((rc == 0) == (policy != NULL));
		CHECK(rc == 0 || err.code == ERR_NO_MEMORY);
		policy_unref(policy);
	}
	CHECK(sweep.round >= 5);
	buf_release(&text);
}

static enum policy_effect decide(const struct policy *policy,
				 const struct policy_case *row)
{
	struct policy_source source = {.policy = policy};
	struct policy_set set = {.identity = &source, .identity_count = 1};

	return policy_decide(&set, policy_fixture_question(row), NULL);
}

/* A denial whose variable cannot be filled in must not fall silent. */
static void test_a_decision_without_memory_allows_nothing(void)
{
	static const struct policy_case row = {
		.keys = "~aws:username=alice;~a:k=alice"};
	struct fault_sweep sweep = FAULT_SWEEP(FAULT_MEMORY);
	struct policy *denies = policy_fixture_parse(
		POLICY_IDENTITY,
		ALLOW("*") ",{'Effect':'Deny','Action':'*','Resource':'*',"
			   "'Condition':{'StringEquals':{'a:k':"
			   "'${aws:username}'}}}");
	struct policy *allows = policy_fixture_parse(
		POLICY_IDENTITY,
		"{'Effect':'Allow','Action':'*','Resource':'*','Condition':{"
		"'StringNotEquals':{'a:k':'${aws:username}x'}}}");

	while (fault_next(&sweep)) {
		fault_on(&sweep);
		enum policy_effect denied = decide(denies, &row);
		enum policy_effect allowed = decide(allows, &row);
		fault_off(&sweep);
		CHECK(denied != POLICY_ALLOW);
		CHECK(allowed == POLICY_ALLOW || sweep.fired);
		CHECK(decide(denies, &row) == POLICY_EXPLICIT_DENY);
		CHECK(decide(allows, &row) == POLICY_ALLOW);
	}
	CHECK(sweep.round >= 4);
	policy_unref(denies);
	policy_unref(allows);
}

/* Without the decorator below the database, which needs its memory. */
static void open_plainly(void)
{
	struct authz_config config = {.meta = meta_fixture_open(),
				      .clock = &meta_fixture_clock,
				      .scope = meta_fixture_scope};
	struct err err = ERR_INIT;

	authz_fixture_meta = config.meta;
	CHECK(authz_new(&config, &authz_fixture, &err) == 0);
}

static void test_what_was_decided_without_memory_is_not_kept(void)
{
	struct fault_sweep sweep = FAULT_SWEEP(FAULT_MEMORY);

	open_plainly();
	struct principal user = authz_fixture_alice();
	authz_fixture_give(user.id, "own", ALLOW("ecr:Batch*"));
	while (fault_next(&sweep)) {
		authz_forget(authz_fixture);
		fault_on(&sweep);
		enum err_code pulled = authz_fixture_pull(&user, "a");
		enum err_code pushed =
			authz_fixture_check(&user, ACTION_PUT_IMAGE, "a");
		fault_off(&sweep);
		CHECK(pulled == ERR_NONE || sweep.fired);
		CHECK(pushed != ERR_NONE);
		CHECK(authz_fixture_pull(&user, "a") == ERR_NONE);
		CHECK(authz_fixture_check(&user, ACTION_PUT_IMAGE, "a") ==
		      ERR_DENIED);
	}
	CHECK(sweep.round >= 10);
	authz_fixture_close();
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(test_reading_without_memory_fails_and_leaks_nothing),
		CHECK_CASE(test_a_decision_without_memory_allows_nothing),
		CHECK_CASE(test_what_was_decided_without_memory_is_not_kept),
	};

	fault_wrap_libraries();
	return CHECK_RUN(argc, argv, cases);
}
