/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/body.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

#include "base/err.h"
#include "base/hasher.h"
#include "tests/lib/check.h"

/* The whole stream, taken in parts of at most most bytes. */
static unsigned char *stream(const struct body_pool *pool, size_t variant,
			     int chunked, size_t most)
{
	uint64_t size = body_stream_size(pool, chunked);
	unsigned char *bytes = malloc((size_t)size);
	uint64_t at = 0;

	CHECK(bytes);
	while (at < size) {
		struct iovec part;

		body_stream_part(pool, &pool->variants[variant], chunked, at,
				 &part);
		CHECK(part.iov_len > 0 && part.iov_len <= size - at);
		if (part.iov_len > most)
			part.iov_len = most;
		memcpy(bytes + at, part.iov_base, part.iov_len);
		at += part.iov_len;
	}
	return bytes;
}

static void check_digest(const unsigned char *bytes, size_t len,
			 const char *want)
{
	struct err err = ERR_INIT;
	struct digest digest;
	char text[DIGEST_TEXT_SIZE];

	CHECK(hasher_once(DIGEST_SHA256, bytes, len, &digest, &err) == 0);
	digest_format(&digest, text);
	CHECK_TEXT(text, want);
}

static void each_body_has_its_digest(void)
{
	struct body_pool pool;
	struct err err = ERR_INIT;

	CHECK(body_pool_init(&pool, 3, 1000, 64, &err) == 0);
	for (size_t i = 0; i < pool.count; i++) {
		unsigned char *bytes = stream(&pool, i, 0, 300);

		check_digest(bytes, 1000, pool.variants[i].digest);
		free(bytes);
	}
	CHECK(strcmp(pool.variants[0].digest, pool.variants[1].digest) != 0);
	CHECK(strcmp(pool.variants[1].digest, pool.variants[2].digest) != 0);
	body_pool_release(&pool);
}

/* Take the frames apart as a server would. */
static size_t unchunk(const unsigned char *stream_bytes, size_t len,
		      size_t chunk, unsigned char *out)
{
	size_t at = 0;
	size_t got = 0;

	for (;;) {
		unsigned int size;
		int head;

		CHECK(sscanf((const char *)stream_bytes + at, "%x%n", &size,
			     &head) == 1);
		CHECK(size <= chunk);
		at += (size_t)head;
		CHECK(!memcmp(stream_bytes + at, "\r\n", 2));
		at += 2;
		memcpy(out + got, stream_bytes + at, size);
		got += size;
		at += size;
		CHECK(!memcmp(stream_bytes + at, "\r\n", 2));
		at += 2;
		if (!size)
			break;
	}
	CHECK(at == len);
	return got;
}

static void frames_hold_the_body(void)
{
	static const size_t sizes[] = {8, 63, 64, 65, 70, 128, 1000};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct body_pool pool;
		struct err err = ERR_INIT;
		unsigned char out[1000];
		unsigned char *bytes;
		size_t size;

		CHECK(body_pool_init(&pool, 1, sizes[i], 64, &err) == 0);
		size = (size_t)body_stream_size(&pool, 1);
		for (size_t most = 1; most < 80; most += 13) {
			bytes = stream(&pool, 0, 1, most);
			CHECK(unchunk(bytes, size, 64, out) == sizes[i]);
			check_digest(out, sizes[i], pool.variants[0].digest);
			free(bytes);
		}
		body_pool_release(&pool);
	}
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(each_body_has_its_digest),
		CHECK_CASE(frames_hold_the_body),
	};

	return CHECK_RUN(argc, argv, cases);
}
