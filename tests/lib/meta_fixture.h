/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_LIB_META_FIXTURE_H
#define TESTS_LIB_META_FIXTURE_H

/* Metadata to test with: an open database and a clock that stands still. */

#include <stdint.h>

#include "base/digest.h"
#include "storage/meta.h"

/* What the clock says, both wall and monotonic; set it freely. */
extern _Atomic int64_t meta_fixture_ms;
extern const struct clock_source meta_fixture_clock;

/* The scope that tests use: account "000000000000", region "local". */
extern const struct meta_scope meta_fixture_scope;

/* Metadata in a new database of sql_fixture.h; meta_close() it. */
struct meta *meta_fixture_open(void);

/* A write, a read: they must hold, and are printed where they do not. */
void meta_fixture_write(struct meta *meta, meta_work_fn *work, void *context);
struct meta_tx *meta_fixture_read(struct meta *meta);

/* The digest "sha256:" and 32 times seed's low byte in hex. */
struct digest meta_fixture_digest(unsigned seed);

#endif
