/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/seal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/enc.h"
#include "base/err.h"
#include "base/fsx.h"
#include "base/lock.h"
#include "base/rand.h"

#define KEYS_MAX 16
#define KEY_SIZE 32
#define ID_BYTES 4
#define ID_SIZE (2 * ID_BYTES + 1) /* with the NUL */
#define LINE_SIZE (ID_SIZE + 2 * KEY_SIZE + 1)
#define FILE_MAX 4096

#define NONCE_SIZE 12
#define TAG_SIZE 16
#define SECRET_MAX 65536 /* bytes that may be sealed at once */

struct seal_key {
	char id[ID_SIZE];
	uint8_t bytes[KEY_SIZE];
};

struct seal {
	int dir_fd;			/* of the file; immutable */
	char *name;			/* of the file in it; immutable */
	struct lock lock;		/* guards: */
	struct seal_key keys[KEYS_MAX]; /* the first seals */
	size_t count;			/* of keys */
};

/* ---- the file ---- */

static int damaged(struct err *err, size_t line)
{
	return err_set(err, ERR_CORRUPT,
		       "the server's key: line %zu is not an id and %d "
		       "hexadecimal digits",
		       line, 2 * KEY_SIZE);
}

static const struct seal_key *find_key(const struct seal *seal, struct span id)
{
	for (size_t i = 0; i < seal->count; i++)
		if (span_equal(span_of(seal->keys[i].id), id))
			return &seal->keys[i];
	return NULL;
}

static int read_line(struct seal *seal, struct span line, struct err *err)
{
	struct seal_key *key = &seal->keys[seal->count];
	struct err inner = ERR_INIT;
	struct span id = {0};
	struct span hex = {0};
	uint8_t unused[ID_BYTES];

	if (seal->count == KEYS_MAX || !span_cut(line, ' ', &id, &hex) ||
	    enc_unhex(id, unused, sizeof(unused), &inner) < 0 ||
	    enc_unhex(hex, key->bytes, sizeof(key->bytes), &inner) < 0 ||
	    find_key(seal, id))
		return damaged(err, seal->count + 1);
	memcpy(key->id, id.text, id.len);
	seal->count++;
	return 0;
}

static int read_lines(struct seal *seal, struct span text, struct err *err)
{
	struct span line = {0};

	while (text.len > 0) {
		if (!span_cut(text, '\n', &line, &text)) {
			line = text;
			text.len = 0;
		}
		if (read_line(seal, line, err) < 0)
			return -1;
	}
	return seal->count > 0 ? 0 : damaged(err, 1);
}

static int write_file(const struct seal *seal, const struct seal_key *keys,
		      size_t count, struct err *err)
{
	CLEANUP(buf_wipe) struct buf text = BUF_INIT(FILE_MAX);
	char hex[2 * KEY_SIZE + 1];

	buf_reserve(&text, count * LINE_SIZE);
	for (size_t i = 0; i < count; i++) {
		enc_hex(keys[i].bytes, KEY_SIZE, hex);
		buf_appendf(&text, "%s %s\n", keys[i].id, hex);
	}
	OPENSSL_cleanse(hex, sizeof(hex));
	if (buf_check(&text, err) < 0)
		return -1;
	return fsx_replace_file(seal->dir_fd, seal->name, text.data, text.len,
				0600, err);
}

/* A file that root owns and our group reads is how secrets are handed to a
 * process that is not root. */
static bool is_private(const struct stat *info)
{
	mode_t others = info->st_uid == 0 && geteuid() != 0 ? 0037 : 0077;

	return S_ISREG(info->st_mode) && (info->st_mode & others) == 0;
}

