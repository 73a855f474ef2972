/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens, sessions, signatures and certificates, as authn takes them. */
#include <openssl/crypto.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "auth/authn.h"
#include "auth/scope.h"
#include "auth/session.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "storage/meta_credentials.h"
#include "tests/lib/authn_fixture.h"
#include "tests/lib/check.h"
#include "tests/lib/meta_fixture.h"
#include "tests/lib/sql_faulty.h"
#include "tests/lib/sql_fixture.h"

static struct authn_fixture all;
static struct meta_principal eve;

static void open_all(void)
{
	authn_fixture_open(&all);
	eve = authn_fixture_add(&all, META_USER, "eve", NULL);
}

static void close_all(void)
{
	authn_fixture_close(&all);
}

static enum err_code verify(const char *header, struct principal *ret_principal)
{
	return authn_fixture_verify(&all, span_of(header), ret_principal);
}

static enum authn_answer quick(const char *header)
{
	return authn_fixture_quick(&all, span_of(header));
}

/* ---- API tokens ---- */

struct new_token {
	struct meta_token row;
	struct span scope;
};

static int insert_token(struct meta_tx *tx, void *context, struct err *err)
{
	const struct new_token *token = context;

	return meta_token_insert(tx, &token->row, token->scope, err);
}

static int delete_token(struct meta_tx *tx, void *context, struct err *err)
{
	const struct meta_token *row = context;

	return meta_token_delete(tx, span_of(row->id), err) < 0 ? -1 : 0;
}

static struct meta_token add_token(const char *scope, int64_t expires_ms,
				   struct token_secret *ret_secret)
{
	struct new_token token = {.row = {.kind = META_TOKEN_API,
					  .principal_id = eve.id,
					  .expires_ms = expires_ms},
				  .scope = span_of(scope)};
	struct err err = ERR_INIT;

	CHECK(token_secret_make(TOKEN_API_PREFIX, ret_secret, &err) == 0);
	memcpy(token.row.id, ret_secret->id, sizeof(token.row.id));
	memcpy(token.row.hash, ret_secret->hash, sizeof(token.row.hash));
	meta_fixture_write(all.meta, insert_token, &token);
	return token.row;
}

static void bearer(const char *token, struct buf *header)
{
	buf_clear(header);
	buf_appendf(header, "Bearer %s", token);
}

static void as_password(const char *user, const char *token, struct buf *header)
{
	char text[8192];

	snprintf(text, sizeof(text), "%s:%s", user, token);
	authn_fixture_basic(span_of(text), header);
}

static void test_an_api_token_is_taken_either_way(void)
{
	CLEANUP(buf_release) struct buf header = BUF_INIT(16384);
	struct token_secret secret;
	struct principal principal;

	open_all();
	add_token("", 0, &secret);
	for (int way = 0; way < 3; way++) {
		if (way == 0)
			bearer(secret.text, &header);
		else
			as_password(way == 1 ? "eve" : "whoever", secret.text,
				    &header);
		CHECK(quick(buf_text(&header)) == AUTHN_LOOK_UP);
		CHECK(verify(buf_text(&header), &principal) == ERR_NONE);
		CHECK(principal.credential == CREDENTIAL_API_TOKEN);
		CHECK(principal.id == eve.id && !principal.ceiling);
		CHECK_TEXT(principal.name, "eve");
		CHECK(quick(buf_text(&header)) == AUTHN_KNOWN);
	}
	close_all();
}

static void test_an_api_token_may_be_limited(void)
{
	CLEANUP(buf_release) struct buf header = BUF_INIT(16384);
	struct token_secret secret;
	struct principal first;
	struct principal second;

	open_all();
	add_token("repository:team/*:pull", 0, &secret);
	bearer(secret.text, &header);
	CHECK(verify(buf_text(&header), &first) == ERR_NONE);
	CHECK(verify(buf_text(&header), &second) == ERR_NONE);
	authn_forget(all.authn);
	CHECK(first.ceiling && second.ceiling);
	CHECK(ceiling_covers(second.ceiling, ACTION_BATCH_GET_IMAGE,
			     SPAN_LIT("team/app")));
	CHECK(!ceiling_covers(first.ceiling, ACTION_BATCH_GET_IMAGE,
			      SPAN_LIT("other")));
	principal_release(&first);
	principal_release(&second);
	close_all();
}

