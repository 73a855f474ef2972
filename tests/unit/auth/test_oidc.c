/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/oidc.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "auth/jwt.h"
#include "auth/policy.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/httpc.h"
#include "base/jsonx.h"
#include "storage/meta_issuers.h"
#include "tests/lib/meta_fixture.h"
#include "tests/lib/sql_fixture.h"

#define ACCOUNT "000000000000"
#define ISSUER "https://id.example/a"
#define CONFIGURATION ISSUER "/.well-known/openid-configuration"
#define KEYS "https://keys.example/jwks"
#define NOW_S INT64_C(1700000000)
#define MINUTE_MS 60000
#define HOUR_MS (60 * MINUTE_MS)
#define LEEWAY_S 30

static struct meta *meta;
static struct oidc *oidc;

/* ---- the issuer, as it is on the network ---- */

static struct jwt_key *key; /* the one that it publishes as "one" */
static char configuration[512];
static struct buf jwks = {.max = 65536};
static enum err_code failure; /* of every fetch, unless ERR_NONE */
static atomic_int fetches;    /* of keys */
static bool private_addresses;
static char ca_file[64];

static int get(const struct httpc_request *request, struct buf *out,
	       struct err *err)
{
	private_addresses = request->private_addresses;
	snprintf(ca_file, sizeof(ca_file), "%s", request->ca_file);
	CHECK(request->deadline_ms > 0);
	if (strcmp(request->url, KEYS) == 0)
		atomic_fetch_add(&fetches, 1);
	if (failure != ERR_NONE)
		return err_set(err, failure, "as the test wants it");
	if (strcmp(request->url, CONFIGURATION) == 0)
		buf_append_text(out, configuration);
	else if (strcmp(request->url, KEYS) == 0)
		buf_append_span(out, buf_span(&jwks));
	else
		return err_set(err, ERR_UNAVAILABLE, "nothing there");
	return 0;
}

static struct jwt_key *new_key(void)
{
	struct jwt_key *made = NULL;
	struct err err = ERR_INIT;

	CHECK(jwt_key_generate(&made, &err) == 0);
	return made;
}

/* Have the issuer publish a key, and with more other ones. */
static void publish(const struct jwt_key *shown, const char *kid,
		    const char *more)
{
	CLEANUP(jsonx_unref) json_t *jwk = jwt_key_to_jwk(shown);
	struct err err = ERR_INIT;

	if (kid)
		json_object_set_new(jwk, "kid", json_string(kid));
	buf_clear(&jwks);
	buf_appendf(&jwks, "{\"keys\":[%s", more);
	CHECK(jsonx_dump(jwk, &jwks, &err) == 0);
	buf_append_text(&jwks, "]}");
}

/* ---- the account's row of it ---- */

static struct meta_issuer row = {
	.account = ACCOUNT, .url = ISSUER, .audiences = "berth  other"};

static int put(struct meta_tx *tx, void *context, struct err *err)
{
	return meta_issuer_put(tx, context, err) < 0 ? -1 : 0;
}

/* One that has fetched nothing yet, in the place of the last. */
static void start_anew(void)
{
	const struct oidc_config config = {.meta = meta,
					   .clock = &meta_fixture_clock,
					   .account = SPAN_LIT(ACCOUNT),
					   .leeway_ms = LEEWAY_S * 1000,
					   .get = get};
	struct err err = ERR_INIT;

	oidc_free(oidc);
	CHECK(oidc_new(&config, &oidc, &err) == 0);
}

static void open_all(void)
{
	atomic_store(&meta_fixture_ms, NOW_S * 1000);
	meta = meta_fixture_open();
	meta_fixture_write(meta, put, &row);
	start_anew();
	key = new_key();
	publish(key, "one", "");
	snprintf(configuration, sizeof(configuration),
		 "{\"issuer\":\"" ISSUER "\",\"jwks_uri\":\"" KEYS "\"}");
}

static void close_all(void)
{
	jwt_key_unref(key);
	buf_release(&jwks);
	oidc_free(oidc);
	meta_close(meta);
}

/* ---- tokens ---- */

