/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/jwt.h"

#include <openssl/ecdsa.h>
#include <openssl/rsa.h>
#include <string.h>

#include "auth/jwt_key.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/enc.h"
#include "base/err.h"
#include "base/jsonx.h"

#define EC_SIZE_MAX 48	   /* bytes of half a signature on P-384 */
#define DER_MAX 128	   /* bytes of a signature in DER */
#define SIGNATURE_MAX 1024 /* bytes: RSA of 8192 bits */
#define HEAD_DEPTH_MAX 8   /* nesting in a head */

static const struct {
	const char *name;
	enum jwt_algorithm algorithm;
} algorithms[] = {
	{"ES256", JWT_ES256}, {"ES384", JWT_ES384}, {"RS256", JWT_RS256},
	{"PS256", JWT_PS256}, {"EdDSA", JWT_EDDSA},
};

DEFINE_CLEANUP(md_free, EVP_MD_CTX *, EVP_MD_CTX_free)
DEFINE_CLEANUP(signature_free, ECDSA_SIG *, ECDSA_SIG_free)

/* ---- making ---- */

static int sign_failed(struct err *err)
{
	return err_set(err, ERR_NO_MEMORY, "signing a token failed");
}

/* The two halves of a signature on P-256, each of its full size, as tokens
 * want them; OpenSSL makes DER. */
static int sign_raw(const struct jwt_key *key, struct span input,
		    unsigned char ret_raw[64], struct err *err)
{
	CLEANUP(md_free) EVP_MD_CTX *md = EVP_MD_CTX_new();
	CLEANUP(signature_free) ECDSA_SIG *signature = NULL;
	unsigned char der[DER_MAX];
	const unsigned char *at = der;
	size_t len = sizeof(der);

	if (!md ||
	    EVP_DigestSignInit(md, NULL, EVP_sha256(), NULL, key->pkey) != 1 ||
	    EVP_DigestSign(md, der, &len, (const unsigned char *)input.text,
			   input.len) != 1)
		return sign_failed(err);
	signature = d2i_ECDSA_SIG(NULL, &at, (long)len);
	if (!signature ||
	    BN_bn2binpad(ECDSA_SIG_get0_r(signature), ret_raw, 32) != 32 ||
	    BN_bn2binpad(ECDSA_SIG_get0_s(signature), ret_raw + 32, 32) != 32)
		return sign_failed(err);
	return 0;
}

static int append_json(const json_t *json, struct buf *out, struct err *err)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT(JWT_BYTES_MAX);

	if (jsonx_dump(json, &text, err) < 0)
		return -1;
	enc_base64url(text.data, text.len, out);
	return 0;
}

int jwt_sign(const struct jwt_key *key, struct span kid, const json_t *claims,
	     struct buf *out, struct err *err)
{
	CLEANUP(buf_release) struct buf token = BUF_INIT(JWT_BYTES_MAX);
	CLEANUP(jsonx_unref)
	json_t *head = json_pack("{s:s, s:s%, s:s}", "alg", "ES256", "kid",
				 kid.text, kid.len, "typ", "JWT");
	unsigned char raw[64];

	if (!head)
		return sign_failed(err);
	if (append_json(head, &token, err) < 0)
		return -1;
	buf_append_char(&token, '.');
	if (append_json(claims, &token, err) < 0 ||
	    buf_check(&token, err) < 0 ||
	    sign_raw(key, buf_span(&token), raw, err) < 0)
		return -1;
	buf_append_char(&token, '.');
	enc_base64url(raw, sizeof(raw), &token);
	if (buf_check(&token, err) < 0)
		return -1;
	buf_append_span(out, buf_span(&token));
	return buf_check(out, err);
}

/* ---- reading ---- */

struct parts {
	struct span head;      /* in base64url, as the two below */
	struct span claims;    /* not to be looked at before it is verified */
	struct span signature; /* of: */
	struct span input;     /* head, dot, claims */
};

static int refuse(struct err *err, const char *why)
{
	return err_set(err, ERR_INVALID, "a token: %s", why);
}

static int split(struct span token, struct parts *ret_parts, struct err *err)
{
	struct parts parts;

	if (token.len > JWT_BYTES_MAX)
		return refuse(err, "it is too long");
	if (!span_cut_last(token, '.', &parts.input, &parts.signature) ||
	    !span_cut(parts.input, '.', &parts.head, &parts.claims) ||
	    memchr(parts.claims.text, '.', parts.claims.len))
		return refuse(err, "it has not three parts");
	*ret_parts = parts;
	return 0;
}

