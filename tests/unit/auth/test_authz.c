/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/authz.h"

#include <stdio.h>
#include <string.h>

#include "auth/scope.h"
#include "base/err.h"
#include "storage/meta_groups.h"
#include "storage/meta_policies.h"
#include "tests/lib/authz_fixture.h"
#include "tests/lib/sql_faulty.h"

#define ACCOUNT "000000000000"

static void test_who_has_no_policy_may_nothing(void)
{
	struct authz_question question;
	struct err err = ERR_INIT;

	authz_fixture_open();
	struct principal user = authz_fixture_alice();
	question = authz_fixture_about(&user, ACTION_PUT_IMAGE, "team/app");
	CHECK(authz_check(authz_fixture, &question, &err) == -1);
	CHECK(err.code == ERR_DENIED);
	CHECK_TEXT(err.tell,
		   "User: arn:aws:iam::000000000000:user/alice is not "
		   "authorized to perform: ecr:PutImage on resource: "
		   "arn:aws:ecr:local:000000000000:repository/team/app");
	for (int i = ACTION_BY_HANDLER + 1; i < ACTION_COUNT; i++)
		CHECK(authz_fixture_check(&user, (enum action)i, "a") ==
		      ERR_DENIED);
	/* But for a listing, in which he sees nothing. */
	CHECK(authz_fixture_check(&user, ACTION_DESCRIBE_REPOSITORIES, "") ==
	      ERR_NONE);
	authz_fixture_close();
}

static void test_an_administrator_may_everything(void)
{
	authz_fixture_open();
	struct principal user = authz_fixture_alice();
	authz_fixture_give(user.id, "administrator", NULL);
	for (int i = ACTION_PUBLIC; i < ACTION_COUNT; i++)
		CHECK(authz_fixture_check(&user, (enum action)i, "a") ==
		      ERR_NONE);
	CHECK(authz_fixture_check(&user, ACTION_UNSET, "a") == ERR_DENIED);
	authz_fixture_close();
}

static void test_the_answer_says_what_would_help(void)
{
	struct principal nobody = PRINCIPAL_ANONYMOUS_INIT;

	authz_fixture_open();
	struct principal user = authz_fixture_alice();
	CHECK(authz_fixture_pull(&nobody, "a") == ERR_UNAUTHENTICATED);
	CHECK(authz_fixture_pull(&user, "a") == ERR_DENIED);
	user.credential = CREDENTIAL_BEARER;
	CHECK(authz_fixture_pull(&user, "a") == ERR_SCOPE);
	nobody.credential = CREDENTIAL_BEARER;
	CHECK(authz_fixture_pull(&nobody, "a") == ERR_SCOPE);
	user.kind = PRINCIPAL_NONE;
	user.credential = CREDENTIAL_NONE;
	CHECK(authz_fixture_pull(&user, "a") == ERR_UNAUTHENTICATED);
	authz_fixture_close();
}

/* What is known needs no waiting, what was forgotten does. */
static void test_decisions_are_kept_until_forgotten(void)
{
	authz_fixture_open();
	struct principal user = authz_fixture_alice();
	struct principal bob = authz_fixture_add(META_USER, "bob");
	CHECK(authz_fixture_quick(&user, "a") == 0);
	CHECK(authz_fixture_pull(&user, "a") == ERR_DENIED);
	CHECK(authz_fixture_quick(&user, "a") == -1);
	CHECK(authz_fixture_quick(&user, "b") == -1);
	CHECK(authz_fixture_quick(&bob, "a") == 0);
	authz_fixture_give(user.id, "pull-only", NULL);
	CHECK(authz_fixture_quick(&user, "a") == 0);
	CHECK(authz_fixture_pull(&user, "a") == ERR_NONE);
	CHECK(authz_fixture_quick(&user, "a") == 1);
	CHECK(authz_fixture_quick(&bob, "a") == 0);
	CHECK(authz_fixture_pull(&bob, "a") == ERR_DENIED);
	authz_fixture_take(user.id, "pull-only");
	CHECK(authz_fixture_quick(&user, "a") == 0);
	CHECK(authz_fixture_pull(&user, "a") == ERR_DENIED);

	/* Where a repository has a policy, each must be looked at. */
	authz_fixture_repository("b", GRANT(USER("alice"), "ecr:*"));
	CHECK(authz_fixture_pull(&user, "a") == ERR_DENIED);
	CHECK(authz_fixture_quick(&user, "b") == 0);
	CHECK(authz_fixture_pull(&user, "b") == ERR_NONE);
	CHECK(authz_fixture_quick(&user, "b") == 1);
	authz_fixture_close();
}