static json_t *good_claims(void)
{
	return json_pack("{s:s, s:s, s:s, s:I, s:I}", "iss", ISSUER, "sub",
			 "repo:team/app", "aud", "berth", "exp",
			 (json_int_t)NOW_S + 300, "iat", (json_int_t)NOW_S);
}

static void make(const struct jwt_key *signer, const char *kid, json_t *claims,
		 struct buf *token)
{
	struct err err = ERR_INIT;

	buf_clear(token);
	CHECK(jwt_sign(signer, span_of(kid), claims, token, &err) == 0);
}

static struct err last;

static enum err_code verify_text(struct span token,
				 struct oidc_identity *ret_identity)
{
	last = ERR_INIT;
	int rc = oidc_verify(oidc, token, ret_identity, &last);

	CHECK((rc == 0) == (last.code == ERR_NONE));
	return last.code;
}

/* Consumes the claims. */
static enum err_code verify(const struct jwt_key *signer, const char *kid,
			    json_t *claims)
{
	CLEANUP(oidc_identity_release)
	struct oidc_identity identity = {.key_count = 0};
	CLEANUP(buf_release) struct buf token = BUF_INIT(JWT_BYTES_MAX);
	CLEANUP(jsonx_unref) json_t *own = claims;

	make(signer, kid, own, &token);
	return verify_text(buf_span(&token), &identity);
}

static bool has(const struct oidc_identity *identity, const char *name,
		const char *value)
{
	for (size_t i = 0; i < identity->key_count; i++)
		if (span_equal(identity->keys[i].name, span_of(name)) &&
		    span_equal(identity->keys[i].value, span_of(value)))
			return true;
	return false;
}

static void test_a_good_token_says_who_it_speaks_of(void)
{
	CLEANUP(oidc_identity_release)
	struct oidc_identity identity = {.key_count = 0};
	CLEANUP(buf_release) struct buf token = BUF_INIT(JWT_BYTES_MAX);
	CLEANUP(jsonx_unref) json_t *claims = good_claims();

	open_all();
	json_object_set_new(claims, "ref", json_string("refs/heads/main"));
	json_object_set_new(claims, "run", json_integer(7));
	json_object_set_new(claims, "protected", json_true());
	json_object_set_new(claims, "fork", json_false());
	json_object_set_new(claims, "groups",
			    json_pack("[s, s, i]", "a", "b", 1));
	json_object_set_new(claims, "deep", json_pack("{s:s}", "sub", "x"));
	json_object_set_new(claims, "ratio", json_real(0.5));
	json_object_set_new(claims, "oaud", json_string("stolen"));
	make(key, "one", claims, &token);
	CHECK(verify_text(buf_span(&token), &identity) == ERR_NONE);
	CHECK(span_equal(identity.url, SPAN_LIT(ISSUER)));
	CHECK(span_equal(identity.issuer, SPAN_LIT("id.example/a")));
	CHECK(span_equal(identity.subject, SPAN_LIT("repo:team/app")));
	CHECK(span_equal(identity.audience, SPAN_LIT("berth")));
	CHECK(has(&identity, "id.example/a:sub", "repo:team/app"));
	CHECK(has(&identity, "id.example/a:aud", "berth"));
	CHECK(has(&identity, "id.example/a:ref", "refs/heads/main"));
	CHECK(has(&identity, "id.example/a:run", "7"));
	CHECK(has(&identity, "id.example/a:protected", "true"));
	CHECK(has(&identity, "id.example/a:fork", "false"));
	CHECK(has(&identity, "id.example/a:groups", "a"));
	CHECK(has(&identity, "id.example/a:groups", "b"));
	/* iss, sub, aud, exp, iat and the seven above */
	CHECK(identity.key_count == 5 + 4 + 2);
	CHECK(!private_addresses);
	close_all();
}

