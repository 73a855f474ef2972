/* SPDX-License-Identifier: Apache-2.0 */
/* The keys of tokens, and how they are published. */
#include "auth/jwt_key.h"

#include <limits.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/param_build.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/enc.h"
#include "base/err.h"
#include "base/hasher.h"
#include "base/jsonx.h"

#define EC_SIZE_MAX 48 /* bytes of a coordinate on P-384 */
#define ED25519_SIZE 32
#define RSA_BITS_MIN 2048
#define RSA_BITS_MAX 8192
#define EXPONENT_BYTES_MAX 4

static const char *const names[] = {
	[JWT_ES256] = "ES256", [JWT_ES384] = "ES384", [JWT_RS256] = "RS256",
	[JWT_PS256] = "PS256", [JWT_EDDSA] = "EdDSA",
};

/* The curves that we take; the name is OpenSSL's, too. */
static const struct curve {
	const char *name;
	size_t size; /* bytes of a coordinate */
	enum jwt_algorithm algorithm;
} curves[] = {
	{"P-256", 32, JWT_ES256},
	{"P-384", EC_SIZE_MAX, JWT_ES384},
};

DEFINE_CLEANUP(pkey_free, EVP_PKEY *, EVP_PKEY_free)
DEFINE_CLEANUP(context_free, EVP_PKEY_CTX *, EVP_PKEY_CTX_free)
DEFINE_CLEANUP(builder_free, OSSL_PARAM_BLD *, OSSL_PARAM_BLD_free)
DEFINE_CLEANUP(param_free, OSSL_PARAM *, OSSL_PARAM_free)
DEFINE_CLEANUP(number_free, BIGNUM *, BN_free)

static int no_memory(struct err *err)
{
	return err_set(err, ERR_NO_MEMORY, "a token's key");
}

static int refuse(struct err *err, const char *why)
{
	return err_set(err, ERR_UNSUPPORTED, "a key: %s", why);
}

/* pkey is taken. */
static int new_key(EVP_PKEY *pkey, enum jwt_algorithm algorithm,
		   struct jwt_key **ret_key, struct err *err)
{
	struct jwt_key *key = calloc(1, sizeof(*key));

	if (!key) {
		EVP_PKEY_free(pkey);
		return no_memory(err);
	}
	atomic_init(&key->refs, 1);
	key->algorithm = algorithm;
	key->pkey = pkey;
	*ret_key = key;
	return 0;
}

struct jwt_key *jwt_key_ref(struct jwt_key *key)
{
	atomic_fetch_add(&key->refs, 1);
	return key;
}

void jwt_key_unref(struct jwt_key *key)
{
	if (!key || atomic_fetch_sub(&key->refs, 1) != 1)
		return;
	EVP_PKEY_free(key->pkey);
	free(key);
}

enum jwt_algorithm jwt_key_algorithm(const struct jwt_key *key)
{
	return key->algorithm;
}

/* ---- our own ---- */

int jwt_key_generate(struct jwt_key **ret_key, struct err *err)
{
	EVP_PKEY *pkey = EVP_EC_gen("P-256");

	if (!pkey)
		return err_set(err, ERR_INTERNAL, "making a P-256 key failed");
	return new_key(pkey, JWT_ES256, ret_key, err);
}

int jwt_key_export(const struct jwt_key *key, struct buf *out, struct err *err)
{
	unsigned char *der = NULL;
	int len = i2d_PrivateKey(key->pkey, &der);

	if (len <= 0)
		return no_memory(err);
	buf_reserve(out, (size_t)len);
	buf_append(out, der, (size_t)len);
	OPENSSL_clear_free(der, (size_t)len);
	return buf_check(out, err);
}

