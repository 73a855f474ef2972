/* SPDX-License-Identifier: Apache-2.0 */
/* Signed requests, sessions of roles and web identities with each allocation,
 * and each call for randomness, failing in turn: nobody is let in by it, no
 * output is touched, and the same succeeds afterwards. */
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "auth/access_key.h"
#include "auth/assume.h"
#include "auth/authn.h"
#include "auth/authz.h"
#include "auth/oidc.h"
#include "auth/policy.h"
#include "auth/seal.h"
#include "auth/signed.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/httpc.h"
#include "base/jsonx.h"
#include "base/sigv4.h"
#include "storage/meta_credentials.h"
#include "storage/meta_issuers.h"
#include "tests/lib/check.h"
#include "tests/lib/fault.h"
#include "tests/lib/meta_fixture.h"
#include "tests/lib/sql_fixture.h"
#include "tests/lib/tmpdir.h"

#define ACCOUNT "000000000000"
#define NOW_S INT64_C(1440938160)
#define DATE "20150830T123600Z"
#define SECRET "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
#define ISSUER "https://id.example"
#define ROUNDS_MAX 2000 /* a sweep that does not end is a failure */

#define TRUST                                                                  \
	"{\"Version\":\"2012-10-17\",\"Statement\":{\"Effect\":\"Allow\","     \
	"\"Principal\":{\"AWS\":\"*\"},\"Action\":\"sts:AssumeRole\"}}"
#define POLICY                                                                 \
	"{\"Version\":\"2012-10-17\",\"Statement\":{\"Effect\":\"Allow\","     \
	"\"Action\":\"ecr:*\",\"Resource\":\"*\"}}"

static struct meta *meta;
static struct seal *seal;
static struct meta_principal eve = {
	.kind = META_USER, .account = ACCOUNT, .name = "eve"};
static struct meta_principal role = {
	.kind = META_ROLE, .account = ACCOUNT, .name = "role"};

static int insert(struct meta_tx *tx, void *context, struct err *err)
{
	CLEANUP(buf_release) struct buf sealed = BUF_INIT(1024);
	const struct meta_issuer issuer = {
		.account = ACCOUNT, .url = ISSUER, .audiences = "berth"};
	struct meta_access_key key = {.id = "BERTHEVE"};

	(void)context;
	if (meta_principal_insert(tx, &eve, &eve.id, err) < 0 ||
	    meta_principal_insert(tx, &role, &role.id, err) < 0 ||
	    meta_role_set_trust(tx, role.id, SPAN_LIT(TRUST), err) < 0 ||
	    meta_issuer_put(tx, &issuer, err) < 0 ||
	    access_key_seal(seal, key.id, SPAN_LIT(SECRET), &sealed, err) < 0)
		return -1;
	key.principal_id = eve.id;
	return meta_access_key_insert(tx, &key, buf_span(&sealed), err);
}

static void open_all(void)
{
	char dir[TMPDIR_SIZE];
	struct err err = ERR_INIT;

	atomic_store(&meta_fixture_ms, NOW_S * 1000);
	meta = meta_fixture_open();
	tmpdir_make(dir);
	int fd = open(dir, O_RDONLY | O_DIRECTORY);
	CHECK(fd >= 0 && seal_open(fd, "server.key", &seal, &err) == 0);
	close(fd);
	meta_fixture_write(meta, insert, NULL);
}

static void close_all(void)
{
	seal_free(seal);
	meta_close(meta);
}

/* Run an operation with each call failing; it must say no more than that
 * something failed, and then hold. */
static void sweep_all(int (*run)(struct err *err))
{
	struct fault_sweep sweep = FAULT_SWEEP(FAULT_MEMORY | FAULT_RANDOM);

	while (fault_next(&sweep)) {
		struct err err = ERR_INIT;

		CHECK(sweep.round < ROUNDS_MAX);
		fault_on(&sweep);
		int rc = run(&err);
		fault_off(&sweep);
		CHECK((rc == 0) == (err.code == ERR_NONE));
		CHECK(rc == 0 || sweep.fired);
		CHECK(err.code != ERR_SIGNATURE_WRONG &&
		      err.code != ERR_SIGNATURE_KEY &&
		      err.code != ERR_UNAUTHENTICATED &&
		      err.code != ERR_DENIED);
		err_clear(&err);
		CHECK(run(&err) == 0);
	}
	fprintf(stderr, "%zu calls\n", sweep.round);
	CHECK(sweep.round >= 2);
}

/* ---- signatures ---- */

static struct span find_field(void *context, const char *name, size_t index)
{
	(void)context;
	if (index > 0)
		return (struct span){0};
	if (strcmp(name, "host") == 0)
		return SPAN_LIT("127.0.0.1");
	return strcmp(name, "x-amz-date") == 0 ? SPAN_LIT(DATE)
					       : (struct span){0};
}

static char header[512];

static void sign(void)
{
	const struct sigv4_request request = {
		.method = SPAN_LIT("POST"),
		.path = SPAN_LIT("/"),
		.query = SPAN_LIT("a=b"),
		.date = SPAN_LIT(DATE),
		.payload_hash =
			SPAN_LIT("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b9"
				 "34ca495991b7852b855"),
		.field = find_field};
	const struct sigv4_authorization scope = {
		.date = SPAN_LIT("20150830"),
		.region = SPAN_LIT("local"),
		.service = SPAN_LIT("sts"),
		.headers = SPAN_LIT("host;x-amz-date")};
	struct err err = ERR_INIT;
	char signature[65];

	CHECK(sigv4_sign(&request, &scope, SPAN_LIT(SECRET), signature, &err) ==
	      0);
	snprintf(header, sizeof(header),
		 SIGV4_SCHEME " Credential=BERTHEVE/20150830/local/sts/"
			      "aws4_request, SignedHeaders=host;x-amz-date, "
			      "Signature=%s",
		 signature);
}