/* 1 there is one, 0 there is none. */
static int find_file(const struct seal *seal, struct err *err)
{
	struct stat info;

	if (fstatat(seal->dir_fd, seal->name, &info, 0) < 0) {
		if (errno == ENOENT)
			return 0;
		return err_sys(err, errno, "looking at the server's key");
	}
	if (!is_private(&info))
		return err_set(err, ERR_DENIED,
			       "the server's key must be a file that nobody "
			       "else may read or write: chmod 600 %s",
			       seal->name);
	return 1;
}

static int new_key(struct seal_key *ret_key, struct err *err)
{
	uint8_t id[ID_BYTES];

	if (rand_bytes(id, sizeof(id), err) < 0 ||
	    rand_bytes(ret_key->bytes, sizeof(ret_key->bytes), err) < 0)
		return -1;
	enc_hex(id, sizeof(id), ret_key->id);
	return 0;
}

static int load(struct seal *seal, struct err *err)
{
	CLEANUP(buf_wipe) struct buf text = BUF_INIT(FILE_MAX);
	int found = find_file(seal, err);

	if (found < 0)
		return -1;
	if (found == 0) {
		if (new_key(&seal->keys[0], err) < 0)
			return -1;
		seal->count = 1;
		return write_file(seal, seal->keys, 1, err);
	}
	buf_reserve(&text, FILE_MAX);
	if (fsx_read_file(seal->dir_fd, seal->name, &text, err) < 0)
		return -1;
	return read_lines(seal, buf_span(&text), err);
}

/* Keep the directory of the file open, for replacing it needs that. */
static int open_place(struct seal *seal, int dir_fd, const char *path,
		      struct err *err)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	char dir[PATH_MAX] = ".";

	if (name[0] == '\0' || name - path >= PATH_MAX)
		return err_set(err, ERR_INVALID,
			       "the server's key: %s names no file", path);
	if (slash)
		snprintf(dir, sizeof(dir), "%.*s", (int)(name - path), path);
	seal->name = strdup(name);
	if (!seal->name)
		return err_set(err, ERR_NO_MEMORY, "seal");
	seal->dir_fd = openat(dir_fd, dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (seal->dir_fd < 0)
		return err_sys(err, errno,
			       "opening the folder of the server's key, %s",
			       path);
	return 0;
}

int seal_open(int dir_fd, const char *path, struct seal **ret_seal,
	      struct err *err)
{
	struct seal *seal = calloc(1, sizeof(*seal));

	if (!seal)
		return err_set(err, ERR_NO_MEMORY, "seal");
	seal->dir_fd = -1;
	lock_init(&seal->lock);
	if (open_place(seal, dir_fd, path, err) < 0 || load(seal, err) < 0) {
		seal_free(seal);
		return -1;
	}
	*ret_seal = seal;
	return 0;
}

void seal_free(struct seal *seal)
{
	if (!seal)
		return;
	cleanup_close(&seal->dir_fd);
	free(seal->name);
	lock_release(&seal->lock);
	OPENSSL_cleanse(seal->keys, sizeof(seal->keys));
	free(seal);
}

/* ---- which key ---- */

/* Write the file, then take over what it holds: keys[0..count). */
static int replace_keys(struct seal *seal, const struct seal_key *keys,
			size_t count, struct err *err) REQUIRES(seal->lock)
{
	if (write_file(seal, keys, count, err) < 0)
		return -1;
	OPENSSL_cleanse(seal->keys, sizeof(seal->keys));
	memcpy(seal->keys, keys, count * sizeof(*keys));
	seal->count = count;
	return 0;
}

int seal_add_key(struct seal *seal, struct err *err)
{
	struct seal_key keys[KEYS_MAX];
	int rc = -1;

	lock_take(&seal->lock);
	if (seal->count == KEYS_MAX) {
		err_set(err, ERR_TOO_MANY, "the server has %d keys already",
			KEYS_MAX);
	} else if (new_key(&keys[0], err) == 0) {
		memcpy(keys + 1, seal->keys, seal->count * sizeof(keys[0]));
		rc = replace_keys(seal, keys, seal->count + 1, err);
	}
	lock_drop(&seal->lock);
	OPENSSL_cleanse(keys, sizeof(keys));
	return rc;
}

