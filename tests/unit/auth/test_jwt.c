/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/jwt.h"

#include <openssl/ecdsa.h>
#include <openssl/hmac.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/enc.h"
#include "base/err.h"
#include "base/jsonx.h"
#include "tests/lib/check.h"
#include "tests/unit/auth/jwt_vectors.h"

static json_t *parse(const char *text)
{
	struct err err = ERR_INIT;
	json_t *json = NULL;

	CHECK(jsonx_parse(span_of(text), 64, &json, &err) == 0);
	return json;
}

static struct jwt_key *key_of(const char *jwk)
{
	json_t *json = parse(jwk);
	struct jwt_key *key = NULL;
	struct err err = ERR_INIT;

	CHECK(jwt_key_from_jwk(json, &key, &err) == 0);
	json_decref(json);
	return key;
}

static struct jwt_key *own_key(void)
{
	struct jwt_key *key = NULL;
	struct err err = ERR_INIT;

	CHECK(jwt_key_generate(&key, &err) == 0);
	return key;
}

/* ERR_NONE if it is right.  The token lies in memory of its exact size. */
static enum err_code verify(const struct jwt_key *key, struct span token)
{
	char *copy = malloc(token.len ? token.len : 1);
	struct err err = ERR_INIT;
	json_t *claims = NULL;

	CHECK(copy);
	memcpy(copy, token.text, token.len);
	int rc = jwt_verify(key, span_make(copy, token.len), &claims, &err);
	free(copy);
	CHECK((rc == 0) == (err.code == ERR_NONE) && (rc == 0) == !!claims);
	json_decref(claims);
	return err.code;
}

/* ---- what others made ---- */

static void test_verifies_what_others_signed(void)
{
	static const struct {
		const char *jwk;
		const char *token;
		enum jwt_algorithm algorithm;
	} cases[] = {
		{RS256_KEY, RS256_TOKEN, JWT_RS256},
		{ES256_KEY, ES256_TOKEN, JWT_ES256},
		{ES384_KEY, ES384_TOKEN, JWT_ES384},
		{EDDSA_KEY, EDDSA_TOKEN, JWT_EDDSA},
		{PS256_KEY, PS256_TOKEN, JWT_PS256},
	};
	const size_t count = sizeof(cases) / sizeof(cases[0]);

	for (size_t i = 0; i < count; i++) {
		struct jwt_key *key = key_of(cases[i].jwk);

		CHECK(jwt_key_algorithm(key) == cases[i].algorithm);
		for (size_t j = 0; j < count; j++)
			CHECK(verify(key, span_of(cases[j].token)) ==
			      (i == j ? ERR_NONE : ERR_UNAUTHENTICATED));
		jwt_key_unref(key);
	}
}

/* A key is good for one algorithm: not for another of the same family, nor for
 * a salt of another length. */
static void test_a_key_has_one_algorithm(void)
{
	struct jwt_key *key = key_of(PS256_KEY);

	CHECK(verify(key, span_of(PS256_KEY_RS256)) == ERR_UNAUTHENTICATED);
	CHECK(verify(key, span_of(PS256_LONG_SALT)) == ERR_UNAUTHENTICATED);
	jwt_key_unref(key);
}

static void test_every_change_of_a_token_is_seen(void)
{
	static const char *const cases[][2] = {{ES256_KEY, ES256_TOKEN},
					       {EDDSA_KEY, EDDSA_TOKEN}};

	for (size_t i = 0; i < 2; i++) {
		struct jwt_key *key = key_of(cases[i][0]);
		char *token = strdup(cases[i][1]);
		size_t len = strlen(token);

		for (size_t at = 0; at < len; at++) {
			char kept = token[at];

			token[at] = kept == 'A' ? 'B' : 'A';
			CHECK(verify(key, span_of(token)) ==
			      ERR_UNAUTHENTICATED);
			token[at] = kept;
			CHECK(verify(key, span_make(token, at)) ==
			      ERR_UNAUTHENTICATED);
		}
		CHECK(verify(key, span_of(token)) == ERR_NONE);
		free(token);
		jwt_key_unref(key);
	}
}