int jwt_key_import(struct span der, struct jwt_key **ret_key, struct err *err)
{
	const unsigned char *at = (const unsigned char *)der.text;
	CLEANUP(pkey_free) EVP_PKEY *pkey = NULL;
	char group[32] = "";
	size_t len = 0;

	if (der.len <= LONG_MAX)
		pkey = d2i_PrivateKey(EVP_PKEY_EC, NULL, &at, (long)der.len);
	if (!pkey || at != (const unsigned char *)der.text + der.len ||
	    EVP_PKEY_get_utf8_string_param(pkey, OSSL_PKEY_PARAM_GROUP_NAME,
					   group, sizeof(group), &len) != 1 ||
	    strcmp(group, SN_X9_62_prime256v1) != 0)
		return err_set(err, ERR_CORRUPT,
			       "a stored key is not one of P-256");
	return new_key(STEAL(pkey), JWT_ES256, ret_key, err);
}

/* ---- those of others ---- */

/* A member that is bytes in base64url: -1 unless it is there. */
static int read_bytes(const json_t *jwk, const char *name, struct buf *out,
		      struct err *err)
{
	struct err inner = ERR_INIT;
	struct span text = {0};

	if (jsonx_text(jwk, name, &text, &inner) != 1 ||
	    enc_unbase64url(text, out, &inner) < 0) {
		if (inner.code == ERR_NO_MEMORY)
			return no_memory(err);
		return refuse(err, "a member is missing or no base64url");
	}
	return 0;
}

/* Make a public key of what the builder holds. */
static int build(const char *type, OSSL_PARAM_BLD *builder,
		 enum jwt_algorithm algorithm, struct jwt_key **ret_key,
		 struct err *err)
{
	CLEANUP(param_free)
	OSSL_PARAM *parameters = OSSL_PARAM_BLD_to_param(builder);
	CLEANUP(context_free)
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	EVP_PKEY *pkey = NULL;

	if (!parameters || !context || EVP_PKEY_fromdata_init(context) != 1)
		return no_memory(err);
	if (EVP_PKEY_fromdata(context, &pkey, EVP_PKEY_PUBLIC_KEY,
			      parameters) != 1)
		return refuse(err, "its values make no key");
	return new_key(pkey, algorithm, ret_key, err);
}

static int read_ec(const json_t *jwk, struct span curve_name,
		   struct jwt_key **ret_key, struct err *err)
{
	CLEANUP(buf_release) struct buf point = BUF_INIT(1 + 2 * EC_SIZE_MAX);
	CLEANUP(builder_free) OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
	const struct curve *curve = NULL;

	for (size_t i = 0; i < sizeof(curves) / sizeof(curves[0]); i++)
		if (span_equal(span_of(curves[i].name), curve_name))
			curve = &curves[i];
	if (!curve)
		return refuse(err, "its curve is not P-256, P-384 or Ed25519");
	buf_append_char(&point, POINT_CONVERSION_UNCOMPRESSED);
	if (read_bytes(jwk, "x", &point, err) < 0)
		return -1;
	if (point.len != 1 + curve->size)
		return refuse(err, "a coordinate is not of its curve's size");
	if (read_bytes(jwk, "y", &point, err) < 0)
		return -1;
	if (point.len != 1 + 2 * curve->size)
		return refuse(err, "a coordinate is not of its curve's size");
	if (!builder ||
	    OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME,
					    curve->name, 0) != 1 ||
	    OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY,
					     point.data, point.len) != 1)
		return no_memory(err);
	return build("EC", builder, curve->algorithm, ret_key, err);
}

static int read_ed25519(const json_t *jwk, struct jwt_key **ret_key,
			struct err *err)
{
	CLEANUP(buf_release) struct buf bytes = BUF_INIT(ED25519_SIZE);

	if (read_bytes(jwk, "x", &bytes, err) < 0)
		return -1;
	if (bytes.len != ED25519_SIZE)
		return refuse(err, "an Ed25519 key of another size");
	EVP_PKEY *pkey = EVP_PKEY_new_raw_public_key(
		EVP_PKEY_ED25519, NULL, (const unsigned char *)bytes.data,
		bytes.len);
	if (!pkey)
		return no_memory(err);
	return new_key(pkey, JWT_EDDSA, ret_key, err);
}