static void test_azp_stands_for_the_audience(void)
{
	CLEANUP(oidc_identity_release)
	struct oidc_identity identity = {.key_count = 0};
	CLEANUP(buf_release) struct buf token = BUF_INIT(JWT_BYTES_MAX);
	CLEANUP(jsonx_unref) json_t *claims = good_claims();

	open_all();
	json_object_set_new(claims, "aud", json_pack("[s, s]", "x", "berth"));
	json_object_set_new(claims, "azp", json_string("other"));
	make(key, "one", claims, &token);
	CHECK(verify_text(buf_span(&token), &identity) == ERR_NONE);
	CHECK(has(&identity, "id.example/a:aud", "other"));
	CHECK(!has(&identity, "id.example/a:aud", "berth"));
	CHECK(has(&identity, "id.example/a:oaud", "berth"));
	CHECK(has(&identity, "id.example/a:oaud", "x"));
	close_all();
}

struct change {
	const char *name;
	json_t *value; /* NULL: removed */
	enum err_code want;
};

static void test_claims_that_do_not_hold(void)
{
	json_int_t now = NOW_S;
	const struct change changes[] = {
		{"iss", json_string("https://id.example/b"),
		 ERR_UNAUTHENTICATED},
		{"iss", json_string(ISSUER "/"), ERR_UNAUTHENTICATED},
		{"iss", NULL, ERR_UNAUTHENTICATED},
		{"iss", json_integer(1), ERR_UNAUTHENTICATED},
		{"aud", json_string("stranger"), ERR_UNAUTHENTICATED},
		{"aud", json_string("berth  other"), ERR_UNAUTHENTICATED},
		{"aud", json_string(""), ERR_UNAUTHENTICATED},
		{"aud", NULL, ERR_UNAUTHENTICATED},
		{"aud", json_array(), ERR_UNAUTHENTICATED},
		{"aud", json_pack("[s, s]", "berth", "stranger"),
		 ERR_UNAUTHENTICATED},
		{"aud", json_pack("[s]", "other"), ERR_NONE},
		{"azp", json_integer(1), ERR_UNAUTHENTICATED},
		{"sub", NULL, ERR_UNAUTHENTICATED},
		{"sub", json_string(""), ERR_UNAUTHENTICATED},
		{"sub", json_integer(1), ERR_UNAUTHENTICATED},
		{"SUB", json_string("admin"), ERR_UNAUTHENTICATED},
		{"exp", NULL, ERR_UNAUTHENTICATED},
		{"exp", json_integer(-1), ERR_UNAUTHENTICATED},
		{"exp", json_string("2000000000"), ERR_UNAUTHENTICATED},
		{"exp", json_integer(now - LEEWAY_S), ERR_SIGNATURE_EXPIRED},
		{"exp", json_real((double)now - LEEWAY_S - 0.5),
		 ERR_SIGNATURE_EXPIRED},
		{"exp", json_integer(now - LEEWAY_S + 1), ERR_NONE},
		{"exp", json_integer(now + 86400 + LEEWAY_S), ERR_NONE},
		{"exp", json_integer(now + 86400 + LEEWAY_S + 1),
		 ERR_UNAUTHENTICATED},
		{"nbf", json_integer(now + LEEWAY_S), ERR_NONE},
		{"nbf", json_integer(now + LEEWAY_S + 1), ERR_UNAUTHENTICATED},
		{"iat", json_integer(now + LEEWAY_S + 1), ERR_UNAUTHENTICATED},
		{"iat", NULL, ERR_UNAUTHENTICATED},
	};

	open_all();
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		json_t *claims = good_claims();

		if (changes[i].value)
			json_object_set_new(claims, changes[i].name,
					    changes[i].value);
		else
			json_object_del(claims, changes[i].name);
		enum err_code got = verify(key, "one", claims);
		if (got != changes[i].want)
			fprintf(stderr, "case %zu: %s\n", i, last.text);
		CHECK(got == changes[i].want);
		CHECK(got == ERR_NONE || last.text[0] != '\0');
	}
	close_all();
}

static void test_too_many_claims(void)
{
	json_t *claims = good_claims();
	json_t *list = json_array();
	char name[16];

	open_all();
	for (int i = 0; i < OIDC_CLAIM_KEYS_MAX - 5; i++) {
		snprintf(name, sizeof(name), "c%d", i);
		json_object_set_new(claims, name, json_integer(1));
	}
	CHECK(verify(key, "one", json_incref(claims)) == ERR_NONE);
	json_object_set_new(claims, "one-more", json_integer(1));
	CHECK(verify(key, "one", claims) == ERR_UNAUTHENTICATED);
	for (int i = 0; i < OIDC_CLAIM_KEYS_MAX; i++)
		json_array_append_new(list, json_string("x"));
	claims = good_claims();
	json_object_set_new(claims, "list", list);
	CHECK(verify(key, "one", claims) == ERR_UNAUTHENTICATED);
	close_all();
}