static void check_thumbprint(const char *jwk, const char *want)
{
	struct jwt_key *key = key_of(jwk);
	char text[JWT_THUMBPRINT_SIZE];
	struct err err = ERR_INIT;

	CHECK(jwt_key_thumbprint(key, text, &err) == 0);
	CHECK_TEXT(text, want);
	jwt_key_unref(key);
}

static void test_thumbprints_are_those_of_the_standard(void)
{
	check_thumbprint(THUMB_KEY, THUMB);
	check_thumbprint(EDDSA_RFC_KEY, EDDSA_THUMB);
}

/* What is published reads back as the same key. */
static void test_every_kind_is_published(void)
{
	static const char *const jwks[] = {RS256_KEY, ES256_KEY, ES384_KEY,
					   EDDSA_KEY, PS256_KEY};

	for (size_t i = 0; i < sizeof(jwks) / sizeof(jwks[0]); i++) {
		CLEANUP(buf_release) struct buf text = BUF_INIT(65536);
		struct jwt_key *key = key_of(jwks[i]);
		char before[JWT_THUMBPRINT_SIZE];
		struct err err = ERR_INIT;
		json_t *jwk = jwt_key_to_jwk(key);

		CHECK(jwt_key_thumbprint(key, before, &err) == 0);
		CHECK(jwk && jsonx_dump(jwk, &text, &err) == 0);
		check_thumbprint(buf_text(&text), before);
		CHECK(!json_object_get(jwk, "d"));
		CHECK(!json_object_get(jwk, "kid"));
		json_decref(jwk);
		jwt_key_unref(key);
	}
}

#define X256 "\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\""
#define Y256 "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\""
#define X25519 "\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\""
#define EC256 "\"kty\":\"EC\",\"crv\":\"P-256\","

static void test_refuses_keys_that_it_does_not_take(void)
{
	static const char *const refused[] = {
		"[]",
		"{}",
		"{\"kty\":\"oct\",\"k\":\"c2VjcmV0\"}",
		"{\"kty\":\"oct\"}",
		RSA_1024_KEY,
		"{" EC256 X256 "}",
		"{" EC256 X256 "," X256 "}",
		"{" EC256 X256 ",\"y\":\"AA\"}",
		"{" EC256 "\"x\":\"\",\"y\":\"\"}",
		"{" EC256 "\"x\":5," Y256 "}",
		"{" EC256 X256 "," Y256 ",\"d\":\"AA\"}",
		"{" EC256 X256 "," Y256 ",\"use\":\"enc\"}",
		"{" EC256 X256 "," Y256 ",\"use\":5}",
		"{" EC256 X256 "," Y256 ",\"alg\":\"ES384\"}",
		"{" EC256 X256 "," Y256 ",\"alg\":\"HS256\"}",
		"{" EC256 X256 "," Y256 ",\"alg\":null}",
		"{\"kty\":\"EC\",\"crv\":\"secp256k1\"," X256 "," Y256 "}",
		"{\"kty\":\"EC\",\"crv\":\"P-384\"," X256 "," Y256 "}",
		"{\"kty\":\"EC\"," X256 "," Y256 "}",
		"{\"kty\":\"OKP\",\"crv\":\"X25519\"," X25519 "}",
		"{\"kty\":\"OKP\",\"crv\":\"Ed448\"," X25519 "}",
		"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AAAA\"}",
		"{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\"}",
		"{\"kty\":\"RSA\",\"e\":\"AQAB\"}",
	};

	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		/* Duplicate keys are the parser's to refuse, not ours. */
		json_t *jwk = json_loads(refused[i], 0, NULL);
		struct jwt_key *key = NULL;
		struct err err = ERR_INIT;

		CHECK(jwk);
		CHECK(jwt_key_from_jwk(jwk, &key, &err) == -1 && !key);
		CHECK(err.code == ERR_UNSUPPORTED);
		json_decref(jwk);
	}
}

/* RSA with an odd exponent: 1 would make every text its own signature. */
static void test_refuses_exponents_that_sign_nothing(void)
{
	static const char *const exponents[] = {"AQ", "Ag", "", "AA",
						"AQAAAAAB"};

	for (size_t i = 0; i < sizeof(exponents) / sizeof(exponents[0]); i++) {
		json_t *jwk = parse(RS256_KEY);
		struct jwt_key *key = NULL;
		struct err err = ERR_INIT;

		json_object_set_new(jwk, "e", json_string(exponents[i]));
		CHECK(jwt_key_from_jwk(jwk, &key, &err) == -1);
		CHECK(err.code == ERR_UNSUPPORTED);
		json_decref(jwk);
	}
}

