/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_HTTP_ENTITY_H
#define SERVER_HTTP_ENTITY_H

/*
 * A finished answer that many requests share: a manifest in memory or a blob in
 * an open file, with the header fields that are the same for everyone.
 * Immutable and reference-counted; any thread.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

struct buf;
struct entity;
struct err;

/* What its header fields say; copied. */
struct entity_head {
	struct span content_type; /* sent as it is */
	struct span digest; /* Docker-Content-Digest, and the ETag in quotes */
	bool immutable;	    /* asked for by digest: may be cached for ever */
};

/* Take the bytes of body (its buffer is empty afterwards). */
int entity_new_bytes(const struct entity_head *head, struct buf *body,
		     struct entity **ret_entity, struct err *err);

/* Take the descriptor of a file of that size (closed with the entity, and if
 * this fails). */
int entity_new_file(const struct entity_head *head, int fd, uint64_t size,
		    struct entity **ret_entity, struct err *err);

/* One reference more; returns entity. */
struct entity *entity_ref(struct entity *entity);

/* One less; the last frees it.  NULL is fine. */
void entity_unref(struct entity *entity);

/* Its length, media type, digest and, for a file, descriptor (else -1). */
uint64_t entity_size(const struct entity *entity);
struct span entity_content_type(const struct entity *entity);
struct span entity_digest(const struct entity *entity);
int entity_fd(const struct entity *entity);

#endif