static void test_an_api_token_ends(void)
{
	CLEANUP(buf_release) struct buf header = BUF_INIT(16384);
	struct token_secret secret;
	struct principal principal;

	open_all();
	add_token("", atomic_load(&meta_fixture_ms) + 500, &secret);
	bearer(secret.text, &header);
	CHECK(verify(buf_text(&header), &principal) == ERR_NONE);
	atomic_fetch_add(&meta_fixture_ms, 499);
	CHECK(quick(buf_text(&header)) == AUTHN_KNOWN);
	atomic_fetch_add(&meta_fixture_ms, 1);
	CHECK(verify(buf_text(&header), &principal) == ERR_UNAUTHENTICATED);

	struct meta_token row = add_token("", 0, &secret);
	bearer(secret.text, &header);
	CHECK(verify(buf_text(&header), &principal) == ERR_NONE);
	meta_fixture_write(all.meta, delete_token, &row);
	authn_forget(all.authn);
	CHECK(verify(buf_text(&header), &principal) == ERR_UNAUTHENTICATED);

	add_token("", 0, &secret);
	bearer(secret.text, &header);
	eve.disabled = true;
	authn_fixture_update(&all, &eve);
	CHECK(verify(buf_text(&header), &principal) == ERR_UNAUTHENTICATED);
	eve.disabled = false;
	authn_fixture_update(&all, &eve);
	secret.text[strlen(secret.text) - 1] ^= 1;
	bearer(secret.text, &header);
	CHECK(verify(buf_text(&header), &principal) == ERR_UNAUTHENTICATED);
	close_all();
}

/* ---- access tokens ---- */

static void access_token(const struct principal *principal, struct buf *header)
{
	struct err err = ERR_INIT;

	buf_clear(header);
	buf_append_text(header, "Bearer ");
	CHECK(token_access_make(&all.tokens, principal,
				SPAN_LIT("repository:a:pull"), header,
				&err) == 0);
}

static void test_an_access_token_counts_until_its_end(void)
{
	CLEANUP(buf_release) struct buf header = BUF_INIT(16384);
	struct principal owner;
	struct principal principal;

	open_all();
	principal_from_row(&eve, CREDENTIAL_PASSWORD, &owner);
	access_token(&owner, &header);
	CHECK(quick(buf_text(&header)) == AUTHN_LOOK_UP);
	CHECK(verify(buf_text(&header), &principal) == ERR_NONE);
	CHECK(principal.credential == CREDENTIAL_BEARER);
	CHECK(principal.ceiling);
	principal_release(&principal);
	atomic_fetch_add(&meta_fixture_ms, AUTHN_FIXTURE_LIFE_MS - 1);
	CHECK(quick(buf_text(&header)) == AUTHN_KNOWN);
	atomic_fetch_add(&meta_fixture_ms, 1);
	CHECK(quick(buf_text(&header)) == AUTHN_LOOK_UP);
	CHECK(verify(buf_text(&header), &principal) == ERR_UNAUTHENTICATED);
	close_all();
}

static void test_an_access_token_is_no_more_than_its_owner(void)
{
	CLEANUP(buf_release) struct buf header = BUF_INIT(16384);
	struct principal owner;
	struct principal principal;

	open_all();
	principal_from_row(&eve, CREDENTIAL_PASSWORD, &owner);
	access_token(&owner, &header);
	CHECK(verify(buf_text(&header), &principal) == ERR_NONE);
	principal_release(&principal);
	eve.disabled = true;
	authn_fixture_update(&all, &eve);
	CHECK(verify(buf_text(&header), &principal) == ERR_UNAUTHENTICATED);

	eve.disabled = false;
	eve.expires_ms = atomic_load(&meta_fixture_ms) + 500;
	authn_fixture_update(&all, &eve);
	CHECK(verify(buf_text(&header), &principal) == ERR_NONE);
	principal_release(&principal);
	atomic_fetch_add(&meta_fixture_ms, 499);
	CHECK(quick(buf_text(&header)) == AUTHN_KNOWN);
	atomic_fetch_add(&meta_fixture_ms, 1);
	CHECK(verify(buf_text(&header), &principal) == ERR_UNAUTHENTICATED);

	owner = PRINCIPAL_ANONYMOUS_INIT;
	access_token(&owner, &header);
	CHECK(verify(buf_text(&header), &principal) == ERR_NONE);
	CHECK(principal.kind == PRINCIPAL_ANONYMOUS && principal.ceiling);
	principal_release(&principal);
	close_all();
}