/* Without the database: what is kept is found, what is not is no permission. */
static void test_a_database_that_is_away_allows_nothing(void)
{
	authz_fixture_open();
	struct principal user = authz_fixture_alice();
	authz_fixture_give(user.id, "pull-only", NULL);
	CHECK(authz_fixture_pull(&user, "a") == ERR_NONE);
	sql_faulty_code(authz_fixture_sql, ERR_UNAVAILABLE, false);
	sql_faulty_arm(authz_fixture_sql, SQL_FAULTY_STEP | SQL_FAULTY_PREPARE,
		       0, 1000);
	CHECK(authz_fixture_pull(&user, "a") == ERR_NONE);
	CHECK(authz_fixture_pull(&user, "b") == ERR_NONE);
	authz_forget(authz_fixture);
	CHECK(authz_fixture_pull(&user, "a") == ERR_UNAVAILABLE);
	CHECK(authz_fixture_quick(&user, "a") == 0);
	CHECK(sql_faulty_disarm(authz_fixture_sql));
	CHECK(authz_fixture_pull(&user, "b") == ERR_NONE);
	authz_fixture_close();
}

struct change {
	int64_t id;	  /* of a principal */
	const char *name; /* of a group */
	const char *text; /* a pattern */
};

static int group_work(struct meta_tx *tx, void *context, struct err *err)
{
	struct change *change = context;
	struct meta_group group = {.account = ACCOUNT};
	struct meta_holder holder = {.kind = META_HOLDER_GROUP};

	snprintf(group.name, sizeof(group.name), "%s", change->name);
	if (meta_group_insert(tx, &group, &holder.id, err) < 0 ||
	    meta_group_add(tx, holder.id, change->id, err) < 0 ||
	    meta_policy_attach(tx, holder, SPAN_LIT(ACCOUNT),
			       SPAN_LIT("push-pull"), span_of(change->text),
			       err) < 0)
		return -1;
	return 0;
}

static void test_groups_bring_their_policies(void)
{
	authz_fixture_open();
	struct principal user = authz_fixture_alice();
	struct change change = {
		.id = user.id, .name = "developers", .text = "team/*"};
	meta_fixture_write(authz_fixture_meta, group_work, &change);
	CHECK(authz_fixture_pull(&user, "team/app") == ERR_NONE);
	CHECK(authz_fixture_check(&user, ACTION_PUT_IMAGE, "team/app") ==
	      ERR_NONE);
	CHECK(authz_fixture_check(&user, ACTION_CREATE_REPOSITORY, "team/x") ==
	      ERR_NONE);
	CHECK(authz_fixture_check(&user, ACTION_BATCH_DELETE_IMAGE,
				  "team/app") == ERR_DENIED);
	CHECK(authz_fixture_pull(&user, "teams") == ERR_DENIED);
	CHECK(authz_fixture_check(&user, ACTION_GET_AUTHORIZATION_TOKEN, "") ==
	      ERR_NONE);
	authz_fixture_close();
}

static void test_policies_of_repositories_and_the_registry(void)
{
	struct principal nobody = PRINCIPAL_ANONYMOUS_INIT;

	authz_fixture_open();
	struct principal user = authz_fixture_alice();
	authz_fixture_repository("open", GRANT("'*'", "ecr:BatchGetImage"));
	authz_fixture_repository("alice", GRANT(USER("alice"), "ecr:*"));
	CHECK(authz_fixture_pull(&nobody, "open") == ERR_NONE);
	CHECK(authz_fixture_check(&nobody, ACTION_PUT_IMAGE, "open") ==
	      ERR_UNAUTHENTICATED);
	CHECK(authz_fixture_pull(&nobody, "alice") == ERR_UNAUTHENTICATED);
	CHECK(authz_fixture_pull(&nobody, "absent") == ERR_UNAUTHENTICATED);
	CHECK(authz_fixture_pull(&user, "alice") == ERR_NONE);
	CHECK(authz_fixture_check(&user, ACTION_PUT_IMAGE, "alice") ==
	      ERR_NONE);
	authz_fixture_registry("{'Effect':'Deny','Principal':'*','Action':"
			       "'ecr:PutImage','Resource':'*'}");
	CHECK(authz_fixture_check(&user, ACTION_PUT_IMAGE, "alice") ==
	      ERR_DENIED);
	authz_fixture_repository("open", NULL);
	CHECK(authz_fixture_pull(&nobody, "open") == ERR_UNAUTHENTICATED);
	authz_fixture_close();
}

