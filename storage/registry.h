/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORAGE_REGISTRY_H
#define STORAGE_REGISTRY_H

/*
 * The registry: metadata and blobs together.  The use cases are in
 * registry_blobs.h, registry_uploads.h, registry_manifests.h and
 * registry_lists.h; they are the only place that decides the order of blob and
 * metadata steps:
 *
 *   bytes durable -> metadata committed -> whoever caches told -> answered.
 *
 * Unless it says otherwise a function may wait for disk and database, so it is
 * for worker threads.  Any thread.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"
#include "storage/meta.h"

struct blob_driver;
struct clock_source;
struct err;
struct registry;

struct registry_config {
	bool allow_delete;   /* else deletes are ERR_DISABLED */
	bool read_only;	     /* else every change is ERR_READ_ONLY */
	bool create_on_push; /* a push makes the repository it names */
	bool sparse_indexes; /* an index may name manifests that are not here */
	uint64_t blob_max;   /* bytes of one blob; 0: no limit */
	uint64_t manifest_max;		/* bytes of one manifest */
	size_t descriptors_max;		/* in one manifest */
	size_t tags_per_push;		/* in one push by digest */
	size_t page_max;		/* names in one page of a listing */
	int64_t uploads_max;		/* open sessions in all */
	int64_t uploads_per_repository; /* the same of one repository */
	int64_t uploads_per_principal;	/* the same of one principal */
	int64_t upload_expiry_ms;	/* since it was last touched */
	uint64_t low_water;		/* free bytes below which pushes stop */
	uint64_t reserve;		/* bytes kept aside for deletes */
};

/* What it works on; all is borrowed and outlives the registry. */
struct registry_parts {
	struct meta *meta;		  /* rows */
	struct blob_driver *blobs;	  /* bytes */
	const struct clock_source *clock; /* ages of uploads */
	int data_dir_fd; /* for the reserve file; -1: keep none */
	/* Called after a change of the repository was committed, or may have
	 * been, and before it is answered; NULL is fine.  Must not wait. */
	void (*changed)(void *context, struct meta_scope scope,
			struct span repository);
	void *context; /* handed to changed */
};

/* Take over what the last start left: parts are borrowed until registry_free,
 * config is copied.  Any failure of the storage below. */
int registry_new(const struct registry_config *config,
		 const struct registry_parts *parts,
		 struct registry **ret_registry, struct err *err);

/* Closes what is open; unfinished uploads stay for the next start. */
void registry_free(struct registry *registry);

/* Which repository, and who asks; everything is borrowed for the call. */
struct registry_at {
	struct meta_scope scope; /* account and region */
	struct span repository;	 /* its name, as it was checked */
	struct span actor;	 /* the principal's name */
	bool may_create;	 /* a push of his may make the repository */
	struct span source;	 /* the client's address: for the audit log */
	struct span request_id;	 /* the request's: the same */
};

/* Once a second or so, by one thread, and for the first time before requests
 * come in: expired uploads are removed, stages that have no session too, and
 * the reserve is given up or taken back. */
void registry_tidy(struct registry *registry);

/* For metrics: uploads open in memory, free bytes of the store. */
struct registry_counts {
	int64_t uploads_active; /* held by a request now */
	int64_t uploads_idle;	/* open, waiting for the next request */
	uint64_t free_bytes;	/* as last seen; UINT64_MAX: no bound */
	bool full;		/* pushes are refused */
};
void registry_read_counts(struct registry *registry,
			  struct registry_counts *ret_counts);

#endif