int seal_drop_old_keys(struct seal *seal, struct err *err)
{
	struct seal_key first;

	lock_take(&seal->lock);
	first = seal->keys[0];
	int rc = replace_keys(seal, &first, 1, err);
	lock_drop(&seal->lock);
	OPENSSL_cleanse(&first, sizeof(first));
	return rc;
}

size_t seal_key_count(struct seal *seal)
{
	lock_take(&seal->lock);
	size_t count = seal->count;
	lock_drop(&seal->lock);
	return count;
}

/* Copy the first key, or the one of an id: false if there is none. */
static bool copy_key(struct seal *seal, const struct span *id,
		     struct seal_key *ret_key)
{
	lock_take(&seal->lock);
	const struct seal_key *key = id ? find_key(seal, *id) : &seal->keys[0];
	if (key)
		*ret_key = *key;
	lock_drop(&seal->lock);
	return key != NULL;
}

/* ---- sealing ---- */

static void wipe_key(struct seal_key *key)
{
	OPENSSL_cleanse(key, sizeof(*key));
}

DEFINE_CLEANUP(cipher_free, EVP_CIPHER_CTX *, EVP_CIPHER_CTX_free)

/* A context for one message, with what is bound to it taken in. */
static EVP_CIPHER_CTX *cipher_new(const struct seal_key *key,
				  const uint8_t *nonce, struct span purpose,
				  int encrypt)
{
	CLEANUP(cipher_free) EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
	int done = 0;

	if (!cipher || purpose.len > INT_MAX ||
	    EVP_CipherInit_ex(cipher, EVP_aes_256_gcm(), NULL, key->bytes,
			      nonce, encrypt) != 1 ||
	    EVP_CipherUpdate(cipher, NULL, &done, (const uint8_t *)purpose.text,
			     (int)purpose.len) != 1)
		return NULL;
	return STEAL(cipher);
}

/* Cipher text and tag of secret, behind one another, into out. */
static bool encrypt(const struct seal_key *key, const uint8_t *nonce,
		    struct span purpose, struct span secret, uint8_t *out)
{
	CLEANUP(cipher_free)
	EVP_CIPHER_CTX *cipher = cipher_new(key, nonce, purpose, 1);
	int done = 0;

	return cipher &&
	       EVP_CipherUpdate(cipher, out, &done,
				(const uint8_t *)secret.text,
				(int)secret.len) == 1 &&
	       EVP_CipherFinal_ex(cipher, out + done, &done) == 1 &&
	       EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_GET_TAG, TAG_SIZE,
				   out + secret.len) == 1;
}

int seal_close(struct seal *seal, struct span purpose, struct span secret,
	       struct buf *out, struct err *err)
{
	CLEANUP(buf_release)
	struct buf bytes = BUF_INIT(NONCE_SIZE + SECRET_MAX + TAG_SIZE);
	CLEANUP(wipe_key) struct seal_key key = {.id = ""};

	buf_reserve(&bytes, NONCE_SIZE + secret.len + TAG_SIZE);
	if (buf_check(&bytes, err) < 0 ||
	    rand_bytes(bytes.data, NONCE_SIZE, err) < 0)
		return -1;
	uint8_t *at = (uint8_t *)bytes.data;
	copy_key(seal, NULL, &key);
	if (!encrypt(&key, at, purpose, secret, at + NONCE_SIZE))
		return err_set(err, ERR_NO_MEMORY, "sealing failed");
	buf_appendf(out, "%s.", key.id);
	enc_base64url(at, NONCE_SIZE + secret.len + TAG_SIZE, out);
	return buf_check(out, err);
}

