/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BENCH_BODY_H
#define BENCH_BODY_H

/*
 * The bodies that a push sends: random bytes that do not compress, all alike
 * but for the last eight, with digests computed before the clock starts.
 * Immutable after init, so that every thread may read it.
 *
 * A body is sent as a stream of bytes, either plain or in the frames of the
 * chunked encoding. Positions count in that stream.
 */

#include <stddef.h>
#include <stdint.h>

struct err;
struct iovec;

#define BODY_TAIL 8
#define BODY_DIGEST_SIZE 72	/* "sha256:", 64 digits and the NUL */
#define BODY_CHUNK_HEAD_SIZE 20 /* the size of a chunk, CR LF and the NUL */

/* What makes a body differ from the others. */
struct body_variant {
	unsigned char tail[BODY_TAIL]; /* its last bytes */
	char digest[BODY_DIGEST_SIZE]; /* its name */
};

struct body_pool {
	unsigned char *base;		      /* size bytes, owned */
	uint64_t size;			      /* bytes of each body */
	uint64_t chunk;			      /* bytes of each full chunk */
	struct body_variant *variants;	      /* owned */
	size_t count;			      /* of the variants */
	char full_head[BODY_CHUNK_HEAD_SIZE]; /* before a full chunk */
	char last_head[BODY_CHUNK_HEAD_SIZE]; /* before a shorter last one */
};

/* Make count bodies of size bytes (at least 8). */
int body_pool_init(struct body_pool *pool, size_t count, uint64_t size,
		   uint64_t chunk, struct err *err);
void body_pool_release(struct body_pool *pool);

/* Bytes in the stream. */
uint64_t body_stream_size(const struct body_pool *pool, int chunked);

/*
 * Point ret_part at the bytes of the stream from position at on: as many as
 * lie together, at least one. at is less than the stream's size.
 */
void body_stream_part(const struct body_pool *pool,
		      const struct body_variant *variant, int chunked,
		      uint64_t at, struct iovec *ret_part);

#endif