static void test_conditions_are_asked_each_time(void)
{
	struct principal nobody = PRINCIPAL_ANONYMOUS_INIT;
	struct authz_question question;

	char agent[1001] = "docker/";

	memset(agent + 7, 'x', sizeof(agent) - 8);
	authz_fixture_open();
	authz_fixture_repository(
		"home", "{'Effect':'Allow','Principal':'*','Action':'ecr:*',"
			"'Condition':{'IpAddress':{'aws:SourceIp':"
			"'10.0.0.0/8'},'Bool':{'aws:SecureTransport':'true'},"
			"'StringLike':{'aws:UserAgent':'docker/*'},"
			"'DateLessThan':{'aws:CurrentTime':'2030-01-01'},"
			"'NumericLessThan':{'aws:EpochTime':'1893456000'}}}");
	meta_fixture_ms = 1893456000000 - 1;
	for (int i = 0; i < 2; i++) {
		struct err err = ERR_INIT;

		question = authz_fixture_about(&nobody, ACTION_BATCH_GET_IMAGE,
					       "home");
		question.source = SPAN_LIT("10.1.2.3");
		question.user_agent = SPAN_LIT("docker/27");
		question.secure = true;
		CHECK(authz_check(authz_fixture, &question, &err) == 0);
		CHECK(authz_quick(authz_fixture, &question, &err) == 1);
		question.source = SPAN_LIT("11.1.2.3");
		CHECK(authz_check(authz_fixture, &question, &err) == -1);
		err_clear(&err);
		question.source = SPAN_LIT("10.1.2.3");
		question.secure = false;
		CHECK(authz_check(authz_fixture, &question, &err) == -1);
		err_clear(&err);
		question.secure = true;
		question.user_agent = SPAN_LIT("");
		CHECK(authz_check(authz_fixture, &question, &err) == -1);
	}
	struct err err = ERR_INIT;
	question.user_agent = SPAN_LIT("docker/27");
	CHECK(authz_quick(authz_fixture, &question, &err) == 1);
	/* A long pattern match is nothing for an event loop. */
	question.user_agent = span_of(agent);
	CHECK(authz_quick(authz_fixture, &question, &err) == 0);
	CHECK(authz_check(authz_fixture, &question, &err) == 0);
	meta_fixture_ms = 1893456000000;
	CHECK(authz_check(authz_fixture, &question, &err) == -1);
	authz_fixture_close();
}

static void test_a_credential_has_its_ceiling(void)
{
	struct err err = ERR_INIT;

	authz_fixture_open();
	struct principal user = authz_fixture_alice();
	authz_fixture_give(user.id, "administrator", NULL);
	CHECK(ceiling_new(SPAN_LIT("repository:a:pull"), false, SPAN_LIT(""),
			  &user.ceiling, &err) == 0);
	CHECK(authz_fixture_pull(&user, "a") == ERR_NONE);
	CHECK(authz_fixture_pull(&user, "b") == ERR_DENIED);
	CHECK(authz_fixture_pull(&user, "a/b") == ERR_DENIED);
	CHECK(authz_fixture_check(&user, ACTION_PUT_IMAGE, "a") == ERR_DENIED);
	CHECK(authz_fixture_check(&user, ACTION_CREATE_USER, "") == ERR_DENIED);
	CHECK(authz_fixture_check(&user, ACTION_LOGIN, "") == ERR_NONE);
	user.credential = CREDENTIAL_BEARER;
	CHECK(authz_fixture_pull(&user, "b") == ERR_SCOPE);

	/* What it covers is kept apart from what others cover. */
	struct principal wider = user;
	CHECK(ceiling_new(SPAN_LIT("repository:b:pull"), false, SPAN_LIT(""),
			  &wider.ceiling, &err) == 0);
	CHECK(authz_fixture_pull(&wider, "b") == ERR_NONE);
	CHECK(authz_fixture_pull(&wider, "a") == ERR_SCOPE);
	CHECK(authz_fixture_quick(&user, "b") == -1);
	principal_release(&wider);
	principal_release(&user);
	authz_fixture_close();
}