/* ---- our own ---- */

static void sign(const struct jwt_key *key, const char *claims, struct buf *out)
{
	json_t *json = parse(claims);
	struct err err = ERR_INIT;

	CHECK(jwt_sign(key, SPAN_LIT("k1"), json, out, &err) == 0);
	json_decref(json);
}

static void test_signs_what_it_verifies(void)
{
	struct jwt_key *key = own_key();
	struct jwt_key *other = own_key();

	/* Halves with leading zeros come up about once in 128. */
	for (int i = 0; i < 400; i++) {
		CLEANUP(buf_release) struct buf token = BUF_INIT(4096);
		struct jwt_head head;
		struct err err = ERR_INIT;
		json_t *claims = NULL;

		sign(key, "{\"sub\":\"me\",\"n\":1}", &token);
		CHECK(jwt_read_head(buf_span(&token), &head, &err) == 0);
		CHECK_TEXT(head.kid, "k1");
		CHECK(head.algorithm == JWT_ES256);
		CHECK(jwt_verify(key, buf_span(&token), &claims, &err) == 0);
		CHECK(json_object_size(claims) == 2);
		json_decref(claims);
		CHECK(verify(other, buf_span(&token)) == ERR_UNAUTHENTICATED);
	}
	jwt_key_unref(key);
	jwt_key_unref(other);
}

static void test_a_token_has_a_largest_size(void)
{
	CLEANUP(buf_release) struct buf claims = BUF_INIT(30000);
	CLEANUP(buf_release) struct buf token = BUF_INIT(100000);
	struct jwt_key *key = own_key();
	struct err err = ERR_INIT;

	buf_append_text(&claims, "{\"a\":\"");
	while (claims.len < 12500)
		buf_append_char(&claims, 'x');
	buf_append_text(&claims, "\"}");
	json_t *json = parse(buf_text(&claims));
	CHECK(jwt_sign(key, SPAN_LIT("k"), json, &token, &err) == -1);
	CHECK(err.code == ERR_TOO_LARGE && token.len == 0);
	json_decref(json);
	jwt_key_unref(key);
}

static void test_a_private_key_comes_back(void)
{
	CLEANUP(buf_wipe) struct buf der = BUF_INIT(4096);
	CLEANUP(buf_release) struct buf token = BUF_INIT(4096);
	struct jwt_key *key = own_key();
	struct jwt_key *again = NULL;
	struct err err = ERR_INIT;

	CHECK(jwt_key_export(key, &der, &err) == 0);
	CHECK(jwt_key_import(buf_span(&der), &again, &err) == 0);
	sign(again, "{}", &token);
	CHECK(verify(key, buf_span(&token)) == ERR_NONE);
	jwt_key_unref(again);
	again = NULL;
	for (size_t len = 0; len < der.len; len++) {
		err_clear(&err);
		CHECK(jwt_key_import(span_make(der.data, len), &again, &err) ==
		      -1);
		CHECK(err.code == ERR_CORRUPT && !again);
	}
	buf_append_char(&der, 'x');
	err_clear(&err);
	CHECK(jwt_key_import(buf_span(&der), &again, &err) == -1);
	jwt_key_unref(key);
}

/* ---- A1 ---- */

static void add_part(struct buf *token, const char *text)
{
	if (token->len > 0)
		buf_append_char(token, '.');
	enc_base64url(text, strlen(text), token);
}

/* A head of the forger's choice over right claims; signed by HMAC, as one who
 * has only the public key can. */
static void forge(const char *head, const char *claims, const char *secret,
		  struct buf *token)
{
	unsigned char mac[32];
	unsigned len = 0;

	buf_clear(token);
	add_part(token, head);
	add_part(token, claims);
	CHECK(HMAC(EVP_sha256(), secret, (int)strlen(secret),
		   (const unsigned char *)token->data, token->len, mac, &len));
	buf_append_char(token, '.');
	enc_base64url(mac, len, token);
}

/* The head of a right token is replaced: the signature holds no more, and the
 * key stays the one that we hold. */