/* ---- sessions ---- */

static void session_header(const struct meta_principal *owner, int64_t life_ms,
			   struct buf *header)
{
	CLEANUP(buf_release) struct buf token = BUF_INIT(8192);
	struct session_wish wish = {
		.owner = owner, .name = SPAN_LIT("build"), .life_ms = life_ms};
	struct session_credentials credentials;
	struct err err = ERR_INIT;

	CHECK(session_make(all.seal, &meta_fixture_clock, &wish, &credentials,
			   &token, &err) == 0);
	OPENSSL_cleanse(&credentials, sizeof(credentials));
	as_password("AWS", buf_text(&token), header);
}

static void test_a_session_token_is_a_password_of_aws(void)
{
	CLEANUP(buf_release) struct buf header = BUF_INIT(16384);
	struct meta_principal role;
	struct principal principal;

	open_all();
	role = authn_fixture_add(&all, META_ROLE, "ci", NULL);
	session_header(&role, 500, &header);
	CHECK(quick(buf_text(&header)) == AUTHN_LOOK_UP);
	CHECK(verify(buf_text(&header), &principal) == ERR_NONE);
	CHECK(principal.kind == PRINCIPAL_ROLE);
	CHECK(principal.credential == CREDENTIAL_SESSION);
	CHECK_TEXT(principal.name, "ci/build");
	atomic_fetch_add(&meta_fixture_ms, 499);
	CHECK(quick(buf_text(&header)) == AUTHN_KNOWN);
	atomic_fetch_add(&meta_fixture_ms, 1);
	CHECK(verify(buf_text(&header), &principal) == ERR_UNAUTHENTICATED);

	session_header(&role, 100000, &header);
	CHECK(verify(buf_text(&header), &principal) == ERR_NONE);
	role.disabled = true;
	authn_fixture_update(&all, &role);
	CHECK(verify(buf_text(&header), &principal) == ERR_UNAUTHENTICATED);
	authn_fixture_remove(&all, role.id);
	CHECK(verify(buf_text(&header), &principal) == ERR_UNAUTHENTICATED);
	as_password("AWS", "nonsense", &header);
	CHECK(verify(buf_text(&header), &principal) == ERR_UNAUTHENTICATED);
	as_password("AWS", "", &header);
	CHECK(verify(buf_text(&header), &principal) == ERR_UNAUTHENTICATED);
	close_all();
}

/* ---- signatures ---- */

static void test_a_signature_waits_for_the_body(void)
{
	static const char *const headers[] = {"AWS4-HMAC-SHA256 Credential=x",
					      "AWS4-HMAC-SHA256",
					      "AWS4-HMAC-SHA256Credential=x"};

	open_all();
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
		CHECK(quick(headers[i]) == AUTHN_BODY);
	close_all();
}

/* ---- certificates ---- */

struct named {
	const char *name;
	int64_t id;
};

static int name_work(struct meta_tx *tx, void *context, struct err *err)
{
	const struct named *named = context;

	return meta_certificate_add(tx, SPAN_LIT(AUTHN_FIXTURE_ACCOUNT),
				    span_of(named->name), named->id, err);
}

static enum authn_answer shown(const struct span *names, size_t count,
			       struct principal *ret_principal)
{
	struct authn_request request = {.certificate = names,
					.certificate_count = count,
					.source = SPAN_LIT("192.0.2.1")};
	struct err err = ERR_INIT;

	*ret_principal = (struct principal){.kind = PRINCIPAL_NONE};
	enum authn_answer answer =
		authn_quick(all.authn, &request, ret_principal, &err);
	if (answer == AUTHN_LOOK_UP &&
	    authn_verify(all.authn, &request, ret_principal, &err) < 0)
		CHECK(err.code == ERR_UNAUTHENTICATED);
	return answer;
}