static void test_a_session_has_its_policy(void)
{
	struct buf text = BUF_INIT(4096);
	struct err err = ERR_INIT;

	authz_fixture_open();
	struct principal role = authz_fixture_add(META_ROLE, "deploy");
	authz_fixture_give(role.id, "power-user", NULL);
	CHECK(authz_fixture_check(&role, ACTION_PUT_IMAGE, "a") == ERR_NONE);
	struct principal limited = role;
	policy_fixture_document(ALLOW("ecr:BatchGet*"), &text);
	CHECK(ceiling_new_policy(buf_span(&text), &limited.ceiling, &err) == 0);
	CHECK(authz_fixture_pull(&limited, "a") == ERR_NONE);
	CHECK(authz_fixture_check(&limited, ACTION_PUT_IMAGE, "a") ==
	      ERR_DENIED);
	CHECK(authz_fixture_check(&role, ACTION_PUT_IMAGE, "a") == ERR_NONE);
	principal_release(&limited);

	/* Sessions of one role are told apart. */
	authz_fixture_repository(
		"mine", REFUSE(AWS("arn:aws:sts::000000000000:assumed-role/"
				   "deploy/session"),
			       "ecr:*"));
	CHECK(authz_fixture_pull(&role, "mine") == ERR_DENIED);
	struct principal other = role;
	snprintf(other.name, sizeof(other.name), "deploy/other");
	CHECK(authz_fixture_pull(&other, "mine") == ERR_NONE);
	CHECK(authz_fixture_quick(&role, "mine") == -1);

	CHECK(ceiling_new_policy(SPAN_LIT("{}"), &limited.ceiling, &err) == 0);
	CHECK(authz_fixture_pull(&limited, "a") == ERR_DENIED);
	principal_release(&limited);
	buf_release(&text);
	authz_fixture_close();
}

static void test_the_configuration_may_let_anybody(void)
{
	static const struct {
		enum anonymous_access access;
		enum err_code login, pull, catalog, push, remove, admin;
	} rows[] = {
		{ANONYMOUS_NONE, ERR_UNAUTHENTICATED, ERR_UNAUTHENTICATED,
		 ERR_UNAUTHENTICATED, ERR_UNAUTHENTICATED, ERR_UNAUTHENTICATED,
		 ERR_UNAUTHENTICATED},
		{ANONYMOUS_PULL, ERR_NONE, ERR_NONE, ERR_NONE,
		 ERR_UNAUTHENTICATED, ERR_UNAUTHENTICATED, ERR_UNAUTHENTICATED},
		{ANONYMOUS_FULL, ERR_NONE, ERR_NONE, ERR_NONE, ERR_NONE,
		 ERR_NONE, ERR_UNAUTHENTICATED},
	};
	struct principal nobody = PRINCIPAL_ANONYMOUS_INIT;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		authz_fixture_open_with(rows[i].access);
		CHECK(authz_fixture_check(&nobody, ACTION_LOGIN, "") ==
		      rows[i].login);
		CHECK(authz_fixture_pull(&nobody, "a") == rows[i].pull);
		CHECK(authz_fixture_check(&nobody, ACTION_DESCRIBE_REPOSITORIES,
					  "") == rows[i].catalog);
		CHECK(authz_fixture_check(&nobody, ACTION_PUT_IMAGE, "a") ==
		      rows[i].push);
		CHECK(authz_fixture_check(&nobody, ACTION_BATCH_DELETE_IMAGE,
					  "a") == rows[i].remove);
		CHECK(authz_fixture_check(&nobody, ACTION_DELETE_REPOSITORY,
					  "a") == rows[i].admin);
		CHECK(authz_fixture_check(&nobody, ACTION_CREATE_USER, "") ==
		      rows[i].admin);
		/* It holds for everybody. */
		struct principal user = authz_fixture_alice();
		CHECK((authz_fixture_pull(&user, "a") == ERR_NONE) ==
		      (rows[i].pull == ERR_NONE));
		authz_fixture_close();
	}
}

