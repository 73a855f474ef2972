/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/assume.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "auth/authz.h"
#include "auth/policy.h"
#include "auth/scope.h"
#include "auth/seal.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "storage/meta_principals.h"
#include "tests/lib/meta_fixture.h"
#include "tests/lib/sql_fixture.h"
#include "tests/lib/tmpdir.h"

#define ACCOUNT "000000000000"
#define ARN "arn:aws:iam::" ACCOUNT ":role/deploy"
#define EVE "arn:aws:iam::" ACCOUNT ":user/eve"
#define HOUR_MS INT64_C(3600000)

#define TRUST_EVE                                                              \
	"{\"Version\":\"2012-10-17\",\"Statement\":{\"Effect\":\"Allow\","     \
	"\"Principal\":{\"AWS\":\"" EVE "\"},\"Action\":\"sts:AssumeRole\","   \
	"\"Condition\":{\"StringLike\":{\"sts:RoleSessionName\":\"ci-*\"}}}}"
#define TRUST_ISSUER                                                           \
	"{\"Version\":\"2012-10-17\",\"Statement\":{\"Effect\":\"Allow\","     \
	"\"Principal\":{\"Federated\":\"arn:aws:iam::" ACCOUNT                 \
	":oidc-provider/id.example/a\"},"                                      \
	"\"Action\":\"sts:AssumeRoleWithWebIdentity\","                        \
	"\"Condition\":{\"StringEquals\":{\"id.example/a:sub\":\"x\"}}}}"

static struct meta *meta;
static struct seal *seal;
static struct authz *authz;
static struct principal eve = {.kind = PRINCIPAL_USER,
			       .credential = CREDENTIAL_ACCESS_KEY,
			       .account = ACCOUNT,
			       .name = "eve"};
static struct meta_principal role;

static int insert_role(struct meta_tx *tx, const char *name, const char *trust,
		       struct err *err)
{
	struct meta_principal row = {
		.kind = META_ROLE, .account = ACCOUNT, .session_max_s = 7200};

	snprintf(row.name, sizeof(row.name), "%s", name);
	if (meta_principal_insert(tx, &row, &row.id, err) < 0)
		return -1;
	if (strcmp(name, "deploy") == 0)
		role = row;
	return meta_role_set_trust(tx, row.id, span_of(trust), err);
}

static int insert(struct meta_tx *tx, void *context, struct err *err)
{
	struct meta_principal user = {
		.kind = META_USER, .account = ACCOUNT, .name = "eve"};

	(void)context;
	if (meta_principal_insert(tx, &user, &eve.id, err) < 0 ||
	    insert_role(tx, "deploy", TRUST_EVE, err) < 0 ||
	    insert_role(tx, "web", TRUST_ISSUER, err) < 0)
		return -1;
	return insert_role(tx, "nobody", "", err);
}

static void open_all(void)
{
	struct authz_config config = {.clock = &meta_fixture_clock,
				      .scope = meta_fixture_scope};
	char dir[TMPDIR_SIZE];
	struct err err = ERR_INIT;

	atomic_store(&meta_fixture_ms, INT64_C(1700000000000));
	meta = meta_fixture_open();
	config.meta = meta;
	CHECK(authz_new(&config, &authz, &err) == 0);
	tmpdir_make(dir);
	int fd = open(dir, O_RDONLY | O_DIRECTORY);
	CHECK(fd >= 0 && seal_open(fd, "server.key", &seal, &err) == 0);
	close(fd);
	meta_fixture_write(meta, insert, NULL);
}

static void close_all(void)
{
	authz_free(authz);
	seal_free(seal);
	meta_close(meta);
}

/* What is asked for unless a test changes it. */
struct asked {
	struct assume_wish wish;
	struct principal who;
	enum action action;
	const char *name; /* of the session */
};

static struct asked usual(void)
{
	return (struct asked){.wish = {.role = SPAN_LIT(ARN)},
			      .who = eve,
			      .action = ACTION_ASSUME_ROLE,
			      .name = "ci-7"};
}

static char told[ERR_TEXT_SIZE];

static enum err_code assume(struct asked asked, struct assumed *ret_assumed,
			    struct buf *token)
{
	struct assume_parts parts = {.meta = meta,
				     .seal = seal,
				     .authz = authz,
				     .clock = &meta_fixture_clock,
				     .account = SPAN_LIT(ACCOUNT)};
	struct authz_question question = {.principal = &asked.who,
					  .action = asked.action,
					  .source = SPAN_LIT("192.0.2.1")};
	struct policy_key keys[4];
	struct err err = ERR_INIT;