/* With an exponent of 1 every text would be its own signature. */
static bool is_exponent(const BIGNUM *e)
{
	return BN_is_odd(e) && !BN_is_one(e) &&
	       BN_num_bytes(e) <= EXPONENT_BYTES_MAX;
}

static int read_rsa(const json_t *jwk, enum jwt_algorithm algorithm,
		    struct jwt_key **ret_key, struct err *err)
{
	CLEANUP(buf_release) struct buf n = BUF_INIT(RSA_BITS_MAX / 8 + 1);
	CLEANUP(buf_release) struct buf e = BUF_INIT(EXPONENT_BYTES_MAX);
	CLEANUP(builder_free) OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();

	if (read_bytes(jwk, "n", &n, err) < 0 ||
	    read_bytes(jwk, "e", &e, err) < 0)
		return -1;

	CLEANUP(number_free)
	BIGNUM *modulus = BN_bin2bn((const unsigned char *)buf_text(&n),
				    (int)n.len, NULL);
	CLEANUP(number_free)
	BIGNUM *exponent = BN_bin2bn((const unsigned char *)buf_text(&e),
				     (int)e.len, NULL);
	if (!builder || !modulus || !exponent)
		return no_memory(err);
	if (BN_num_bits(modulus) < RSA_BITS_MIN ||
	    BN_num_bits(modulus) > RSA_BITS_MAX || !BN_is_odd(modulus))
		return refuse(err, "an RSA key that is not of 2048 to 8192 "
				   "bits");
	if (!is_exponent(exponent))
		return refuse(err, "an RSA key with a bad exponent");
	if (OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, modulus) !=
		    1 ||
	    OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, exponent) !=
		    1)
		return no_memory(err);
	return build("RSA", builder, algorithm, ret_key, err);
}

/* "" where the member is absent or no text. */
static struct span text_of(const json_t *jwk, const char *name)
{
	struct err ignored = ERR_INIT;
	struct span text = SPAN_LIT("");

	jsonx_text(jwk, name, &text, &ignored);
	return text;
}

static int read_by_type(const json_t *jwk, struct jwt_key **ret_key,
			struct err *err)
{
	struct span type = text_of(jwk, "kty");
	struct span curve = text_of(jwk, "crv");
	bool pss = span_equal(text_of(jwk, "alg"), SPAN_LIT("PS256"));

	if (span_equal(type, SPAN_LIT("EC")))
		return read_ec(jwk, curve, ret_key, err);
	if (span_equal(type, SPAN_LIT("RSA")))
		return read_rsa(jwk, pss ? JWT_PS256 : JWT_RS256, ret_key, err);
	if (span_equal(type, SPAN_LIT("OKP")) &&
	    span_equal(curve, SPAN_LIT("Ed25519")))
		return read_ed25519(jwk, ret_key, err);
	return refuse(err, "of a kind that we do not take");
}

int jwt_key_from_jwk(const json_t *jwk, struct jwt_key **ret_key,
		     struct err *err)
{
	const json_t *use = json_object_get(jwk, "use");
	const json_t *algorithm = json_object_get(jwk, "alg");
	struct jwt_key *key = NULL;

	if (!json_is_object(jwk))
		return refuse(err, "no JSON object");
	if (json_object_get(jwk, "d") || json_object_get(jwk, "k"))
		return refuse(err, "it holds a secret");
	if (use && !span_equal(text_of(jwk, "use"), SPAN_LIT("sig")))
		return refuse(err, "it is not for signatures");
	if (read_by_type(jwk, &key, err) < 0)
		return -1;
	if (algorithm &&
	    !span_equal(text_of(jwk, "alg"), span_of(names[key->algorithm]))) {
		jwt_key_unref(key);
		return refuse(err, "its algorithm is not one that we take");
	}
	*ret_key = key;
	return 0;
}

