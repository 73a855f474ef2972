/* SPDX-License-Identifier: Apache-2.0 */
#include "base/hasher.h"

#include <openssl/evp.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/err.h"

/* The spare context takes the copy that is finished, so that the running one
 * can go on and the last step of an upload needs no new one. */
struct hasher {
	enum digest_algo algo;
	EVP_MD_CTX *running;
	EVP_MD_CTX *spare;
};

DEFINE_CLEANUP(hasher_free_at, struct hasher *, hasher_free)

/* Looked up once: the implicit look-up of EVP_sha256() at every start costs
 * more than hashing a small manifest. */
static EVP_MD *methods[DIGEST_ALGO_COUNT];
static pthread_once_t methods_once = PTHREAD_ONCE_INIT;

static void methods_fetch(void)
{
	for (size_t i = 0; i < DIGEST_ALGO_COUNT; i++)
		methods[i] = EVP_MD_fetch(
			NULL, digest_algo_name((enum digest_algo)i), NULL);
}

static int method_get(enum digest_algo algo, const EVP_MD **ret_method,
		      struct err *err)
{
	pthread_once(&methods_once, methods_fetch);
	if (!methods[algo])
		return err_set(err, ERR_INTERNAL, "libcrypto has no %s",
			       digest_algo_name(algo));
	*ret_method = methods[algo];
	return 0;
}

int hasher_new(enum digest_algo algo, struct hasher **ret_hasher,
	       struct err *err)
{
	CLEANUP(hasher_free_at) struct hasher *hasher = NULL;
	const EVP_MD *method;

	if (method_get(algo, &method, err) < 0)
		return -1;

	hasher = calloc(1, sizeof(*hasher));
	if (!hasher)
		return err_set(err, ERR_NO_MEMORY, "no memory for a hasher");
	hasher->algo = algo;
	hasher->running = EVP_MD_CTX_new();
	hasher->spare = EVP_MD_CTX_new();
	if (!hasher->running || !hasher->spare ||
	    EVP_DigestInit_ex2(hasher->running, method, NULL) != 1)
		return err_set(err, ERR_NO_MEMORY, "no memory for a hasher");

	*ret_hasher = STEAL(hasher);
	return 0;
}

void hasher_free(struct hasher *hasher)
{
	if (!hasher)
		return;
	EVP_MD_CTX_free(hasher->running);
	EVP_MD_CTX_free(hasher->spare);
	free(hasher);
}

enum digest_algo hasher_algo(const struct hasher *hasher)
{
	return hasher->algo;
}

int hasher_update(struct hasher *hasher, const void *data, size_t len,
		  struct err *err)
{
	if (EVP_DigestUpdate(hasher->running, data, len) != 1)
		return err_set(err, ERR_INTERNAL, "libcrypto cannot hash");
	return 0;
}

int hasher_digest(const struct hasher *hasher, struct digest *ret_digest,
		  struct err *err)
{
	struct digest digest = {.algo = hasher->algo};

	if (EVP_MD_CTX_copy_ex(hasher->spare, hasher->running) != 1)
		return err_set(err, ERR_NO_MEMORY, "no memory for a hash");
	if (EVP_DigestFinal_ex(hasher->spare, digest.bytes, NULL) != 1)
		return err_set(err, ERR_INTERNAL, "libcrypto cannot hash");
	*ret_digest = digest;
	return 0;
}

int hasher_once(enum digest_algo algo, const void *data, size_t len,
		struct digest *ret_digest, struct err *err)
{
	struct digest digest = {.algo = algo};
	const EVP_MD *method;

	if (method_get(algo, &method, err) < 0)
		return -1;
	if (EVP_Digest(data, len, digest.bytes, NULL, method, NULL) != 1)
		return err_set(err, ERR_NO_MEMORY, "no memory for a hash");
	*ret_digest = digest;
	return 0;
}