/* ---- signatures ---- */

static void test_what_the_issuer_did_not_sign(void)
{
	static const char *const heads[] = {
		"eyJhbGciOiJub25lIn0",			/* {"alg":"none"} */
		"eyJhbGciOiJIUzI1NiIsImtpZCI6Im9uZSJ9", /* HS256, "one" */
		"eyJhbGciOiJSUzI1NiIsImtpZCI6Im9uZSJ9", /* RS256, "one" */
	};
	CLEANUP(oidc_identity_release)
	struct oidc_identity identity = {.key_count = 0};
	CLEANUP(buf_release) struct buf token = BUF_INIT(JWT_BYTES_MAX);
	CLEANUP(buf_release) struct buf other = BUF_INIT(JWT_BYTES_MAX);
	CLEANUP(jsonx_unref) json_t *claims = good_claims();
	struct jwt_key *stranger = new_key();
	struct span head = {0};
	struct span rest = {0};

	open_all();
	CHECK(verify(stranger, "one", good_claims()) == ERR_UNAUTHENTICATED);
	CHECK(verify(stranger, "two", good_claims()) == ERR_UNAUTHENTICATED);
	make(key, "one", claims, &token);
	CHECK(span_cut(buf_span(&token), '.', &head, &rest));
	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		buf_clear(&other);
		buf_appendf(&other, "%s.%.*s", heads[i], SPAN_ARG(rest));
		CHECK(verify_text(buf_span(&other), &identity) ==
		      ERR_UNAUTHENTICATED);
		buf_clear(&other);
		CHECK(span_cut_last(rest, '.', &head, &(struct span){0}));
		buf_appendf(&other, "%s.%.*s.", heads[i], SPAN_ARG(head));
		CHECK(verify_text(buf_span(&other), &identity) ==
		      ERR_UNAUTHENTICATED);
	}
	for (size_t i = 0; i < token.len; i += 7) {
		char kept = token.data[i];

		token.data[i] = kept == 'A' ? 'B' : 'A';
		CHECK(verify_text(buf_span(&token), &identity) ==
		      ERR_UNAUTHENTICATED);
		token.data[i] = kept;
	}
	CHECK(verify_text(buf_span(&token), &identity) == ERR_NONE);
	CHECK(verify_text(SPAN_LIT(""), &identity) == ERR_UNAUTHENTICATED);
	CHECK(verify_text(SPAN_LIT("a.b.c"), &identity) == ERR_UNAUTHENTICATED);
	jwt_key_unref(stranger);
	close_all();
}

static void test_a_token_without_key_id_needs_an_only_key(void)
{
	struct jwt_key *second = new_key();
	CLEANUP(buf_release) struct buf more = BUF_INIT(4096);
	CLEANUP(jsonx_unref) json_t *jwk = jwt_key_to_jwk(second);
	struct err err = ERR_INIT;

	open_all();
	publish(key, NULL, "");
	CHECK(verify(key, "", good_claims()) == ERR_NONE);
	start_anew();
	CHECK(jsonx_dump(jwk, &more, &err) == 0);
	buf_append_char(&more, ',');
	publish(key, NULL, buf_text(&more));
	CHECK(verify(key, "", good_claims()) == ERR_UNAUTHENTICATED);
	jwt_key_unref(second);
	close_all();
}

/* ---- what issuers publish ---- */

