/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORAGE_UPLOAD_H
#define STORAGE_UPLOAD_H

/*
 * One upload in memory: its stage, the hash of what came so far, and who may go
 * on with it; and the table that gives each to one request at a time.  Idle
 * ones are kept open up to a bound, then the longest idle is closed: it is
 * opened and hashed again when it is asked for.  This is the registry's inside:
 * registry_uploads.h is for others.
 *
 * "Held" means that the caller alone may use the upload until upload_put_back()
 * or upload_discard().  All but upload_append() and the plain look-ups wait for
 * the store.
 */

#include "base/digest.h"
#include "base/span.h"
#include "storage/registry.h"

struct err;
struct meta_upload;
struct upload;

/* A new upload with an empty stage, held. */
int upload_create(struct registry *registry, const struct registry_at *at,
		  enum digest_algo algo, bool session,
		  struct upload **ret_upload, struct err *err);

/* An upload of the table: 1 held, 0 not in the table, -1 ERR_UPLOAD_BUSY or,
 * if it is another's, ERR_UPLOAD_UNKNOWN. */
int upload_take(struct registry *registry, const struct registry_at *at,
		struct span id, struct upload **ret_upload, struct err *err);

/* The same if its row need not be told, and nothing else is in the way. */
bool upload_take_fresh(struct registry *registry, const struct registry_at *at,
		       struct span id, struct upload **ret_upload);

/* Open the stage of a session that its row describes, hash it, hold it. */
int upload_reopen(struct registry *registry, const struct registry_at *at,
		  const struct meta_upload *row, struct upload **ret_upload,
		  struct err *err);

/* How far an upload of the table is, held or not: 1 / 0 / -1 as above. */
int upload_peek(struct registry *registry, const struct registry_at *at,
		struct span id, uint64_t *ret_offset, struct err *err);

/* What it is; never waits.  Spans borrow from the upload. */
struct registry *upload_registry(const struct upload *upload);
struct span upload_id(const struct upload *upload);
bool upload_is_session(const struct upload *upload);
uint64_t upload_offset(const struct upload *upload);
void upload_describe(const struct upload *upload, struct meta_upload *ret_row);

/* True now and then: its row should be told that it is alive. */
bool upload_wants_touch(struct upload *upload);

/* Add bytes and hash them, as blob_driver's stage_append.  Never waits. */
int upload_append(struct upload *upload, struct span bytes, size_t *ret_taken,
		  void (*room)(void *context), void *context, struct err *err);

/* Write out what is buffered. */
int upload_flush(struct upload *upload, struct err *err);

/* The digest of the flushed content; another algorithm than the one it is
 * hashed with reads it again. */
int upload_digest(struct upload *upload, enum digest_algo algo,
		  struct digest *ret_digest, struct err *err);

/* Publish the flushed content under a fresh key; durable when it returns 0. */
int upload_publish(struct upload *upload, const char *key, struct err *err);

/* Flush and let the next request have it.  After a failure it is closed, and
 * what the store holds counts next time. */
int upload_put_back(struct upload *upload, struct err *err);

/* Close it and remove its stage. */
void upload_discard(struct upload *upload);

#endif
