/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/body.h"

#include <inttypes.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

#include "base/cleanup.h"
#include "base/enc.h"
#include "base/err.h"
#include "base/rand.h"

static const char end_of_chunk[] = "\r\n";
static const char end_of_body[] = "0\r\n\r\n";

DEFINE_CLEANUP(free_context, EVP_MD_CTX *, EVP_MD_CTX_free)

static int fill_base(struct body_pool *pool, struct err *err)
{
	uint64_t at = 0;

	while (at < pool->size) {
		uint64_t some = pool->size - at;

		if (some > 1024 * 1024)
			some = 1024 * 1024;
		if (rand_bytes(pool->base + at, (size_t)some, err) < 0)
			return -1;
		at += some;
	}
	return 0;
}

static int name_variant(const EVP_MD_CTX *prefix, struct body_variant *variant,
			struct err *err)
{
	CLEANUP(free_context) EVP_MD_CTX *context = EVP_MD_CTX_new();
	unsigned char hash[EVP_MAX_MD_SIZE];

	if (!context || !EVP_MD_CTX_copy_ex(context, prefix) ||
	    !EVP_DigestUpdate(context, variant->tail, BODY_TAIL) ||
	    !EVP_DigestFinal_ex(context, hash, NULL))
		return err_set(err, ERR_INTERNAL, "cannot hash a body");
	memcpy(variant->digest, "sha256:", 7);
	enc_hex(hash, 32, variant->digest + 7);
	return 0;
}

/* Only the tails differ, so the rest is hashed once. */
static int make_variants(struct body_pool *pool, struct err *err)
{
	CLEANUP(free_context) EVP_MD_CTX *prefix = EVP_MD_CTX_new();

	if (!prefix || !EVP_DigestInit_ex(prefix, EVP_sha256(), NULL) ||
	    !EVP_DigestUpdate(prefix, pool->base,
			      (size_t)pool->size - BODY_TAIL))
		return err_set(err, ERR_INTERNAL, "cannot hash the bodies");
	for (size_t i = 0; i < pool->count; i++) {
		uint64_t number = i;

		memcpy(pool->variants[i].tail, &number, BODY_TAIL);
		if (name_variant(prefix, &pool->variants[i], err) < 0)
			return -1;
	}
	return 0;
}

int body_pool_init(struct body_pool *pool, size_t count, uint64_t size,
		   uint64_t chunk, struct err *err)
{
	*pool = (struct body_pool){
		.size = size,
		.chunk = chunk,
		.count = count,
		.base = malloc((size_t)size),
		.variants = calloc(count, sizeof(*pool->variants)),
	};
	if (!pool->base || !pool->variants)
		return err_set(err, ERR_NO_MEMORY, "no memory for the bodies");
	snprintf(pool->full_head, sizeof(pool->full_head), "%" PRIx64 "\r\n",
		 chunk);
	snprintf(pool->last_head, sizeof(pool->last_head), "%" PRIx64 "\r\n",
		 size % chunk);
	if (fill_base(pool, err) < 0)
		return -1;
	return make_variants(pool, err);
}

void body_pool_release(struct body_pool *pool)
{
	free(pool->base);
	free(pool->variants);
	*pool = (struct body_pool){0};
}

static uint64_t frame_size(const char *head, uint64_t data)
{
	return strlen(head) + data + strlen(end_of_chunk);
}

uint64_t body_stream_size(const struct body_pool *pool, int chunked)
{
	uint64_t rest = pool->size % pool->chunk;
	uint64_t size;

	if (!chunked)
		return pool->size;
	size = pool->size / pool->chunk *
	       frame_size(pool->full_head, pool->chunk);
	if (rest)
		size += frame_size(pool->last_head, rest);
	return size + strlen(end_of_body);
}

static void point(struct iovec *ret_part, const void *bytes, size_t len)
{
	/* an iovec to be sent from is not written to */
	ret_part->iov_base = (void *)(uintptr_t)bytes;
	ret_part->iov_len = len;
}

/* The bytes [at, at + len) of the body itself, or the first of them. */
static void data_part(const struct body_pool *pool,
		      const struct body_variant *variant, uint64_t at,
		      uint64_t len, struct iovec *ret_part)
{
	uint64_t tail_at = pool->size - BODY_TAIL;

	if (at >= tail_at) {
		point(ret_part, variant->tail + (at - tail_at), (size_t)len);
		return;
	}
	if (len > tail_at - at)
		len = tail_at - at;
	point(ret_part, pool->base + at, (size_t)len);
}

void body_stream_part(const struct body_pool *pool,
		      const struct body_variant *variant, int chunked,
		      uint64_t at, struct iovec *ret_part)
{
	uint64_t full = frame_size(pool->full_head, pool->chunk);
	uint64_t frame = at / full;
	uint64_t frames = pool->size / pool->chunk;
	uint64_t len = pool->chunk;
	const char *head = pool->full_head;
	uint64_t in;

	if (!chunked) {
		data_part(pool, variant, at, pool->size - at, ret_part);
		return;
	}
	if (frame >= frames) {
		frame = frames;
		head = pool->last_head;
		len = pool->size % pool->chunk;
	}
	in = at - frame * full;
	if (frame == frames && (!len || in >= frame_size(head, len))) {
		in -= len ? frame_size(head, len) : 0;
		point(ret_part, end_of_body + in,
		      strlen(end_of_body) - (size_t)in);
	} else if (in < strlen(head)) {
		point(ret_part, head + in, strlen(head) - (size_t)in);
	} else if (in < strlen(head) + len) {
		in -= strlen(head);
		data_part(pool, variant, frame * pool->chunk + in, len - in,
			  ret_part);
	} else {
		in -= strlen(head) + len;
		point(ret_part, end_of_chunk + in,
		      strlen(end_of_chunk) - (size_t)in);
	}
}