static void test_an_issuer_that_cannot_be_used(void)
{
	static const char *const configurations[] = {
		"",
		"[]",
		"{}",
		"{\"issuer\":\"" ISSUER "\"}",
		"{\"issuer\":\"" ISSUER "\",\"jwks_uri\":1}",
		"{\"issuer\":\"" ISSUER "\",\"jwks_uri\":\"https://x/\"}",
		"{\"issuer\":\"https://id.example/b\",\"jwks_uri\":\"" KEYS
		"\"}",
		"{\"issuer\":\"" ISSUER "/\",\"jwks_uri\":\"" KEYS "\"}",
		"{\"jwks_uri\":\"" KEYS "\"}",
		"<html>",
	};
	static const char *const documents[] = {
		"",
		"{}",
		"[]",
		"{\"keys\":{}}",
		"{\"keys\":[]}",
		"{\"keys\":[1, {}, {\"kty\":\"oct\",\"k\":\"AAAA\"}]}",
		"{\"keys\":[],\"keys\":[]}",
	};

	char good[sizeof(configuration)];

	open_all();
	memcpy(good, configuration, sizeof(good));
	for (size_t i = 0; i < sizeof(configurations) / sizeof(char *); i++) {
		start_anew();
		snprintf(configuration, sizeof(configuration), "%s",
			 configurations[i]);
		CHECK(verify(key, "one", good_claims()) == ERR_UNAVAILABLE);
	}
	memcpy(configuration, good, sizeof(good));
	for (size_t i = 0; i < sizeof(documents) / sizeof(char *); i++) {
		start_anew();
		buf_clear(&jwks);
		buf_append_text(&jwks, documents[i]);
		CHECK(verify(key, "one", good_claims()) == ERR_UNAVAILABLE);
	}
	close_all();
}

static void test_keys_of_no_use_are_passed_over(void)
{
	open_all();
	publish(key, "one",
		"{\"kty\":\"oct\",\"k\":\"AAAA\",\"kid\":\"one\"},"
		"{\"kty\":\"EC\",\"crv\":\"P-521\",\"kid\":\"one\"},"
		"{\"kty\":\"new\"},7,");
	CHECK(verify(key, "one", good_claims()) == ERR_NONE);
	close_all();
}

static void test_a_row_says_where_keys_are(void)
{
	struct meta_issuer other = row;

	open_all();
	configuration[0] = '\0';
	CHECK(verify(key, "one", good_claims()) == ERR_UNAVAILABLE);
	/* At once: what was tried by other settings does not count. */
	snprintf(other.jwks_url, sizeof(other.jwks_url), KEYS);
	snprintf(other.ca_file, sizeof(other.ca_file), "/etc/ca.pem");
	other.private_addresses = true;
	meta_fixture_write(meta, put, &other);
	CHECK(verify(key, "one", good_claims()) == ERR_NONE);
	CHECK(private_addresses);
	CHECK_TEXT(ca_file, "/etc/ca.pem");
	other.audiences[0] = 'x';
	meta_fixture_write(meta, put, &other);
	CHECK(verify(key, "one", good_claims()) == ERR_UNAUTHENTICATED);
	close_all();
}

/* ---- how often, and how long ---- */

static void pass(int64_t ms)
{
	atomic_fetch_add(&meta_fixture_ms, ms);
}

/* Of the time that it is now. */
static json_t *claims_now(void)
{
	json_int_t now = atomic_load(&meta_fixture_ms) / 1000;
	json_t *claims = good_claims();

	json_object_set_new(claims, "iat", json_integer(now));
	json_object_set_new(claims, "exp", json_integer(now + 300));
	return claims;
}

static void test_keys_are_kept(void)
{
	open_all();
	atomic_store(&fetches, 0);
	for (int i = 0; i < 3; i++)
		CHECK(verify(key, "one", good_claims()) == ERR_NONE);
	CHECK(atomic_load(&fetches) == 1);
	pass(HOUR_MS - 1);
	CHECK(verify(key, "one", claims_now()) == ERR_NONE);
	CHECK(atomic_load(&fetches) == 1);
	pass(1);
	CHECK(verify(key, "one", claims_now()) == ERR_NONE);
	CHECK(atomic_load(&fetches) == 2);
	close_all();
}