static int verify(struct err *err)
{
	const struct signed_parts parts = {.meta = meta,
					   .seal = seal,
					   .clock = &meta_fixture_clock,
					   .account = SPAN_LIT(ACCOUNT)};
	const struct authn_request request = {.header = span_of(header),
					      .method = SPAN_LIT("POST"),
					      .path = SPAN_LIT("/"),
					      .query = SPAN_LIT("a=b"),
					      .field = find_field};
	struct principal principal = {.id = -1};
	int rc = signed_verify(&parts, &request, &principal, err);

	CHECK(principal.id == (rc == 0 ? eve.id : -1));
	return rc;
}

static void test_a_signature_is_right_or_not_judged(void)
{
	open_all();
	sign();
	sweep_all(verify);
	close_all();
}

/* ---- sessions ---- */

static int assume(struct err *err)
{
	CLEANUP(buf_wipe) struct buf token = BUF_INIT(16384);
	const struct authz_config config = {.meta = meta,
					    .clock = &meta_fixture_clock,
					    .scope = meta_fixture_scope};
	struct assume_parts parts = {.meta = meta,
				     .seal = seal,
				     .clock = &meta_fixture_clock,
				     .account = SPAN_LIT(ACCOUNT)};
	struct principal who = {.kind = PRINCIPAL_USER,
				.id = eve.id,
				.account = ACCOUNT,
				.name = "eve"};
	const struct authz_question question = {.principal = &who,
						.action = ACTION_ASSUME_ROLE};
	const struct assume_wish wish = {.role = SPAN_LIT("role"),
					 .name = SPAN_LIT("ci"),
					 .policy = SPAN_LIT(POLICY),
					 .scopes =
						 SPAN_LIT("repository:a:pull")};
	struct session_credentials read;
	struct principal principal;
	struct assumed assumed;

	if (authz_new(&config, &parts.authz, err) < 0)
		return -1;
	int rc = assume_role(&parts, &question, &wish, &assumed, &token, err);

	authz_free(parts.authz);
	if (rc == 0)
		rc = session_read(seal, &meta_fixture_clock, buf_span(&token),
				  &read, &principal, err);
	if (rc == 0)
		principal_release(&principal);
	return rc;
}

static void test_a_session_is_whole_or_none(void)
{
	open_all();
	sweep_all(assume);
	close_all();
}

/* ---- web identities ---- */

static struct buf web_token = {.max = JWT_BYTES_MAX};
static struct buf jwks = {.max = 4096};

static int get(const struct httpc_request *request, struct buf *out,
	       struct err *err)
{
	if (strstr(request->url, "configuration"))
		buf_append_text(out, "{\"issuer\":\"" ISSUER
				     "\",\"jwks_uri\":\"https://k/\"}");
	else
		buf_append_span(out, buf_span(&jwks));
	return buf_check(out, err);
}

static void make_web_token(void)
{
	CLEANUP(jsonx_unref)
	json_t *claims = json_pack("{s:s, s:s, s:s, s:I, s:I, s:[s]}", "iss",
				   ISSUER, "sub", "x", "aud", "berth", "exp",
				   (json_int_t)NOW_S + 300, "iat",
				   (json_int_t)NOW_S, "groups", "a");
	CLEANUP(jsonx_unref) json_t *jwk = NULL;
	struct jwt_key *key = NULL;
	struct err err = ERR_INIT;

	CHECK(jwt_key_generate(&key, &err) == 0);
	jwk = jwt_key_to_jwk(key);
	json_object_set_new(jwk, "kid", json_string("one"));
	CHECK(jwt_sign(key, SPAN_LIT("one"), claims, &web_token, &err) == 0);
	buf_append_text(&jwks, "{\"keys\":[");
	CHECK(jsonx_dump(jwk, &jwks, &err) == 0);
	buf_append_text(&jwks, "]}");
	jwt_key_unref(key);
}

/* From nothing each time: what was fetched once would not be again. */
static int verify_web(struct err *err)
{
	CLEANUP(oidc_identity_release)
	struct oidc_identity identity = {.key_count = 0};
	const struct oidc_config config = {.meta = meta,
					   .clock = &meta_fixture_clock,
					   .account = SPAN_LIT(ACCOUNT),
					   .leeway_ms = 30000,
					   .get = get};
	struct oidc *oidc = NULL;

	if (oidc_new(&config, &oidc, err) < 0)
		return -1;
	int rc = oidc_verify(oidc, buf_span(&web_token), &identity, err);

	oidc_free(oidc);
	CHECK(rc == 0 ? identity.key_count == 6 : identity.key_count == 0);
	return rc;
}

static void test_a_web_identity_is_verified_or_not_judged(void)
{
	open_all();
	make_web_token();
	sweep_all(verify_web);
	buf_release(&web_token);
	buf_release(&jwks);
	close_all();
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(test_a_signature_is_right_or_not_judged),
		CHECK_CASE(test_a_session_is_whole_or_none),
		CHECK_CASE(test_a_web_identity_is_verified_or_not_judged),
	};

	return SQL_FIXTURE_RUN(argc, argv, cases);
}
