/* SPDX-License-Identifier: Apache-2.0 */
/* /v2/{name}/manifests/{reference} */
#include "base/cleanup.h"
#include "base/err.h"
#include "conf/conf.h"
#include "server/app.h"
#include "server/cache.h"
#include "server/http/entity.h"
#include "server/http/response.h"
#include "server/oci/accept.h"
#include "server/oci/oci.h"
#include "storage/registry_manifests.h"

DEFINE_CLEANUP(entity_unref_at, struct entity *, entity_unref)

static int read_path(const struct request *request, struct registry_at *ret_at,
		     struct reference *ret_reference, struct err *err)
{
	if (oci_at(request, ret_at, err) < 0)
		return -1;
	return refname_parse_reference(request->params[ROUTE_REFERENCE],
				       ret_reference, err);
}

/* A tag that no manifest can have is unknown; only a push is told why. */
static int read_stored_path(const struct request *request,
			    struct registry_at *ret_at,
			    struct reference *ret_reference, struct err *err)
{
	if (read_path(request, ret_at, ret_reference, err) == 0)
		return 0;
	if (err->code != ERR_TAG_INVALID)
		return -1;
	err_clear(err);
	return err_set(err, ERR_MANIFEST_UNKNOWN,
		       "no manifest can have such a tag");
}

/* ---- GET, HEAD ---- */

static int answer(struct request *request, struct entity *entity,
		  struct err *err)
{
	struct span type = entity_content_type(entity);

	if (!accept_allows(request, type)) {
		err_set(err, ERR_NOT_ACCEPTABLE,
			"Accept excludes the stored type");
		return err_tell(err,
				"the manifest is of type %.*s, which the "
				"Accept header does not allow",
				SPAN_ARG(type));
	}
	response_entity(request, entity);
	return 0;
}

static int get_cached(struct request *request, struct err *err)
{
	CLEANUP(entity_unref_at) struct entity *entity = NULL;
	struct reference reference;
	struct registry_at at;
	struct oci_key key;

	if (read_stored_path(request, &at, &reference, err) < 0)
		return -1;
	if (!oci_key_make(request, 'm', request->params[ROUTE_REFERENCE], &key))
		return 0;
	entity = cache_get(request->app->cache, key.repository, key.whole);
	if (!entity)
		return 0;
	return answer(request, entity, err) < 0 ? -1 : 1;
}

static int make_entity(struct meta_stored *stored, bool immutable,
		       struct entity **ret_entity, struct err *err)
{
	char digest[DIGEST_TEXT_SIZE];
	struct entity_head head = {.content_type =
					   buf_span(&stored->media_type),
				   .immutable = immutable};

	digest_format(&stored->digest, digest);
	head.digest = span_of(digest);
	return entity_new_bytes(&head, &stored->body, ret_entity, err);
}

static int get_manifest(struct request *request, struct err *err)
{
	CLEANUP(meta_stored_release) struct meta_stored stored = {0};
	CLEANUP(entity_unref_at) struct entity *entity = NULL;
	struct cache *cache = request->app->cache;
	struct reference reference;
	struct registry_at at;
	struct oci_key key;
	uint64_t generation = 0;

	if (read_stored_path(request, &at, &reference, err) < 0)
		return -1;
	bool cacheable = oci_key_make(request, 'm',
				      request->params[ROUTE_REFERENCE], &key);
	if (cacheable)
		generation = cache_generation(cache, key.repository);
	if (registry_manifest_get(request->app->registry, &at, &reference,
				  &stored, err) < 0 ||
	    make_entity(&stored, reference.is_digest, &entity, err) < 0)
		return -1;
	if (cacheable)
		cache_put(cache, key.repository, key.whole, generation, entity);
	return answer(request, entity, err);
}

const struct handler oci_manifest_get = {.quick = get_cached,
					 .work = get_manifest};

/* ---- PUT ---- */

/* The ?tag= parameters of a push by digest, in the request's arena.  One more
 * than allowed is enough to be refused. */
static int read_tags(struct request *request, size_t max,
		     struct registry_push *push, struct err *err)
{
	struct span *tags =
		arena_alloc(&request->arena, (max + 1) * sizeof(*tags));
	size_t count = 0;
	int found = 1;

	if (!tags)
		return err_set(err, ERR_NO_MEMORY, "tags of a push");
	while (count <= max) {
		found = request_query(request, "tag", count, &tags[count], err);
		if (found != 1)
			break;
		count++;
	}
	push->tags = tags;
	push->tag_count = count;
	return found < 0 ? -1 : 0;
}

static void answer_push(struct request *request,
			const struct registry_push *push,
			const struct registry_pushed *pushed)
{
	char digest[DIGEST_TEXT_SIZE];

	digest_format(&pushed->digest, digest);
	response_status(request, 201);
	oci_location(request, "/v2/%.*s/manifests/%s",
		     SPAN_ARG(request->params[ROUTE_NAME]), digest);
	response_header(request, "Docker-Content-Digest", digest);
	if (pushed->subject[0] != '\0')
		response_header(request, "OCI-Subject", pushed->subject);
	for (size_t i = 0; i < push->tag_count; i++)
		response_headerf(request, "OCI-Tag", "%.*s",
				 SPAN_ARG(push->tags[i]));
	oci_warn_volatile(request);
}

static int put_manifest(struct request *request, struct err *err)
{
	size_t tags_max = (size_t)request->app->conf->registry_tags_per_push;
	struct registry_push push = {
		.content_type = request_header(request, "Content-Type"),
		.body = buf_span(&request->body)};
	struct registry_pushed pushed;
	struct registry_at at;

	if (read_path(request, &at, &push.reference, err) < 0 ||
	    oci_at_push(request, &at, err) < 0)
		return -1;
	if (push.reference.is_digest &&
	    read_tags(request, tags_max, &push, err) < 0)
		return -1;
	if (registry_manifest_put(request->app->registry, &at, &push, &pushed,
				  err) < 0)
		return -1;
	answer_push(request, &push, &pushed);
	return 0;
}

const struct handler oci_manifest_put = {.work = put_manifest};

/* ---- DELETE ---- */

static int delete_manifest(struct request *request, struct err *err)
{
	struct reference reference;
	struct registry_at at;

	if (read_stored_path(request, &at, &reference, err) < 0 ||
	    registry_manifest_delete(request->app->registry, &at, &reference,
				     err) < 0) {
		if (err->code == ERR_DISABLED)
			response_header(request, "Allow", "GET, HEAD, PUT");
		return -1;
	}
	response_status(request, 202);
	return 0;
}

const struct handler oci_manifest_delete = {.work = delete_manifest};