static void test_a1_a_head_chooses_neither_key_nor_algorithm(void)
{
	static const char *const heads[] = {
		"{\"alg\":\"none\"}",
		"{\"alg\":\"None\",\"kid\":\"k1\"}",
		"{\"alg\":\"nOnE\",\"kid\":\"k1\",\"typ\":\"JWT\"}",
		"{\"alg\":\"\",\"kid\":\"k1\"}",
		"{\"kid\":\"k1\"}",
		"{\"alg\":null}",
		"{\"alg\":[\"ES256\"]}",
		"{\"alg\":\"es256\"}",
		"{\"alg\":\"HS256\",\"kid\":\"k1\"}",
		"{\"alg\":\"HS512\",\"kid\":\"k1\"}",
		"{\"alg\":\"ES256\",\"jwk\":" ES256_KEY "}",
		"{\"alg\":\"ES256\",\"kid\":\"k1\",\"jwk\":" ES256_KEY "}",
		"{\"alg\":\"ES256\",\"x5c\":[\"MIIB\"]}",
		"{\"alg\":\"ES256\",\"jku\":\"https://evil.example/keys\"}",
		"{\"alg\":\"ES256\",\"x5u\":\"https://evil.example/cert\"}",
		"{\"alg\":\"ES384\",\"kid\":\"k1\"}",
		"{\"alg\":\"RS256\",\"kid\":\"k1\"}",
		"{\"alg\":\"ES256\",\"crit\":[\"exp\"]}",
		"{\"alg\":\"ES256\",\"alg\":\"ES256\"}",
		"{\"alg\":\"ES256\",\"kid\":\"k1\",\"kid\":\"k2\"}",
		"{\"alg\":\"ES256\",\"typ\":\"JWE\"}",
		"[]",
		"",
	};
	CLEANUP(buf_release) struct buf token = BUF_INIT(65536);
	CLEANUP(buf_release) struct buf mine = BUF_INIT(65536);
	struct jwt_key *key = key_of(ES256_KEY);
	struct jwt_key *attacker = own_key();
	struct span rest = {0};
	struct span head = {0};

	sign(attacker, "{\"sub\":\"admin\"}", &mine);
	CHECK(span_cut(buf_span(&mine), '.', &head, &rest));
	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		forge(heads[i], "{\"sub\":\"admin\"}", ES256_KEY, &token);
		CHECK(verify(key, buf_span(&token)) == ERR_UNAUTHENTICATED);
		/* Without any signature, and with one over another head. */
		token.len =
			(size_t)((char *)memrchr(token.data, '.', token.len) -
				 token.data) +
			1;
		CHECK(verify(key, buf_span(&token)) == ERR_UNAUTHENTICATED);
		buf_clear(&token);
		add_part(&token, heads[i]);
		buf_append_char(&token, '.');
		buf_append_span(&token, rest);
		CHECK(verify(key, buf_span(&token)) == ERR_UNAUTHENTICATED);
	}
	jwt_key_unref(attacker);
	jwt_key_unref(key);
}

/* Other signatures of the right size: zeros, the order of the curve. */
static void test_a1_degenerate_signatures_are_none(void)
{
	static const char *const order = "ffffffff00000000ffffffffffffffff"
					 "bce6faada7179e84f3b9cac2fc632551";
	struct jwt_key *key = key_of(ES256_KEY);
	uint8_t halves[3][32] = {{0}, {0}, {0}};
	struct err err = ERR_INIT;

	halves[1][31] = 1;
	CHECK(enc_unhex(span_of(order), halves[2], 32, &err) == 0);
	for (int i = 0; i < 9; i++) {
		CLEANUP(buf_release) struct buf token = BUF_INIT(4096);
		uint8_t raw[64];

		memcpy(raw, halves[i / 3], 32);
		memcpy(raw + 32, halves[i % 3], 32);
		add_part(&token, "{\"alg\":\"ES256\"}");
		add_part(&token, "{}");
		buf_append_char(&token, '.');
		enc_base64url(raw, sizeof(raw), &token);
		CHECK(verify(key, buf_span(&token)) == ERR_UNAUTHENTICATED);
	}
	jwt_key_unref(key);
}

