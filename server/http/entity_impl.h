/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_HTTP_ENTITY_IMPL_H
#define SERVER_HTTP_ENTITY_IMPL_H

/*
 * What the transport sees of an entity.  It may hang a prepared answer on it,
 * which is made by the first thread that sends the entity and freed with it.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "server/http/entity.h"

#define ENTITY_DIGEST_SIZE 140 /* bytes of a digest's text, with its NUL */

/* Bytes that live until the last answer made of them is sent. */
struct entity_body {
	atomic_uint references; /* the last one dropped frees it */
	char *bytes;		/* owned */
};

struct entity {
	atomic_uint references;		   /* the last one dropped frees it */
	char *content_type;		   /* NULL-terminated; owned */
	char digest[ENTITY_DIGEST_SIZE];   /* "sha256:..." */
	char etag[ENTITY_DIGEST_SIZE + 2]; /* the digest in quotes */
	bool immutable;			   /* may be cached for ever */
	uint64_t size;			   /* bytes */
	struct entity_body *body;	   /* a reference; NULL for a file */
	int fd;				   /* of a file, owned; else -1 */
	_Atomic(void *) wire;		   /* the transport's prepared answer */
};

/* Take and drop a reference; NULL may be dropped. */
struct entity_body *entity_body_ref(struct entity_body *body);
/* See above; the last one frees the bytes. */
void entity_body_unref(struct entity_body *body);

/* Free a prepared answer: the transport's (mhd_response.c). */
void entity_wire_free(void *wire);

/* "public, max-age=..." or "no-cache"; a literal. */
const char *entity_cache_control(const struct entity *entity);

#endif