	buf_clear(token);
	asked.wish.name = span_of(asked.name);
	if (asked.wish.key_count > 0)
		memcpy(keys, asked.wish.keys,
		       asked.wish.key_count * sizeof(keys[0]));
	keys[asked.wish.key_count++] = (struct policy_key){
		SPAN_LIT("sts:RoleSessionName"), asked.wish.name};
	asked.wish.keys = keys;
	int rc = assume_role(&parts, &question, &asked.wish, ret_assumed, token,
			     &err);
	CHECK((rc == 0) == (err.code == ERR_NONE));
	CHECK(rc == 0 || token->len == 0);
	snprintf(told, sizeof(told), "%s", err_for_client(&err));
	return err.code;
}

static enum err_code code_of(struct asked asked)
{
	CLEANUP(buf_release) struct buf token = BUF_INIT(16384);
	struct assumed assumed;

	return assume(asked, &assumed, &token);
}

static void test_who_is_trusted_gets_a_session(void)
{
	CLEANUP(buf_release) struct buf token = BUF_INIT(16384);
	struct session_credentials read;
	struct principal principal;
	struct assumed assumed;
	struct err err = ERR_INIT;

	open_all();
	CHECK(assume(usual(), &assumed, &token) == ERR_NONE);
	CHECK_TEXT(assumed.principal.name, "deploy/ci-7");
	CHECK(assumed.principal.kind == PRINCIPAL_ROLE &&
	      assumed.principal.id == role.id);
	CHECK(assumed.policy_percent == 0);
	CHECK(session_read(seal, &meta_fixture_clock, buf_span(&token), &read,
			   &principal, &err) == 0);
	CHECK_TEXT(read.secret, assumed.credentials.secret);
	CHECK_TEXT(principal.name, "deploy/ci-7");
	CHECK(read.ends_ms == atomic_load(&meta_fixture_ms) + HOUR_MS);
	CHECK(!principal.ceiling);

	struct asked asked = usual();
	asked.wish.role = SPAN_LIT("deploy");
	CHECK(code_of(asked) == ERR_NONE);
	close_all();
}

static void test_who_is_not_trusted_is_told_no_more(void)
{
	static const char *const roles[] = {
		"arn:aws:iam::" ACCOUNT ":role/nobody",
		"arn:aws:iam::" ACCOUNT ":role/missing",
		"arn:aws:iam::" ACCOUNT ":role/eve",
		"arn:aws:iam::" ACCOUNT ":role/web",
	};
	char want[ERR_TEXT_SIZE];
	struct asked asked;

	open_all();
	for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++) {
		asked = usual();
		asked.wish.role = span_of(roles[i]);
		CHECK(code_of(asked) == ERR_DENIED);
		snprintf(want, sizeof(want),
			 "User: " EVE " is not authorized to perform: "
			 "sts:AssumeRole on resource: %s",
			 roles[i]);
		CHECK_TEXT(told, want);
	}
	asked = usual();
	asked.name = "other";
	CHECK(code_of(asked) == ERR_DENIED);
	asked = usual();
	snprintf(asked.who.name, sizeof(asked.who.name), "mallory");
	CHECK(code_of(asked) == ERR_DENIED);
	close_all();
}

static void test_what_names_no_role_of_ours(void)
{
	static const char *const roles[] = {
		"",
		"arn:aws:iam::111111111111:role/deploy",
		"arn:aws:iam::" ACCOUNT ":user/deploy",
		"arn:aws:iam::" ACCOUNT ":role/",
		"arn:aws:sts::" ACCOUNT ":role/deploy",
		"arn:",
		"dep\nloy",
		"DEPLOY",
	};

	open_all();
	for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++) {
		struct asked asked = usual();

		asked.wish.role = span_of(roles[i]);
		CHECK(code_of(asked) == ERR_DENIED);
	}
	close_all();
}

static int change_role(struct meta_tx *tx, void *context, struct err *err)
{
	struct meta_principal *row = context;

	return meta_principal_update(tx, row, err);
}

static void test_a_role_out_of_use_is_not_assumed(void)
{
	struct meta_principal row;

	open_all();
	row = role;
	row.disabled = true;
	meta_fixture_write(meta, change_role, &row);
	CHECK(code_of(usual()) == ERR_DENIED);
	row = role;
	row.expires_ms = atomic_load(&meta_fixture_ms);
	meta_fixture_write(meta, change_role, &row);
	CHECK(code_of(usual()) == ERR_DENIED);
	row = role;
	meta_fixture_write(meta, change_role, &row);
	CHECK(code_of(usual()) == ERR_NONE);
	close_all();
}

