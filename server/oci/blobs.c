/* SPDX-License-Identifier: Apache-2.0 */
/* /v2/{name}/blobs/{digest} */
#include "base/cleanup.h"
#include "base/err.h"
#include "server/app.h"
#include "server/cache.h"
#include "server/http/entity.h"
#include "server/http/response.h"
#include "server/oci/oci.h"
#include "storage/blob_reader.h"
#include "storage/refname.h"
#include "storage/registry_blobs.h"

DEFINE_CLEANUP(entity_unref_at, struct entity *, entity_unref)

static int read_path(const struct request *request, struct registry_at *ret_at,
		     struct digest *ret_digest, struct err *err)
{
	if (oci_at(request, ret_at, err) < 0)
		return -1;
	return refname_parse_digest(request->params[ROUTE_REFERENCE],
				    ret_digest, err);
}

static int get_cached(struct request *request, struct err *err)
{
	CLEANUP(entity_unref_at) struct entity *entity = NULL;
	struct registry_at at;
	struct digest digest;
	struct oci_key key;

	if (read_path(request, &at, &digest, err) < 0)
		return -1;
	if (!oci_key_make(request, 'b', request->params[ROUTE_REFERENCE], &key))
		return 0;
	entity = cache_get(request->app->cache, key.repository, key.whole);
	if (!entity)
		return 0;
	response_entity(request, entity);
	return 1;
}

static int open_entity(struct request *request, const struct registry_at *at,
		       const struct digest *digest, struct entity **ret_entity,
		       struct err *err)
{
	struct entity_head head = {.content_type =
					   SPAN_LIT("application/octet-stream"),
				   .digest = request->params[ROUTE_REFERENCE],
				   .immutable = true};
	struct blob_reader reader = {.fd = -1};

	if (registry_blob_open(request->app->registry, at, digest, &reader,
			       err) < 0)
		return -1;
	int done = entity_new_file(&head, STEAL_FD(reader.fd), reader.size,
				   ret_entity, err);
	registry_blob_close(request->app->registry, &reader);
	return done;
}

static int get_blob(struct request *request, struct err *err)
{
	CLEANUP(entity_unref_at) struct entity *entity = NULL;
	struct cache *cache = request->app->cache;
	struct registry_at at;
	struct digest digest;
	struct oci_key key;
	uint64_t generation = 0;

	if (read_path(request, &at, &digest, err) < 0)
		return -1;
	bool cacheable = oci_key_make(request, 'b',
				      request->params[ROUTE_REFERENCE], &key);
	if (cacheable)
		generation = cache_generation(cache, key.repository);
	if (open_entity(request, &at, &digest, &entity, err) < 0)
		return -1;
	if (cacheable)
		cache_put(cache, key.repository, key.whole, generation, entity);
	response_entity(request, entity);
	return 0;
}

const struct handler oci_blob_get = {.quick = get_cached, .work = get_blob};

static int delete_blob(struct request *request, struct err *err)
{
	struct registry_at at;
	struct digest digest;

	if (read_path(request, &at, &digest, err) < 0 ||
	    registry_blob_delete(request->app->registry, &at, &digest, err) <
		    0) {
		if (err->code == ERR_DISABLED)
			response_header(request, "Allow", "GET, HEAD");
		return -1;
	}
	response_status(request, 202);
	return 0;
}

const struct handler oci_blob_delete = {.work = delete_blob};