static void test_a1_other_encodings_of_a_right_token_are_none(void)
{
	CLEANUP(buf_release) struct buf token = BUF_INIT(4096);
	struct jwt_key *key = own_key();

	sign(key, "{\"sub\":\"me\"}", &token);
	CHECK(verify(key, buf_span(&token)) == ERR_NONE);
	static const char *const behind[] = {"=",  "==", ".",	 " ",
					     "\n", "A",	 ".eyJ9"};
	size_t len = token.len;

	for (size_t i = 0; i < sizeof(behind) / sizeof(behind[0]); i++) {
		token.len = len;
		buf_append_text(&token, behind[i]);
		CHECK(verify(key, buf_span(&token)) == ERR_UNAUTHENTICATED);
	}
	token.len = len;
	/* The last character of 64 bytes holds two bits: the other four count,
	 * too. */
	token.data[len - 1]++;
	CHECK(verify(key, buf_span(&token)) == ERR_UNAUTHENTICATED);
	jwt_key_unref(key);
}

/* Any bytes, signed by the right key. */
static void sign_bytes(const struct jwt_key *key, const char *head,
		       struct span claims, struct buf *token)
{
	CLEANUP(buf_wipe) struct buf der = BUF_INIT(4096);
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	unsigned char made[128];
	unsigned char raw[64];
	const unsigned char *at = made;
	size_t len = sizeof(made);
	struct err err = ERR_INIT;

	CHECK(md && jwt_key_export(key, &der, &err) == 0);
	const unsigned char *from = (const unsigned char *)der.data;
	EVP_PKEY *pkey = d2i_AutoPrivateKey(NULL, &from, (long)der.len);
	buf_clear(token);
	add_part(token, head);
	buf_append_char(token, '.');
	enc_base64url(claims.text, claims.len, token);
	CHECK(EVP_DigestSignInit(md, NULL, EVP_sha256(), NULL, pkey) == 1);
	CHECK(EVP_DigestSign(md, made, &len, (unsigned char *)token->data,
			     token->len) == 1);
	ECDSA_SIG *signature = d2i_ECDSA_SIG(NULL, &at, (long)len);
	CHECK(signature);
	BN_bn2binpad(ECDSA_SIG_get0_r(signature), raw, 32);
	BN_bn2binpad(ECDSA_SIG_get0_s(signature), raw + 32, 32);
	buf_append_char(token, '.');
	enc_base64url(raw, sizeof(raw), token);
	ECDSA_SIG_free(signature);
	EVP_PKEY_free(pkey);
	EVP_MD_CTX_free(md);
}

static void test_a1_signed_parts_are_read_strictly(void)
{
	static const struct {
		const char *head;
		struct span claims;
		bool good;
	} cases[] = {
		{"{\"alg\":\"ES256\"}", {"{}", 2}, true},
		{"{\"alg\":\"ES256\",\"typ\":\"jwt\"}", {"{}", 2}, true},
		{"{\"alg\":\"ES256\"}", {"[]", 2}, false},
		{"{\"alg\":\"ES256\"}", {"", 0}, false},
		{"{\"alg\":\"ES256\"}", {"{} ", 3}, true},
		{"{\"alg\":\"ES256\"}", {"{}x", 3}, false},
		{"{\"alg\":\"ES256\"}", {"{}\0", 3}, false},
		{"{\"alg\":\"ES256\"}",
		 {"{\"access\":[],\"access\":[]}", 25},
		 false},
		{"{\"alg\":\"ES256\"}", {"{\"sub\":\"\xff\"}", 11}, false},
		{"{\"alg\":\"ES256\"}",
		 {"{\"exp\":99999999999999999999}", 28},
		 false},
		{"{\"alg\":\"ES256\",\"alg\":\"ES256\"}", {"{}", 2}, false},
		{"{\"alg\":\"ES256\",\"kid\":\"a\",\"kid\":\"b\"}",
		 {"{}", 2},
		 false},
		{"{\"alg\":\"ES256\",\"kid\":5}", {"{}", 2}, false},
		{"{\"alg\":\"ES256\",\"typ\":null}", {"{}", 2}, false},
		{"{\"alg\":\"ES256\",\"crit\":[\"exp\"]}", {"{}", 2}, false},
		{"{\"alg\":\"ES256\",\"typ\":\"JWE\"}", {"{}", 2}, false},
		{"{\"alg\":\"HS256\"}", {"{}", 2}, false},
		{"{\"alg\":\"ES384\"}", {"{}", 2}, false},
		{"{\"alg\":\"none\"}", {"{}", 2}, false},
		{"[]", {"{}", 2}, false},
	};
	CLEANUP(buf_release) struct buf token = BUF_INIT(65536);
	struct jwt_key *key = own_key();

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		sign_bytes(key, cases[i].head, cases[i].claims, &token);
		enum err_code code = verify(key, buf_span(&token));

		if ((code == ERR_NONE) != cases[i].good)
			fprintf(stderr, "case %zu\n", i);
		CHECK(code == (cases[i].good ? ERR_NONE : ERR_UNAUTHENTICATED));
	}
	jwt_key_unref(key);
}