static void test_an_unknown_key_is_asked_for_once_a_minute(void)
{
	struct jwt_key *second = new_key();

	open_all();
	atomic_store(&fetches, 0);
	CHECK(verify(key, "one", good_claims()) == ERR_NONE);
	publish(second, "two", "");
	for (int i = 0; i < 5; i++)
		CHECK(verify(second, "two", good_claims()) ==
		      ERR_UNAUTHENTICATED);
	CHECK(atomic_load(&fetches) == 1);
	pass(MINUTE_MS);
	CHECK(verify(second, "two", claims_now()) == ERR_NONE);
	CHECK(atomic_load(&fetches) == 2);
	/* The old one is gone with it. */
	CHECK(verify(key, "one", claims_now()) == ERR_UNAUTHENTICATED);
	CHECK(atomic_load(&fetches) == 2);
	jwt_key_unref(second);
	close_all();
}

static void test_an_issuer_that_is_down_is_trusted_for_a_day(void)
{
	open_all();
	atomic_store(&fetches, 0);
	CHECK(verify(key, "one", good_claims()) == ERR_NONE);
	failure = ERR_TIMEOUT;
	pass(24 * HOUR_MS - 1);
	CHECK(verify(key, "one", claims_now()) == ERR_NONE);
	CHECK(atomic_load(&fetches) == 1);
	pass(1);
	CHECK(verify(key, "one", claims_now()) == ERR_UNAVAILABLE);
	pass(MINUTE_MS);
	CHECK(verify(key, "one", claims_now()) == ERR_UNAVAILABLE);
	failure = ERR_NONE;
	CHECK(verify(key, "one", claims_now()) == ERR_UNAVAILABLE);
	pass(MINUTE_MS);
	CHECK(verify(key, "one", claims_now()) == ERR_NONE);
	close_all();
}

/* ---- many at once ---- */

static void *verify_once(void *context)
{
	atomic_int *right = context;

	CLEANUP(oidc_identity_release)
	struct oidc_identity identity = {.key_count = 0};
	CLEANUP(buf_release) struct buf token = BUF_INIT(JWT_BYTES_MAX);
	CLEANUP(jsonx_unref) json_t *claims = good_claims();
	struct err err = ERR_INIT;

	make(key, "one", claims, &token);
	if (oidc_verify(oidc, buf_span(&token), &identity, &err) == 0)
		atomic_fetch_add(right, 1);
	return NULL;
}

static void test_many_at_once_fetch_once(void)
{
	pthread_t threads[8];
	atomic_int right = 0;

	open_all();
	atomic_store(&fetches, 0);
	for (size_t i = 0; i < 8; i++)
		CHECK(pthread_create(&threads[i], NULL, verify_once, &right) ==
		      0);
	for (size_t i = 0; i < 8; i++)
		pthread_join(threads[i], NULL);
	CHECK(atomic_load(&right) == 8);
	CHECK(atomic_load(&fetches) == 1);
	close_all();
}

/* More issuers than there are places for: each is still served. */
static void test_more_issuers_than_places(void)
{
	struct meta_issuer other = row;

	open_all();
	snprintf(other.jwks_url, sizeof(other.jwks_url), KEYS);
	for (int i = 0; i < 100; i++) {
		json_t *claims = good_claims();

		snprintf(other.url, sizeof(other.url), "https://i%d.example",
			 i);
		meta_fixture_write(meta, put, &other);
		json_object_set_new(claims, "iss", json_string(other.url));
		CHECK(verify(key, "one", claims) == ERR_NONE);
		pass(1);
	}
	close_all();
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(test_a_good_token_says_who_it_speaks_of),
		CHECK_CASE(test_azp_stands_for_the_audience),
		CHECK_CASE(test_claims_that_do_not_hold),
		CHECK_CASE(test_too_many_claims),
		CHECK_CASE(test_what_the_issuer_did_not_sign),
		CHECK_CASE(test_a_token_without_key_id_needs_an_only_key),
		CHECK_CASE(test_an_issuer_that_cannot_be_used),
		CHECK_CASE(test_keys_of_no_use_are_passed_over),
		CHECK_CASE(test_a_row_says_where_keys_are),
		CHECK_CASE(test_keys_are_kept),
		CHECK_CASE(test_an_unknown_key_is_asked_for_once_a_minute),
		CHECK_CASE(test_an_issuer_that_is_down_is_trusted_for_a_day),
		CHECK_CASE(test_many_at_once_fetch_once),
		CHECK_CASE(test_more_issuers_than_places),
	};

	return SQL_FIXTURE_RUN(argc, argv, cases);
}
