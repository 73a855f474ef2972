/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORAGE_REGISTRY_UPLOADS_H
#define STORAGE_REGISTRY_UPLOADS_H

/*
 * Uploads of blobs: sessions that several requests continue, and uploads of one
 * request.  A session belongs to one repository and one principal, and to one
 * request at a time: who holds an upload may append to it from his event loop
 * and must give it back by pause, finish or abandon, which are for workers.
 * Sessions survive a restart; what they hold is hashed again then.
 */

#include "base/digest.h"
#include "base/rand.h"
#include "storage/registry.h"

struct upload;

/* Open a session: ERR_TOO_MANY over a limit, ERR_NO_SPACE below the low-water
 * mark, ERR_REPOSITORY_UNKNOWN where pushes make no repositories,
 * ERR_DENIED where this one may not. */
int registry_upload_start(struct registry *registry,
			  const struct registry_at *at, enum digest_algo algo,
			  char ret_id[RAND_UUID_SIZE], struct err *err);

/* Hold a session: ERR_UPLOAD_UNKNOWN, ERR_UPLOAD_BUSY, ERR_NO_SPACE. */
int registry_upload_hold(struct registry *registry,
			 const struct registry_at *at, struct span id,
			 struct upload **ret_upload, struct err *err);

/* The same without waiting: 1 held, 0 if registry_upload_hold() must see to it
 * on a thread that may wait, -1 ERR_NO_SPACE and the like. */
int registry_upload_hold_now(struct registry *registry,
			     const struct registry_at *at, struct span id,
			     struct upload **ret_upload, struct err *err);

/* Hold an upload that has no session and must be finished by this request. */
int registry_upload_hold_single(struct registry *registry,
				const struct registry_at *at,
				enum digest_algo algo,
				struct upload **ret_upload, struct err *err);

/* Bytes it has; never waits. */
uint64_t registry_upload_offset(const struct upload *upload);

/*
 * Add bytes: takes *ret_taken of them, and where that is not all of them calls
 * room(context) once when there is room again.  ERR_TOO_LARGE over blob_max.
 * Never waits: this is for event loops.
 */
int registry_upload_append(struct upload *upload, struct span bytes,
			   size_t *ret_taken, void (*room)(void *context),
			   void *context, struct err *err);

/* Write out what is buffered and let the next request have it.  Consumes the
 * upload.  What was appended may be lost in a crash: a session tells its
 * offset. */
int registry_upload_pause(struct upload *upload, struct err *err);

/*
 * The content is whole and is digest: have the repository of `at` hold it, for
 * whom the upload was held.  Durable
 * when it returns 0.  Consumes the upload: on ERR_DIGEST_INVALID the session is
 * ended, on other failures it stays open.
 */
int registry_upload_finish(struct upload *upload, const struct registry_at *at,
			   const struct digest *digest, struct err *err);

/* Give it back after a failure: a session stays, a single upload goes.  NULL
 * is fine. */
void registry_upload_abandon(struct upload *upload);

/* How far a session is, without holding it. */
int registry_upload_status(struct registry *registry,
			   const struct registry_at *at, struct span id,
			   uint64_t *ret_offset, struct err *err);

/* End a session and free its bytes. */
int registry_upload_cancel(struct registry *registry,
			   const struct registry_at *at, struct span id,
			   struct err *err);

#endif