static void test_metrics_are_for_those_near_and_those_allowed(void)
{
	struct principal nobody = PRINCIPAL_ANONYMOUS_INIT;

	authz_fixture_open();
	struct principal user = authz_fixture_alice();
	CHECK(authz_fixture_check(&nobody, ACTION_READ_METRICS, "") ==
	      ERR_UNAUTHENTICATED);
	nobody.local = true;
	CHECK(authz_fixture_check(&nobody, ACTION_READ_METRICS, "") ==
	      ERR_NONE);
	CHECK(authz_fixture_check(&user, ACTION_READ_METRICS, "") ==
	      ERR_DENIED);
	authz_fixture_give(user.id, "watch", ALLOW("berth:ReadMetrics"));
	CHECK(authz_fixture_check(&user, ACTION_READ_METRICS, "") == ERR_NONE);
	authz_fixture_close();
}

static void test_only_a_user_changes_himself(void)
{
	struct principal nobody = PRINCIPAL_ANONYMOUS_INIT;
	struct err err = ERR_INIT;

	authz_fixture_open();
	struct principal user = authz_fixture_alice();
	struct principal robot = authz_fixture_add(META_ROBOT, "robot");
	struct principal role = authz_fixture_add(META_ROLE, "role");
	CHECK(authz_fixture_check(&nobody, ACTION_SELF, "") ==
	      ERR_UNAUTHENTICATED);
	CHECK(authz_fixture_check(&robot, ACTION_SELF, "") == ERR_DENIED);
	CHECK(authz_fixture_check(&role, ACTION_SELF, "") == ERR_DENIED);
	CHECK(authz_fixture_check(&user, ACTION_SELF, "") == ERR_NONE);
	CHECK(authz_fixture_check(&robot, ACTION_LOGIN, "") == ERR_NONE);
	user.credential = CREDENTIAL_SESSION;
	CHECK(authz_fixture_check(&user, ACTION_SELF, "") == ERR_DENIED);
	user.credential = CREDENTIAL_API_TOKEN;
	CHECK(ceiling_new(SPAN_LIT("repository:a:pull"), false, SPAN_LIT(""),
			  &user.ceiling, &err) == 0);
	CHECK(authz_fixture_check(&user, ACTION_SELF, "") == ERR_DENIED);
	principal_release(&user);
	authz_fixture_close();
}

static void test_actions_about_somebody_name_him(void)
{
	struct err err = ERR_INIT;

	authz_fixture_open();
	struct principal user = authz_fixture_alice();
	authz_fixture_give(user.id, "helpdesk",
			   STATEMENT("Allow", "iam:*",
				     "arn:aws:iam::000000000000:user/dev-*"));
	struct authz_question question =
		authz_fixture_about(&user, ACTION_UPDATE_USER, "");
	question.target = SPAN_LIT("dev-bob");
	CHECK(authz_check(authz_fixture, &question, &err) == 0);
	question.target = SPAN_LIT("admin");
	CHECK(authz_check(authz_fixture, &question, &err) == -1);
	err_clear(&err);
	question.target = SPAN_LIT("");
	CHECK(authz_check(authz_fixture, &question, &err) == -1);
	err_clear(&err);
	question = authz_fixture_about(&user, ACTION_DELETE_ROBOT, "");
	question.target = SPAN_LIT("dev-bob");
	CHECK(authz_check(authz_fixture, &question, &err) == -1);
	CHECK(strstr(err.tell, "arn:aws:iam::000000000000:robot/dev-bob"));
	authz_fixture_close();
}

static void test_what_is_damaged_allows_nothing(void)
{
	authz_fixture_open();
	struct principal user = authz_fixture_alice();
	authz_fixture_give(user.id, "administrator", NULL);
	struct principal bob = authz_fixture_add(META_USER, "bob");
	authz_fixture_give(bob.id, "administrator", NULL);

	/* A policy of his own. */
	authz_fixture_give(user.id, "broken", "raw:[]");
	CHECK(authz_fixture_pull(&user, "a") == ERR_DENIED);
	CHECK(authz_fixture_check(&user, ACTION_PUT_POLICY, "") == ERR_DENIED);
	CHECK(authz_fixture_pull(&bob, "a") == ERR_NONE);

	/* A repository's: who may, can set it anew. */
	authz_fixture_repository("a", "raw:{");
	CHECK(authz_fixture_pull(&bob, "a") == ERR_DENIED);
	CHECK(authz_fixture_pull(&bob, "b") == ERR_NONE);
	CHECK(authz_fixture_check(&bob, ACTION_SET_REPOSITORY_POLICY, "a") ==
	      ERR_NONE);
	CHECK(authz_fixture_check(&bob, ACTION_DELETE_REPOSITORY_POLICY, "a") ==
	      ERR_NONE);
	CHECK(authz_fixture_check(&bob, ACTION_PUT_IMAGE, "a") == ERR_DENIED);

	/* The registry's. */
	authz_fixture_registry("raw:{");
	CHECK(authz_fixture_pull(&bob, "b") == ERR_DENIED);
	CHECK(authz_fixture_check(&bob, ACTION_PUT_REGISTRY_POLICY, "") ==
	      ERR_NONE);
	authz_fixture_close();
}