/* The right key is no reason to recurse without end. */
static void test_a1_signed_claims_may_not_be_deep(void)
{
	CLEANUP(buf_release) struct buf deep = BUF_INIT(30000);
	CLEANUP(buf_release) struct buf token = BUF_INIT(65536);
	struct jwt_key *key = own_key();

	buf_append_text(&deep, "{\"x\":");
	for (int i = 0; i < 5000; i++)
		buf_append_char(&deep, '[');
	for (int i = 0; i < 5000; i++)
		buf_append_char(&deep, ']');
	buf_append_char(&deep, '}');
	sign_bytes(key, "{\"alg\":\"ES256\"}", buf_span(&deep), &token);
	CHECK(token.len < JWT_BYTES_MAX);
	CHECK(verify(key, buf_span(&token)) == ERR_UNAUTHENTICATED);
	jwt_key_unref(key);
}

static void test_a1_huge_and_deep_tokens_cost_nothing(void)
{
	CLEANUP(buf_release) struct buf deep = BUF_INIT(30000);
	CLEANUP(buf_release) struct buf token = BUF_INIT(2 << 20);
	struct jwt_key *key = key_of(ES256_KEY);
	struct jwt_head head;
	struct err err = ERR_INIT;

	buf_append_text(&deep, "{\"alg\":\"ES256\",\"x\":");
	while (deep.len < 10000)
		buf_append_char(&deep, '[');
	while (deep.len < 20000)
		buf_append_char(&deep, ']');
	buf_append_char(&deep, '}');
	enc_base64url(deep.data, deep.len, &token);
	token.len = 12000;
	buf_append_text(&token, ".e30.AAAA");
	CHECK(jwt_read_head(buf_span(&token), &head, &err) == -1);
	CHECK(err.code == ERR_INVALID);
	CHECK(verify(key, buf_span(&token)) == ERR_UNAUTHENTICATED);
	buf_clear(&token);
	buf_append_text(&token, "eyJhbGciOiJFUzI1NiJ9.");
	while (token.len < 1 << 20)
		buf_append_char(&token, 'A');
	buf_append_text(&token, ".AAAA");
	CHECK(verify(key, buf_span(&token)) == ERR_UNAUTHENTICATED);
	jwt_key_unref(key);
}

static void test_a1_a_key_id_is_bounded(void)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT(4096);
	CLEANUP(buf_release) struct buf token = BUF_INIT(4096);
	struct jwt_head head;
	struct err err = ERR_INIT;

	buf_append_text(&text, "{\"alg\":\"ES256\",\"kid\":\"");
	for (int i = 0; i < 256; i++)
		buf_append_char(&text, 'k');
	buf_append_text(&text, "\"}");
	forge(buf_text(&text), "{}", "", &token);
	CHECK(jwt_read_head(buf_span(&token), &head, &err) == 0);
	CHECK(strlen(head.kid) == 256);
	text.len -= 2;
	buf_append_text(&text, "k\"}");
	forge(buf_text(&text), "{}", "", &token);
	CHECK(jwt_read_head(buf_span(&token), &head, &err) == -1);
	CHECK(err.code == ERR_INVALID);
}

/* ---- claims ---- */

#define NOW 1000000

static bool in_time(const char *claims)
{
	struct err err = ERR_INIT;
	json_t *json = parse(claims);
	int rc = jwt_check_times(json, NOW, 5, 300, &err);

	json_decref(json);
	CHECK(rc == 0 || err.code == ERR_UNAUTHENTICATED);
	return rc == 0;
}