/* ---- publishing ---- */

/* A number of the key as base64url, padded to size bytes unless that is 0. */
static json_t *number_text(const EVP_PKEY *pkey, const char *name, size_t size)
{
	CLEANUP(number_free) BIGNUM *number = NULL;
	CLEANUP(buf_release) struct buf text = BUF_INIT(RSA_BITS_MAX);
	unsigned char bytes[RSA_BITS_MAX / 8];

	if (EVP_PKEY_get_bn_param(pkey, name, &number) != 1)
		return NULL;
	int len = size ? (int)size : BN_num_bytes(number);
	if (BN_bn2binpad(number, bytes, len) != len)
		return NULL;
	enc_base64url(bytes, (size_t)len, &text);
	return text.failed ? NULL : json_stringn(text.data, text.len);
}

static json_t *raw_text(const EVP_PKEY *pkey)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT(2 * ED25519_SIZE);
	unsigned char bytes[ED25519_SIZE];
	size_t len = sizeof(bytes);

	if (EVP_PKEY_get_raw_public_key(pkey, bytes, &len) != 1)
		return NULL;
	enc_base64url(bytes, len, &text);
	return text.failed ? NULL : json_stringn(text.data, text.len);
}

/* The members that make the key, in the order of their names, as RFC 7638
 * wants them; the references of the values are taken, NULL is no memory. */
static json_t *members(const struct jwt_key *key)
{
	const EVP_PKEY *pkey = key->pkey;
	const struct curve *curve =
		&curves[key->algorithm == JWT_ES384 ? 1 : 0];

	switch (key->algorithm) {
	case JWT_ES256:
	case JWT_ES384:
		return json_pack("{s:s, s:s, s:o, s:o}", "crv", curve->name,
				 "kty", "EC", "x",
				 number_text(pkey, OSSL_PKEY_PARAM_EC_PUB_X,
					     curve->size),
				 "y",
				 number_text(pkey, OSSL_PKEY_PARAM_EC_PUB_Y,
					     curve->size));
	case JWT_RS256:
	case JWT_PS256:
		return json_pack("{s:o, s:s, s:o}", "e",
				 number_text(pkey, OSSL_PKEY_PARAM_RSA_E, 0),
				 "kty", "RSA", "n",
				 number_text(pkey, OSSL_PKEY_PARAM_RSA_N, 0));
	case JWT_EDDSA:
		break;
	}
	return json_pack("{s:s, s:s, s:o}", "crv", "Ed25519", "kty", "OKP", "x",
			 raw_text(pkey));
}

json_t *jwt_key_to_jwk(const struct jwt_key *key)
{
	json_t *jwk = members(key);

	if (json_object_set_new(jwk, "use", json_string("sig")) < 0 ||
	    json_object_set_new(jwk, "alg",
				json_string(names[key->algorithm])) < 0) {
		json_decref(jwk);
		return NULL;
	}
	return jwk;
}

int jwt_key_thumbprint(const struct jwt_key *key,
		       char ret_text[JWT_THUMBPRINT_SIZE], struct err *err)
{
	CLEANUP(jsonx_unref) json_t *jwk = members(key);
	CLEANUP(buf_release) struct buf text = BUF_INIT(RSA_BITS_MAX);
	CLEANUP(buf_release) struct buf out = BUF_INIT(JWT_THUMBPRINT_SIZE);
	struct digest digest;

	if (!jwk)
		return no_memory(err);
	if (jsonx_dump(jwk, &text, err) < 0 ||
	    hasher_once(DIGEST_SHA256, text.data, text.len, &digest, err) < 0)
		return -1;
	enc_base64url(digest.bytes, 32, &out);
	if (buf_check(&out, err) < 0)
		return -1;
	memcpy(ret_text, out.data, JWT_THUMBPRINT_SIZE);
	return 0;
}
