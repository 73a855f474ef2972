/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORAGE_REGISTRY_INTERNAL_H
#define STORAGE_REGISTRY_INTERNAL_H

/* What the files of the registry share; nobody else includes this. */

#include "base/cleanup.h"
#include "base/err.h"
#include "base/span.h"
#include "storage/blob_driver.h"
#include "storage/meta.h"
#include "storage/registry.h"

struct digest;
struct space;
struct upload_table;

struct registry {
	struct registry_config config; /* immutable */
	struct registry_parts parts;   /* immutable */
	struct space *space;	       /* owned */
	struct upload_table *uploads;  /* owned */
	int64_t swept_ms; /* monotonic; when tidy last looked at uploads */
	int64_t stages_swept_ms; /* the same for stages without a session */
};

DEFINE_CLEANUP(registry_read_end, struct meta_tx *, meta_read_end)

/* 0 if changes are allowed (deletes are). */
int registry_may_change(const struct registry *registry, struct err *err);
int registry_may_delete(const struct registry *registry, struct err *err);

/* The id of at->repository; -1 ERR_REPOSITORY_UNKNOWN if there is none. */
int registry_find_repository(struct meta_tx *tx, const struct registry_at *at,
			     int64_t *ret_id, struct err *err);

/* 0 if there is a repository to push to, or the push may make it. */
int registry_check_target(const struct registry *registry, struct meta_tx *tx,
			  const struct registry_at *at, struct err *err);

/* The id for a push, which may make the repository. */
int registry_ensure_repository(const struct registry *registry,
			       struct meta_tx *tx, const struct registry_at *at,
			       int64_t *ret_id, struct err *err);

/* What changed in a repository. */
struct registry_change {
	const char *kind; /* "tag.move" */
	struct span tag;  /* the one that was set or removed, or "" */
	const struct digest *before; /* what was there, or NULL */
	const struct digest *after;  /* what is there now, or NULL */
	bool minor;		     /* no entry in the audit log */
};

/* Append it to the event log, and to the audit log. */
int registry_event(struct meta_tx *tx, const struct registry_at *at,
		   const struct registry_change *change, struct err *err);

/* A write of which whoever caches is told before this returns, whatever came of
 * it: a commit that failed may have changed things all the same. */
int registry_write(const struct registry *registry,
		   const struct registry_at *at, meta_work_fn *work,
		   void *context, struct err *err);

/* ---- what registry_tidy() does about uploads (upload_sweep.c) ---- */

/* Remove sessions that were not touched for long. */
void registry_uploads_expire(struct registry *registry);

/* Remove stages that no session and no request has, if older than that. */
void registry_stages_sweep(struct registry *registry, int64_t age_ms);

#endif