static void test_a1_times_are_checked(void)
{
	static const struct {
		const char *claims;
		bool good;
	} cases[] = {
		{"{\"exp\":1000001}", true},
		{"{\"exp\":1000000.5}", true},
		{"{\"exp\":999996}", true},
		{"{\"exp\":999995}", false},
		{"{\"exp\":999995.1}", true},
		{"{\"exp\":1000305}", true},
		{"{\"exp\":1000306}", false},
		{"{\"exp\":9223372036854775807}", false},
		{"{\"exp\":1e300}", false},
		{"{\"exp\":-1}", false},
		{"{\"exp\":-1e300}", false},
		{"{\"exp\":0}", false},
		{"{}", false},
		{"{\"exp\":null}", false},
		{"{\"exp\":\"1000100\"}", false},
		{"{\"exp\":true}", false},
		{"{\"exp\":[1000100]}", false},
		{"{\"exp\":1000100,\"nbf\":1000005}", true},
		{"{\"exp\":1000100,\"nbf\":1000006}", false},
		{"{\"exp\":1000100,\"nbf\":\"0\"}", false},
		{"{\"exp\":1000100,\"nbf\":1e300}", false},
		{"{\"exp\":1000100,\"iat\":1000005}", true},
		{"{\"exp\":1000100,\"iat\":1000006}", false},
		{"{\"exp\":1000100,\"iat\":{}}", false},
		{"{\"exp\":1000100,\"nbf\":-5,\"iat\":0}", true},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (in_time(cases[i].claims) != cases[i].good)
			fprintf(stderr, "%s\n", cases[i].claims);
		CHECK(in_time(cases[i].claims) == cases[i].good);
	}
}

static bool is_for(const char *claims, const char *audience)
{
	json_t *json = parse(claims);
	bool is = jwt_has_audience(json, span_of(audience));

	json_decref(json);
	return is;
}

static void test_a1_an_audience_is_whole(void)
{
	CHECK(is_for("{\"aud\":\"berth\"}", "berth"));
	CHECK(is_for("{\"aud\":[\"other\",\"berth\"]}", "berth"));
	CHECK(!is_for("{\"aud\":\"berths\"}", "berth"));
	CHECK(!is_for("{\"aud\":\"bert\"}", "berth"));
	CHECK(!is_for("{\"aud\":\"Berth\"}", "berth"));
	CHECK(!is_for("{\"aud\":[]}", "berth"));
	CHECK(!is_for("{\"aud\":[[\"berth\"]]}", "berth"));
	CHECK(!is_for("{\"aud\":{\"berth\":1}}", "berth"));
	CHECK(!is_for("{\"aud\":[1,null]}", "berth"));
	CHECK(!is_for("{}", "berth"));
}

static const struct check_case cases[] = {
	CHECK_CASE(test_verifies_what_others_signed),
	CHECK_CASE(test_a_key_has_one_algorithm),
	CHECK_CASE(test_every_change_of_a_token_is_seen),
	CHECK_CASE(test_thumbprints_are_those_of_the_standard),
	CHECK_CASE(test_every_kind_is_published),
	CHECK_CASE(test_refuses_keys_that_it_does_not_take),
	CHECK_CASE(test_refuses_exponents_that_sign_nothing),
	CHECK_CASE(test_signs_what_it_verifies),
	CHECK_CASE(test_a_token_has_a_largest_size),
	CHECK_CASE(test_a_private_key_comes_back),
	CHECK_CASE(test_a1_a_head_chooses_neither_key_nor_algorithm),
	CHECK_CASE(test_a1_degenerate_signatures_are_none),
	CHECK_CASE(test_a1_other_encodings_of_a_right_token_are_none),
	CHECK_CASE(test_a1_signed_parts_are_read_strictly),
	CHECK_CASE(test_a1_signed_claims_may_not_be_deep),
	CHECK_CASE(test_a1_huge_and_deep_tokens_cost_nothing),
	CHECK_CASE(test_a1_a_key_id_is_bounded),
	CHECK_CASE(test_a1_times_are_checked),
	CHECK_CASE(test_a1_an_audience_is_whole),
};

int main(int argc, char **argv)
{
	return CHECK_RUN(argc, argv, cases);
}