static void test_a_session_lasts_as_its_role_allows(void)
{
	static const struct {
		int64_t asked_s;
		enum err_code want;
	} cases[] = {
		{900, ERR_NONE},  {899, ERR_INVALID},  {-1, ERR_INVALID},
		{7200, ERR_NONE}, {7201, ERR_INVALID}, {43200, ERR_INVALID},
	};
	CLEANUP(buf_release) struct buf token = BUF_INIT(16384);
	struct assumed assumed;

	open_all();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct asked asked = usual();

		asked.wish.life_s = cases[i].asked_s;
		CHECK(assume(asked, &assumed, &token) == cases[i].want);
		if (cases[i].want == ERR_NONE)
			CHECK(assumed.credentials.ends_ms -
				      atomic_load(&meta_fixture_ms) ==
			      cases[i].asked_s * 1000);
	}
	close_all();
}

static void test_a_session_is_limited_further(void)
{
	CLEANUP(buf_release) struct buf token = BUF_INIT(16384);
	static const char policy[] =
		"{\"Version\":\"2012-10-17\",\"Statement\":{\"Effect\":"
		"\"Allow\",\"Action\":\"ecr:*\",\"Resource\":\"*\"}}";
	struct session_credentials read;
	struct principal principal;
	struct assumed assumed;
	struct asked asked = usual();
	struct err err = ERR_INIT;

	open_all();
	asked.wish.policy = span_of(policy);
	asked.wish.scopes = SPAN_LIT("repository:a/b:pull");
	CHECK(assume(asked, &assumed, &token) == ERR_NONE);
	CHECK(assumed.policy_percent == 5);
	CHECK(session_read(seal, &meta_fixture_clock, buf_span(&token), &read,
			   &principal, &err) == 0);
	CHECK(span_equal(ceiling_policy(principal.ceiling), span_of(policy)));
	CHECK(ceiling_covers(principal.ceiling, ACTION_BATCH_GET_IMAGE,
			     SPAN_LIT("a/b")));
	CHECK(!ceiling_covers(principal.ceiling, ACTION_PUT_IMAGE,
			      SPAN_LIT("a/b")));
	principal_release(&principal);

	asked.wish.policy = SPAN_LIT("{}");
	CHECK(code_of(asked) == ERR_INVALID);
	asked.wish.policy = SPAN_LIT("");
	asked.wish.scopes = SPAN_LIT("repository:A B:pull");
	CHECK(code_of(asked) == ERR_INVALID);
	asked.wish.scopes = SPAN_LIT("");
	asked.name = "ci-x y";
	CHECK(code_of(asked) == ERR_INVALID);
	close_all();
}

static void test_a_web_identity_is_trusted_by_its_claims(void)
{
	struct policy_key keys[] = {
		{SPAN_LIT("id.example/a:sub"), SPAN_LIT("x")}};
	struct asked asked = usual();

	open_all();
	asked.wish.role = SPAN_LIT("web");
	asked.who = PRINCIPAL_ANONYMOUS_INIT;
	asked.action = ACTION_ASSUME_ROLE_WEB_IDENTITY;
	asked.wish.federated = SPAN_LIT("id.example/a");
	asked.wish.keys = keys;
	asked.wish.key_count = 1;
	CHECK(code_of(asked) == ERR_NONE);
	keys[0].value = SPAN_LIT("y");
	CHECK(code_of(asked) == ERR_DENIED);
	CHECK_TEXT(told, "Not authorized to perform "
			 "sts:AssumeRoleWithWebIdentity");
	keys[0].value = SPAN_LIT("x");
	asked.wish.federated = SPAN_LIT("id.example/b");
	CHECK(code_of(asked) == ERR_DENIED);
	asked.wish.federated = SPAN_LIT("id.example/a");
	asked.wish.role = SPAN_LIT("deploy");
	CHECK(code_of(asked) == ERR_DENIED);
	asked.wish.role = SPAN_LIT("missing");
	CHECK(code_of(asked) == ERR_DENIED);
	CHECK_TEXT(told, "Not authorized to perform "
			 "sts:AssumeRoleWithWebIdentity");
	close_all();
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(test_who_is_trusted_gets_a_session),
		CHECK_CASE(test_who_is_not_trusted_is_told_no_more),
		CHECK_CASE(test_what_names_no_role_of_ours),
		CHECK_CASE(test_a_role_out_of_use_is_not_assumed),
		CHECK_CASE(test_a_session_lasts_as_its_role_allows),
		CHECK_CASE(test_a_session_is_limited_further),
		CHECK_CASE(test_a_web_identity_is_trusted_by_its_claims),
	};

	return SQL_FIXTURE_RUN(argc, argv, cases);
}
