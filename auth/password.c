/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/password.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/enc.h"
#include "base/err.h"
#include "base/num.h"
#include "base/rand.h"

#define SALT_SIZE 16
#define KEY_SIZE 32
#define BLOCK_SIZE 8
#define PARALLEL 1

/* Bounds of what a stored hash may ask for: damage must not cost gigabytes. */
#define COST_LOG2_MAX 20
#define BLOCK_SIZE_MAX 32
#define PARALLEL_MAX 4
#define MEMORY_MAX ((uint64_t)512 << 20)

static atomic_int cost_now = PASSWORD_COST_MIN;

struct scrypt {
	uint64_t cost_log2;
	uint64_t block_size;
	uint64_t parallel;
	struct buf salt;
	struct buf key;
};

static void scrypt_release(struct scrypt *scrypt)
{
	buf_release(&scrypt->salt);
	buf_release(&scrypt->key);
}

static int derive(const struct scrypt *scrypt, struct span password,
		  uint8_t *ret_key, size_t key_size, struct err *err)
{
	if (EVP_PBE_scrypt(password.len ? password.text : "", password.len,
			   (const unsigned char *)buf_text(&scrypt->salt),
			   scrypt->salt.len, UINT64_C(1) << scrypt->cost_log2,
			   scrypt->block_size, scrypt->parallel, MEMORY_MAX,
			   ret_key, key_size) != 1)
		return err_set(err, ERR_NO_MEMORY, "scrypt failed");
	return 0;
}

static int write_hash(int cost, const uint8_t salt[SALT_SIZE],
		      const uint8_t key[KEY_SIZE],
		      char ret_hash[PASSWORD_HASH_SIZE], struct err *err)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT(PASSWORD_HASH_SIZE - 1);

	buf_appendf(&text, "$scrypt$ln=%d,r=%d,p=%d$", cost, BLOCK_SIZE,
		    PARALLEL);
	enc_base64url(salt, SALT_SIZE, &text);
	buf_append_char(&text, '$');
	enc_base64url(key, KEY_SIZE, &text);
	if (buf_check(&text, err) < 0)
		return -1;
	memcpy(ret_hash, text.data, text.len + 1);
	return 0;
}

void password_set_cost(int cost_log2)
{
	atomic_store(&cost_now, cost_log2);
}

int password_hash(struct span password, char ret_hash[PASSWORD_HASH_SIZE],
		  struct err *err)
{
	int cost = atomic_load(&cost_now);
	CLEANUP(scrypt_release)
	struct scrypt scrypt = {.cost_log2 = (uint64_t)cost,
				.block_size = BLOCK_SIZE,
				.parallel = PARALLEL,
				.salt = BUF_INIT(SALT_SIZE),
				.key = BUF_INIT(KEY_SIZE)};
	uint8_t salt[SALT_SIZE];
	uint8_t key[KEY_SIZE];

	if (password.len == 0 || password.len > PASSWORD_MAX)
		return err_set(err, ERR_INVALID, "a password has 1 to %d bytes",
			       PASSWORD_MAX);
	if (rand_bytes(salt, sizeof(salt), err) < 0)
		return -1;
	buf_append(&scrypt.salt, salt, sizeof(salt));
	if (buf_check(&scrypt.salt, err) < 0 ||
	    derive(&scrypt, password, key, sizeof(key), err) < 0)
		return -1;
	int done = write_hash(cost, salt, key, ret_hash, err);

	OPENSSL_cleanse(key, sizeof(key));
	return done;
}

int password_decoy(char ret_hash[PASSWORD_HASH_SIZE], struct err *err)
{
	uint8_t salt[SALT_SIZE];
	uint8_t key[KEY_SIZE];

	if (rand_bytes(salt, sizeof(salt), err) < 0 ||
	    rand_bytes(key, sizeof(key), err) < 0)
		return -1;
	return write_hash(atomic_load(&cost_now), salt, key, ret_hash, err);
}

/* "name=number" up to the next separator, within its bounds. */
static int read_parameter(struct span text, const char *name, uint64_t max,
			  uint64_t *ret_value, struct err *err)
{
	struct span key = {0};
	struct span value = {0};
	uint64_t number = 0;

	if (!span_cut(text, '=', &key, &value) ||
	    !span_equal(key, span_of(name)) || num_u64(value, &number, err) < 0)
		return -1;
	if (number == 0 || number > max)
		return -1;
	*ret_value = number;
	return 0;
}