/* What is malformed, and what there is no memory for, are told apart. */
static int read_object(struct span text, size_t depth_max, json_t **ret_object,
		       struct err *err)
{
	CLEANUP(buf_release) struct buf bytes = BUF_INIT(JWT_BYTES_MAX);
	CLEANUP(jsonx_unref) json_t *json = NULL;
	struct err inner = ERR_INIT;

	if (enc_unbase64url(text, &bytes, &inner) < 0 ||
	    jsonx_parse(buf_span(&bytes), depth_max, &json, &inner) < 0) {
		if (inner.code == ERR_NO_MEMORY)
			return err_set(err, ERR_NO_MEMORY, "a token");
		return refuse(err, "a part is not JSON in base64url");
	}
	if (!json_is_object(json))
		return refuse(err, "a part is no JSON object");
	*ret_object = STEAL(json);
	return 0;
}

static int read_head(struct span text, struct jwt_head *ret_head,
		     struct err *err)
{
	CLEANUP(jsonx_unref) json_t *json = NULL;
	struct jwt_head head = {.kid = ""};
	struct err inner = ERR_INIT;
	struct span name = {0};
	struct span kid = {0};
	struct span type = SPAN_LIT("JWT");
	bool known = false;

	if (read_object(text, HEAD_DEPTH_MAX, &json, err) < 0)
		return -1;
	if (jsonx_text(json, "alg", &name, &inner) != 1 ||
	    jsonx_text(json, "kid", &kid, &inner) < 0 ||
	    jsonx_text(json, "typ", &type, &inner) < 0)
		return refuse(err, "a member of its head is of another type");
	for (size_t i = 0; i < sizeof(algorithms) / sizeof(algorithms[0]); i++)
		if (span_equal(span_of(algorithms[i].name), name)) {
			head.algorithm = algorithms[i].algorithm;
			known = true;
		}
	if (!known)
		return refuse(err, "its algorithm is not one that we take");
	if (json_object_get(json, "crit"))
		return refuse(err, "it has extensions that must be known");
	if (!span_equal_nocase(type, SPAN_LIT("JWT")))
		return refuse(err, "its type is not JWT");
	if (kid.len >= sizeof(head.kid))
		return refuse(err, "its key id is too long");
	if (kid.len > 0)
		memcpy(head.kid, kid.text, kid.len);
	*ret_head = head;
	return 0;
}

int jwt_read_head(struct span token, struct jwt_head *ret_head, struct err *err)
{
	struct parts parts;

	if (split(token, &parts, err) < 0)
		return -1;
	return read_head(parts.head, ret_head, err);
}

/* ---- verifying ---- */

/* Make DER of the two halves: its length, or 0 if they are of another size. */
static size_t to_der(struct span raw, size_t half, unsigned char der[DER_MAX])
{
	CLEANUP(signature_free) ECDSA_SIG *signature = ECDSA_SIG_new();
	const unsigned char *bytes = (const unsigned char *)raw.text;
	unsigned char *at = der;

	if (!signature || raw.len != 2 * half)
		return 0;
	BIGNUM *r = BN_bin2bn(bytes, (int)half, NULL);
	BIGNUM *s = BN_bin2bn(bytes + half, (int)half, NULL);
	if (!r || !s || ECDSA_SIG_set0(signature, r, s) != 1) {
		BN_free(r);
		BN_free(s);
		return 0;
	}
	int len = i2d_ECDSA_SIG(signature, NULL);
	if (len <= 0 || len > DER_MAX)
		return 0;
	return (size_t)i2d_ECDSA_SIG(signature, &at);
}

static const EVP_MD *hash_of(enum jwt_algorithm algorithm)
{
	switch (algorithm) {
	case JWT_ES256:
	case JWT_RS256:
	case JWT_PS256:
		return EVP_sha256();
	case JWT_ES384:
		return EVP_sha384();
	case JWT_EDDSA:
		break;
	}
	return NULL;
}