static void test_a_certificate_is_of_somebody(void)
{
	const struct span names[] = {SPAN_LIT("DNS:a.example"),
				     SPAN_LIT("URI:spiffe://example/ci")};
	struct named named = {.name = "URI:spiffe://example/ci", .id = eve.id};
	struct principal principal;

	open_all();
	named.id = eve.id;
	CHECK(shown(names, 2, &principal) == AUTHN_LOOK_UP);
	CHECK(principal.kind == PRINCIPAL_ANONYMOUS);
	meta_fixture_write(all.meta, name_work, &named);
	authn_forget(all.authn);
	CHECK(shown(names, 2, &principal) == AUTHN_LOOK_UP);
	CHECK(principal.id == eve.id);
	CHECK(principal.credential == CREDENTIAL_CERTIFICATE);
	CHECK(shown(names, 2, &principal) == AUTHN_KNOWN);
	CHECK(principal.id == eve.id);
	CHECK(shown(names, 1, &principal) == AUTHN_LOOK_UP);
	CHECK(principal.kind == PRINCIPAL_ANONYMOUS);
	eve.disabled = true;
	authn_fixture_update(&all, &eve);
	CHECK(shown(names, 2, &principal) == AUTHN_LOOK_UP);
	CHECK(principal.kind == PRINCIPAL_NONE);
	close_all();
}

/* A header counts alone, be it wrong. */
static void test_a_certificate_does_not_stand_in_for_a_header(void)
{
	const struct span name = SPAN_LIT("DNS:a.example");
	struct authn_request request = {.header = SPAN_LIT("Bearer wrong"),
					.certificate = &name,
					.certificate_count = 1,
					.source = SPAN_LIT("192.0.2.1")};
	struct named named = {.name = "DNS:a.example", .id = 0};
	struct principal principal = {.kind = PRINCIPAL_NONE};
	struct err err = ERR_INIT;

	open_all();
	named.id = eve.id;
	meta_fixture_write(all.meta, name_work, &named);
	CHECK(authn_verify(all.authn, &request, &principal, &err) == -1);
	CHECK(err.code == ERR_UNAUTHENTICATED);
	CHECK(principal.kind == PRINCIPAL_NONE);
	close_all();
}

static void test_names_past_what_is_remembered_still_count(void)
{
	static char text[100][64];
	struct span names[100];
	struct named named = {.name = text[99]};
	struct principal principal;

	open_all();
	for (size_t i = 0; i < 100; i++) {
		snprintf(text[i], sizeof(text[i]), "DNS:%zu.example", i);
		names[i] = span_of(text[i]);
	}
	named.id = eve.id;
	meta_fixture_write(all.meta, name_work, &named);
	for (int i = 0; i < 2; i++) {
		CHECK(shown(names, 100, &principal) == AUTHN_LOOK_UP);
		CHECK(principal.id == eve.id);
	}
	close_all();
}

static void test_a_failing_database_is_no_refusal(void)
{
	CLEANUP(buf_release) struct buf header = BUF_INIT(16384);
	struct token_secret secret;
	struct principal principal;

	open_all();
	add_token("", 0, &secret);
	bearer(secret.text, &header);
	for (long nth = 0; nth < 2; nth++) {
		sql_faulty_arm(all.sql, SQL_FAULTY_STEP, nth, 1);
		enum err_code code = verify(buf_text(&header), &principal);

		CHECK(sql_faulty_disarm(all.sql));
		CHECK(code != ERR_NONE && code != ERR_UNAUTHENTICATED);
	}
	CHECK(verify(buf_text(&header), &principal) == ERR_NONE);
	close_all();
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(test_an_api_token_is_taken_either_way),
		CHECK_CASE(test_an_api_token_may_be_limited),
		CHECK_CASE(test_an_api_token_ends),
		CHECK_CASE(test_an_access_token_counts_until_its_end),
		CHECK_CASE(test_an_access_token_is_no_more_than_its_owner),
		CHECK_CASE(test_a_session_token_is_a_password_of_aws),
		CHECK_CASE(test_a_signature_waits_for_the_body),
		CHECK_CASE(test_a_certificate_is_of_somebody),
		CHECK_CASE(test_a_certificate_does_not_stand_in_for_a_header),
		CHECK_CASE(test_names_past_what_is_remembered_still_count),
		CHECK_CASE(test_a_failing_database_is_no_refusal),
	};

	return SQL_FIXTURE_RUN(argc, argv, cases);
}