static int read_parameters(struct span text, struct scrypt *scrypt,
			   struct err *err)
{
	struct span cost = {0};
	struct span block = {0};
	struct span parallel = {0};

	if (!span_cut(text, ',', &cost, &text) ||
	    !span_cut(text, ',', &block, &parallel))
		return -1;
	if (read_parameter(cost, "ln", COST_LOG2_MAX, &scrypt->cost_log2, err) <
		    0 ||
	    read_parameter(block, "r", BLOCK_SIZE_MAX, &scrypt->block_size,
			   err) < 0)
		return -1;
	return read_parameter(parallel, "p", PARALLEL_MAX, &scrypt->parallel,
			      err);
}

/* Without a key OpenSSL only looks whether it could: each number within its
 * bounds, they may still be too much together. */
static bool is_affordable(const struct scrypt *scrypt)
{
	return EVP_PBE_scrypt(NULL, 0, NULL, 0,
			      UINT64_C(1) << scrypt->cost_log2,
			      scrypt->block_size, scrypt->parallel, MEMORY_MAX,
			      NULL, 0) == 1;
}

/* "$scrypt$ln=14,r=8,p=1$salt$key"; every fault is reported by the caller. */
static int read_hash(const char *hash, struct scrypt *scrypt, struct err *err)
{
	struct span rest = span_of(hash);
	struct span empty = {0};
	struct span scheme = {0};
	struct span parameters = {0};
	struct span salt = {0};

	if (!span_cut(rest, '$', &empty, &rest) || empty.len > 0 ||
	    !span_cut(rest, '$', &scheme, &rest) ||
	    !span_equal(scheme, SPAN_LIT("scrypt")) ||
	    !span_cut(rest, '$', &parameters, &rest) ||
	    !span_cut(rest, '$', &salt, &rest))
		return -1;
	if (read_parameters(parameters, scrypt, err) < 0 ||
	    enc_unbase64url(salt, &scrypt->salt, err) < 0 ||
	    enc_unbase64url(rest, &scrypt->key, err) < 0)
		return -1;
	return scrypt->key.len == KEY_SIZE && is_affordable(scrypt) ? 0 : -1;
}

bool password_is_cheap(const char *hash)
{
	CLEANUP(scrypt_release)
	struct scrypt scrypt = {.salt = BUF_INIT(64), .key = BUF_INIT(64)};
	struct err err = ERR_INIT;

	return read_hash(hash, &scrypt, &err) == 0 &&
	       scrypt.cost_log2 < (uint64_t)atomic_load(&cost_now);
}

/* The work of 2^14 and 2^15 and so on up to, but not with, 2^now, on top of
 * 2^14, is that of 2^now. */
static int make_up(struct scrypt *scrypt, struct span password, struct err *err)
{
	uint8_t scratch[KEY_SIZE];
	int done = 0;

	while (done == 0 &&
	       scrypt->cost_log2 < (uint64_t)atomic_load(&cost_now)) {
		done = derive(scrypt, password, scratch, sizeof(scratch), err);
		scrypt->cost_log2++;
	}
	OPENSSL_cleanse(scratch, sizeof(scratch));
	return done;
}

int password_verify(struct span password, const char *hash, struct err *err)
{
	CLEANUP(scrypt_release)
	struct scrypt scrypt = {.salt = BUF_INIT(64), .key = BUF_INIT(64)};
	struct err inner = ERR_INIT;
	uint8_t key[KEY_SIZE];

	if (read_hash(hash, &scrypt, &inner) < 0)
		return err_set(err,
			       inner.code == ERR_NO_MEMORY ? ERR_NO_MEMORY
							   : ERR_CORRUPT,
			       "a stored password hash cannot be read");
	if (password.len > PASSWORD_MAX)
		return 0;
	if (derive(&scrypt, password, key, sizeof(key), err) < 0 ||
	    make_up(&scrypt, password, err) < 0)
		return -1;
	int same = CRYPTO_memcmp(key, scrypt.key.data, KEY_SIZE) == 0;

	OPENSSL_cleanse(key, sizeof(key));
	return same;
}
