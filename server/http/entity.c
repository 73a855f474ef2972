/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http/entity.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "server/http/entity_impl.h"

DEFINE_CLEANUP(entity_unref_at, struct entity *, entity_unref)

static struct entity *entity_new(const struct entity_head *head)
{
	CLEANUP(entity_unref_at)
	struct entity *entity = calloc(1, sizeof(*entity));

	if (!entity)
		return NULL;
	entity->fd = -1;
	atomic_init(&entity->references, 1);
	entity->content_type =
		strndup(head->content_type.len ? head->content_type.text : "",
			head->content_type.len);
	if (!entity->content_type || head->digest.len >= sizeof(entity->digest))
		return NULL;
	if (head->digest.len)
		memcpy(entity->digest, head->digest.text, head->digest.len);
	snprintf(entity->etag, sizeof(entity->etag), "\"%s\"", entity->digest);
	entity->immutable = head->immutable;
	return STEAL(entity);
}

static struct entity_body *body_new(struct buf *bytes)
{
	struct entity_body *body = calloc(1, sizeof(*body));

	if (!body)
		return NULL;
	atomic_init(&body->references, 1);
	body->bytes = buf_steal(bytes);
	return body;
}

struct entity_body *entity_body_ref(struct entity_body *body)
{
	atomic_fetch_add_explicit(&body->references, 1, memory_order_relaxed);
	return body;
}

void entity_body_unref(struct entity_body *body)
{
	if (!body || atomic_fetch_sub_explicit(&body->references, 1,
					       memory_order_acq_rel) != 1)
		return;
	free(body->bytes);
	free(body);
}

int entity_new_bytes(const struct entity_head *head, struct buf *body,
		     struct entity **ret_entity, struct err *err)
{
	if (buf_check(body, err) < 0)
		return -1;
	CLEANUP(entity_unref_at) struct entity *entity = entity_new(head);

	if (!entity)
		return err_set(err, ERR_NO_MEMORY, "no memory for an answer");
	entity->size = body->len;
	entity->body = body_new(body);
	if (!entity->body)
		return err_set(err, ERR_NO_MEMORY, "no memory for an answer");
	*ret_entity = STEAL(entity);
	return 0;
}

int entity_new_file(const struct entity_head *head, int fd, uint64_t size,
		    struct entity **ret_entity, struct err *err)
{
	struct entity *entity = entity_new(head);

	if (!entity) {
		close(fd);
		return err_set(err, ERR_NO_MEMORY, "no memory for an answer");
	}
	entity->fd = fd;
	entity->size = size;
	*ret_entity = entity;
	return 0;
}

struct entity *entity_ref(struct entity *entity)
{
	atomic_fetch_add_explicit(&entity->references, 1, memory_order_relaxed);
	return entity;
}

void entity_unref(struct entity *entity)
{
	if (!entity || atomic_fetch_sub_explicit(&entity->references, 1,
						 memory_order_acq_rel) != 1)
		return;
	void *wire = atomic_load(&entity->wire);

	if (wire)
		entity_wire_free(wire);
	if (entity->fd >= 0)
		close(entity->fd);
	entity_body_unref(entity->body);
	free(entity->content_type);
	free(entity);
}

uint64_t entity_size(const struct entity *entity)
{
	return entity->size;
}

struct span entity_content_type(const struct entity *entity)
{
	return span_of(entity->content_type);
}

struct span entity_digest(const struct entity *entity)
{
	return span_of(entity->digest);
}

int entity_fd(const struct entity *entity)
{
	return entity->fd;
}

const char *entity_cache_control(const struct entity *entity)
{
	return entity->immutable ? "public, max-age=31536000, immutable"
				 : "no-cache";
}