#define DOCUMENT(effect, action, more)                                         \
	"{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"" effect     \
	"\",\"Principal\":\"*\",\"Action\":\"" action "\"" more "}]}"

static enum err_code suppose(const struct principal *who, const char *name,
			     const char *document)
{
	enum action action = name[0] != '\0' ? ACTION_SET_REPOSITORY_POLICY
					     : ACTION_PUT_REGISTRY_POLICY;
	struct authz_question question = authz_fixture_about(who, action, name);
	struct err err = ERR_INIT;
	int rc = authz_suppose(authz_fixture, &question, span_of(document),
			       &err);

	CHECK((rc == 0) == (err.code == ERR_NONE));
	return err.code;
}

/* Who sets a policy can be told whether he could set another one after it. */
static void test_a_policy_can_be_supposed(void)
{
	authz_fixture_open();
	struct principal user = authz_fixture_alice();
	struct principal bob = authz_fixture_add(META_USER, "bob");
	authz_fixture_give(user.id, "administrator", NULL);
	CHECK(suppose(&user, "a", DOCUMENT("Allow", "ecr:PutImage", "")) ==
	      ERR_NONE);
	CHECK(suppose(&user, "a", DOCUMENT("Deny", "ecr:PutImage", "")) ==
	      ERR_NONE);
	CHECK(suppose(&user, "a", DOCUMENT("Deny", "ecr:*", "")) == ERR_DENIED);
	CHECK(suppose(&user, "a", "{") == ERR_INVALID);
	CHECK(suppose(&bob, "a", DOCUMENT("Allow", "ecr:PutImage", "")) ==
	      ERR_DENIED);
	CHECK(suppose(&bob, "a", DOCUMENT("Allow", "ecr:*", "")) == ERR_NONE);
	CHECK(suppose(&user, "",
		      DOCUMENT("Deny", "ecr:*", ",\"Resource\":\"*\"")) ==
	      ERR_DENIED);
	CHECK(suppose(&user, "",
		      DOCUMENT("Deny", "ecr:PutImage",
			       ",\"Resource\":\"*\"")) == ERR_NONE);
	/* What is stored decides as before. */
	CHECK(authz_fixture_check(&user, ACTION_SET_REPOSITORY_POLICY, "a") ==
	      ERR_NONE);
	CHECK(authz_fixture_check(&bob, ACTION_SET_REPOSITORY_POLICY, "a") ==
	      ERR_DENIED);
	authz_fixture_close();
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(test_who_has_no_policy_may_nothing),
		CHECK_CASE(test_an_administrator_may_everything),
		CHECK_CASE(test_the_answer_says_what_would_help),
		CHECK_CASE(test_decisions_are_kept_until_forgotten),
		CHECK_CASE(test_a_database_that_is_away_allows_nothing),
		CHECK_CASE(test_groups_bring_their_policies),
		CHECK_CASE(test_policies_of_repositories_and_the_registry),
		CHECK_CASE(test_conditions_are_asked_each_time),
		CHECK_CASE(test_a_credential_has_its_ceiling),
		CHECK_CASE(test_a_session_has_its_policy),
		CHECK_CASE(test_the_configuration_may_let_anybody),
		CHECK_CASE(test_metrics_are_for_those_near_and_those_allowed),
		CHECK_CASE(test_only_a_user_changes_himself),
		CHECK_CASE(test_actions_about_somebody_name_him),
		CHECK_CASE(test_a_policy_can_be_supposed),
		CHECK_CASE(test_what_is_damaged_allows_nothing),
	};

	return CHECK_RUN(argc, argv, cases);
}
