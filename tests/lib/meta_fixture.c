/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/meta_fixture.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "tests/lib/sql_fixture.h"

_Atomic int64_t meta_fixture_ms = 1000000;

static int64_t now(void *context)
{
	(void)context;
	return atomic_load(&meta_fixture_ms);
}

const struct clock_source meta_fixture_clock = {
	.wall_ms = now,
	.monotonic_ms = now,
};

const struct meta_scope meta_fixture_scope = {
	.account = {.text = "000000000000", .len = 12},
	.region = {.text = "local", .len = 5},
};

struct meta *meta_fixture_open(void)
{
	struct err err = ERR_INIT;
	struct meta *meta = NULL;
	int rc = meta_open(sql_fixture_new(), &meta_fixture_clock, &meta, &err);

	if (rc < 0)
		fprintf(stderr, "meta_open: %s\n", err.text);
	CHECK(rc == 0);
	return meta;
}

void meta_fixture_write(struct meta *meta, meta_work_fn *work, void *context)
{
	struct err err = ERR_INIT;
	int rc = meta_write(meta, work, context, &err);

	if (rc < 0)
		fprintf(stderr, "meta_write: %s\n", err.text);
	CHECK(rc == 0);
}

struct meta_tx *meta_fixture_read(struct meta *meta)
{
	struct err err = ERR_INIT;
	struct meta_tx *tx = NULL;
	int rc = meta_read_begin(meta, &tx, &err);

	if (rc < 0)
		fprintf(stderr, "meta_read_begin: %s\n", err.text);
	CHECK(rc == 0);
	return tx;
}

struct digest meta_fixture_digest(unsigned seed)
{
	struct digest digest = {.algo = DIGEST_SHA256};

	memset(digest.bytes, (int)(seed & 0xff), 32);
	return digest;
}