/* Appended to out; what has the wrong tag leaves no trace in it. */
static int decrypt(const struct seal_key *key, struct span purpose,
		   struct span bytes, struct buf *out, struct err *err)
{
	const uint8_t *nonce = (const uint8_t *)bytes.text;
	size_t len = bytes.len - NONCE_SIZE - TAG_SIZE;
	CLEANUP(cipher_free)
	EVP_CIPHER_CTX *cipher = cipher_new(key, nonce, purpose, 0);
	uint8_t tag[TAG_SIZE];
	int done = 0;

	buf_reserve(out, len);
	if (buf_check(out, err) < 0)
		return -1;
	uint8_t *at = (uint8_t *)out->data + out->len;
	memcpy(tag, nonce + NONCE_SIZE + len, TAG_SIZE);
	if (!cipher ||
	    EVP_CipherUpdate(cipher, at, &done, nonce + NONCE_SIZE, (int)len) !=
		    1 ||
	    EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_SET_TAG, TAG_SIZE, tag) !=
		    1)
		return err_set(err, ERR_NO_MEMORY, "opening a seal failed");
	if (EVP_CipherFinal_ex(cipher, at + done, &done) != 1) {
		OPENSSL_cleanse(at, len);
		return err_set(err, ERR_CORRUPT,
			       "a sealed text is damaged, or another's");
	}
	out->len += len;
	out->data[out->len] = '\0';
	return 0;
}

int seal_read(struct seal *seal, struct span purpose, struct span sealed,
	      struct buf *out, struct err *err)
{
	CLEANUP(buf_release)
	struct buf bytes = BUF_INIT(NONCE_SIZE + SECRET_MAX + TAG_SIZE);
	CLEANUP(wipe_key) struct seal_key key = {.id = ""};
	struct err inner = ERR_INIT;
	struct span id = {0};
	struct span rest = {0};

	if (!span_cut(sealed, '.', &id, &rest))
		return err_set(err, ERR_CORRUPT, "a sealed text has no key id");
	if (!copy_key(seal, &id, &key))
		return err_set(err, ERR_CORRUPT,
			       "a text is sealed with a key that is not in the "
			       "server's key file");
	if (enc_unbase64url(rest, &bytes, &inner) < 0) {
		if (inner.code == ERR_NO_MEMORY)
			return err_set(err, ERR_NO_MEMORY, "a sealed text");
		return err_set(err, ERR_CORRUPT,
			       "a sealed text is not base64url");
	}
	if (bytes.len < NONCE_SIZE + TAG_SIZE)
		return err_set(err, ERR_CORRUPT, "a sealed text is cut short");
	return decrypt(&key, purpose, buf_span(&bytes), out, err);
}

/* ---- keys for other uses ---- */

DEFINE_CLEANUP(kdf_free, EVP_KDF *, EVP_KDF_free)
DEFINE_CLEANUP(kdf_ctx_free, EVP_KDF_CTX *, EVP_KDF_CTX_free)

int seal_derive(struct seal *seal, const char *use, uint8_t ret_key[32],
		struct err *err)
{
	CLEANUP(kdf_free) EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
	CLEANUP(kdf_ctx_free)
	EVP_KDF_CTX *context = kdf ? EVP_KDF_CTX_new(kdf) : NULL;
	CLEANUP(wipe_key) struct seal_key key = {.id = ""};
	char hash[] = "SHA256";
	char info[64];

	snprintf(info, sizeof(info), "berth %s", use);
	copy_key(seal, NULL, &key);

	const OSSL_PARAM parameters[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, hash,
						 0),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, key.bytes,
						  KEY_SIZE),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info,
						  strlen(info)),
		OSSL_PARAM_construct_end()};
	uint8_t derived[KEY_SIZE];
	if (!context ||
	    EVP_KDF_derive(context, derived, KEY_SIZE, parameters) != 1)
		return err_set(err, ERR_NO_MEMORY, "deriving a key failed");
	memcpy(ret_key, derived, KEY_SIZE);
	OPENSSL_cleanse(derived, KEY_SIZE);
	return 0;
}