static bool is_signature(const struct jwt_key *key, struct span input,
			 struct span signature)
{
	CLEANUP(md_free) EVP_MD_CTX *md = EVP_MD_CTX_new();
	enum jwt_algorithm algorithm = key->algorithm;
	EVP_PKEY_CTX *context = NULL;
	unsigned char der[DER_MAX];

	if (!md || EVP_DigestVerifyInit(md, &context, hash_of(algorithm), NULL,
					key->pkey) != 1)
		return false;
	if (algorithm == JWT_PS256 &&
	    (EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) !=
		     1 ||
	     EVP_PKEY_CTX_set_rsa_pss_saltlen(context,
					      RSA_PSS_SALTLEN_DIGEST) != 1))
		return false;
	if (algorithm == JWT_ES256 || algorithm == JWT_ES384) {
		size_t half = algorithm == JWT_ES256 ? 32 : EC_SIZE_MAX;

		signature = span_make((const char *)der,
				      to_der(signature, half, der));
	}
	return EVP_DigestVerify(
		       md, (const unsigned char *)signature.text, signature.len,
		       (const unsigned char *)input.text, input.len) == 1;
}

static int verify(const struct jwt_key *key, struct span token,
		  json_t **ret_claims, struct err *err)
{
	CLEANUP(buf_release) struct buf signature = BUF_INIT(SIGNATURE_MAX);
	struct err inner = ERR_INIT;
	struct parts parts;
	struct jwt_head head;

	if (split(token, &parts, err) < 0 ||
	    read_head(parts.head, &head, err) < 0)
		return -1;
	if (head.algorithm != key->algorithm)
		return refuse(err, "its algorithm is not its key's");
	if (enc_unbase64url(parts.signature, &signature, &inner) < 0)
		return inner.code == ERR_NO_MEMORY
			       ? err_set(err, ERR_NO_MEMORY, "a token")
			       : refuse(err, "its signature is not base64url");
	if (!is_signature(key, parts.input, buf_span(&signature)))
		return refuse(err, "its signature is not right");
	return read_object(parts.claims, JSONX_DEPTH_MAX, ret_claims, err);
}

int jwt_verify(const struct jwt_key *key, struct span token,
	       json_t **ret_claims, struct err *err)
{
	struct err inner = ERR_INIT;

	if (verify(key, token, ret_claims, &inner) == 0)
		return 0;
	if (inner.code != ERR_INVALID) {
		*err = inner;
		return -1;
	}
	return err_set(err, ERR_UNAUTHENTICATED, "%s", inner.text);
}

/* ---- claims ---- */

/* Seconds since 1970: 1, 0 absent, -1 of another type. */
static int read_time(const json_t *claims, const char *name, double *ret_s)
{
	const json_t *value = json_object_get(claims, name);

	if (!value)
		return 0;
	if (!json_is_number(value))
		return -1;
	*ret_s = json_number_value(value);
	return 1;
}

int jwt_check_times(const json_t *claims, int64_t now_s, int64_t leeway_s,
		    int64_t life_max_s, struct err *err)
{
	double now = (double)now_s;
	double leeway = (double)leeway_s;
	double ends = 0;
	double starts = 0;
	double made = 0;

	if (read_time(claims, "exp", &ends) != 1 ||
	    read_time(claims, "nbf", &starts) < 0 ||
	    read_time(claims, "iat", &made) < 0 || ends <= 0)
		return err_set(err, ERR_UNAUTHENTICATED,
			       "a token without an end, or with odd times");
	if (ends + leeway <= now)
		return err_set(err, ERR_UNAUTHENTICATED, "a token has ended");
	if (starts > now + leeway || made > now + leeway)
		return err_set(err, ERR_UNAUTHENTICATED,
			       "a token is of the future");
	if (ends > now + leeway + (double)life_max_s)
		return err_set(err, ERR_UNAUTHENTICATED,
			       "a token lives longer than any should");
	return 0;
}

static bool is_text(const json_t *value, struct span text)
{
	return json_is_string(value) &&
	       span_equal(span_make(json_string_value(value),
				    json_string_length(value)),
			  text);
}

bool jwt_has_audience(const json_t *claims, struct span audience)
{
	const json_t *value = json_object_get(claims, "aud");

	if (is_text(value, audience))
		return true;
	for (size_t i = 0; i < json_array_size(value); i++)
		if (is_text(json_array_get(value, i), audience))
			return true;
	return false;
}
