/* SPDX-License-Identifier: Apache-2.0 */
/* /v2/{name}/blobs/uploads/{id} */
#include "base/cleanup.h"
#include "base/err.h"
#include "server/app.h"
#include "server/http/response.h"
#include "server/oci/oci.h"
#include "server/oci/upload_body.h"
#include "storage/registry_uploads.h"

/* ---- PATCH ---- */

static int hold_patch(struct request *request, struct err *err)
{
	struct upload_body *body = upload_body_of(request);

	if (!body)
		return err_set(err, ERR_NO_MEMORY, "upload request");
	return upload_body_hold_now(request, body, err);
}

static int open_patch(struct request *request, struct err *err)
{
	struct upload_body *body = upload_body_of(request);

	if (!body)
		return err_set(err, ERR_NO_MEMORY, "upload request");
	return upload_body_hold(request, body, err);
}

static int finish_patch(struct request *request, struct err *err)
{
	struct upload_body *body = request->state;
	uint64_t offset = registry_upload_offset(body->upload);

	if (upload_body_check(body, err) < 0 ||
	    registry_upload_pause(STEAL(body->upload), err) < 0)
		return -1;
	response_status(request, 202);
	upload_headers(request, request->params[ROUTE_REFERENCE], offset);
	return 0;
}

const struct handler oci_upload_patch = {.quick = hold_patch,
					 .open = open_patch,
					 .chunk = upload_body_chunk,
					 .work = finish_patch,
					 .close = upload_body_close};

/* ---- PUT ---- */

/* The digest is looked at before the session is: a request that cannot end it
 * leaves it as it was. */
static int read_put(struct request *request, struct upload_body *body,
		    struct err *err)
{
	if (!body)
		return err_set(err, ERR_NO_MEMORY, "upload request");
	int said = upload_body_read_digest(request, body, err);
	if (said < 0)
		return -1;
	if (said == 0) {
		err_set(err, ERR_DIGEST_INVALID, "no digest was said");
		return err_tell(err, "say ?digest= of the whole blob");
	}
	return 0;
}

static int hold_put(struct request *request, struct err *err)
{
	struct upload_body *body = upload_body_of(request);

	if (read_put(request, body, err) < 0)
		return -1;
	return upload_body_hold_now(request, body, err);
}

static int open_put(struct request *request, struct err *err)
{
	struct upload_body *body = upload_body_of(request);

	if (read_put(request, body, err) < 0)
		return -1;
	return upload_body_hold(request, body, err);
}

static int finish_put(struct request *request, struct err *err)
{
	return upload_body_finish(request, request->state, err);
}

const struct handler oci_upload_put = {.quick = hold_put,
				       .open = open_put,
				       .chunk = upload_body_chunk,
				       .work = finish_put,
				       .close = upload_body_close};

/* ---- GET, DELETE ---- */

static int get_status(struct request *request, struct err *err)
{
	struct span id = request->params[ROUTE_REFERENCE];
	struct registry_at at;
	uint64_t offset = 0;

	if (oci_at(request, &at, err) < 0 ||
	    registry_upload_status(request->app->registry, &at, id, &offset,
				   err) < 0)
		return -1;
	response_status(request, 204);
	upload_headers(request, id, offset);
	return 0;
}

const struct handler oci_upload_get = {.work = get_status};

static int cancel(struct request *request, struct err *err)
{
	struct registry_at at;

	if (oci_at(request, &at, err) < 0 ||
	    registry_upload_cancel(request->app->registry, &at,
				   request->params[ROUTE_REFERENCE], err) < 0)
		return -1;
	response_status(request, 204);
	return 0;
}

const struct handler oci_upload_delete = {.work = cancel};
