/* SPDX-License-Identifier: Apache-2.0 */
/* POST /v2/{name}/blobs/uploads/: a session, a mount, or a whole blob. */
#include <string.h>

#include "base/err.h"
#include "server/app.h"
#include "server/http/access.h"
#include "server/http/response.h"
#include "server/oci/oci.h"
#include "server/oci/upload_body.h"
#include "storage/refname.h"
#include "storage/registry_blobs.h"
#include "storage/registry_uploads.h"

/* Some clients send a few bytes that mean nothing along with a POST. */
#define IGNORED_MAX 65536

/* Of a mount that does not say from where: so many repositories are looked at.
 */
#define HOLDERS_MAX 8

static int read_algo(struct request *request, enum digest_algo *ret_algo,
		     struct err *err)
{
	struct span text = {0};
	int found = request_query(request, "digest-algorithm", 0, &text, err);

	if (found < 0)
		return -1;
	if (found == 0) {
		*ret_algo = DIGEST_SHA256;
		return 0;
	}
	struct err inner = ERR_INIT;
	if (digest_algo_parse(text.text, text.len, ret_algo, &inner) < 0) {
		err_set(err, ERR_DIGEST_INVALID, "%s", inner.text);
		return err_tell(err, "digest-algorithm is not one of sha256 "
				     "and sha512");
	}
	return 0;
}

/* Without a digest there is nothing to open. */
static int look_at_post(struct request *request, struct err *err)
{
	struct upload_body *body = upload_body_of(request);
	struct registry_at at;

	if (!body)
		return err_set(err, ERR_NO_MEMORY, "upload request");
	if (oci_at(request, &at, err) < 0)
		return -1;
	int said = upload_body_read_digest(request, body, err);
	return said < 0 ? -1 : said == 0;
}

static int open_post(struct request *request, struct err *err)
{
	struct upload_body *body = upload_body_of(request);
	struct registry_at at;

	if (!body)
		return err_set(err, ERR_NO_MEMORY, "upload request");
	if (oci_at_push(request, &at, err) < 0)
		return -1;
	int said = upload_body_read_digest(request, body, err);
	if (said <= 0)
		return said;
	return registry_upload_hold_single(request->app->registry, &at,
					   body->digest.algo, &body->upload,
					   err);
}

static int take_post(struct request *request, const void *data, size_t len,
		     size_t *ret_taken, struct err *err)
{
	struct upload_body *body = request->state;

	if (body->upload)
		return upload_body_chunk(request, data, len, ret_taken, err);
	if (body->received + len > IGNORED_MAX) {
		err_set(err, ERR_TOO_LARGE, "body of a POST without digest");
		return err_tell(err, "say ?digest= to push a blob with one "
				     "POST, or send it to the Location");
	}
	body->received += len;
	*ret_taken = len;
	return 0;
}

static int start_session(struct request *request, const struct registry_at *at,
			 struct err *err)
{
	enum digest_algo algo = DIGEST_SHA256;
	char id[RAND_UUID_SIZE];

	if (read_algo(request, &algo, err) < 0 ||
	    registry_upload_start(request->app->registry, at, algo, id, err) <
		    0)
		return -1;
	response_status(request, 202);
	upload_headers(request, span_of(id), 0);
	oci_warn_volatile(request);
	return 0;
}

/* Whether the client may read there is asked first: a digest is no secret that
 * opens other people's repositories.  1 / 0 / -1. */
static int mount_from(struct request *request, const struct registry_at *at,
		      const struct digest *digest, struct span from,
		      struct err *err)
{
	struct err inner = ERR_INIT;

	if (refname_check_repository(from, &inner) < 0)
		return 0;
	int may = access_may(request, ACTION_GET_DOWNLOAD_URL, from, err);
	if (may <= 0)
		return may;
	return registry_blob_mount(request->app->registry, at, digest, from,
				   err);
}

struct holders {
	char names[HOLDERS_MAX][REFNAME_REPOSITORY_MAX + 1];
	size_t count; /* of names */
};

static int keep_holder(void *context, struct span name, struct err *err)
{
	struct holders *holders = context;

	(void)err;
	if (holders->count < HOLDERS_MAX && name.len <= REFNAME_REPOSITORY_MAX)
		memcpy(holders->names[holders->count++], name.text, name.len);
	return 0;
}

/* From wherever the client may read it. */
static int mount_from_any(struct request *request, const struct registry_at *at,
			  const struct digest *digest, struct err *err)
{
	struct holders holders = {.count = 0};
	int mounted = 0;

	if (registry_blob_holders(request->app->registry, at->scope, digest,
				  HOLDERS_MAX, keep_holder, &holders, err) < 0)
		return -1;
	for (size_t i = 0; mounted == 0 && i < holders.count; i++)
		mounted = mount_from(request, at, digest,
				     span_of(holders.names[i]), err);
	return mounted;
}

/* 1 mounted and answered, 0 to be uploaded instead: what cannot be mounted is
 * no failure. */
static int try_mount(struct request *request, const struct registry_at *at,
		     struct err *err)
{
	char text[DIGEST_TEXT_SIZE];
	struct span mount = {0};
	struct span from = {0};
	struct digest digest;
	int found = request_query(request, "mount", 0, &mount, err);

	if (found <= 0)
		return found;
	if (refname_parse_digest(mount, &digest, err) < 0 ||
	    request_query(request, "from", 0, &from, err) < 0)
		return -1;
	found = from.len > 0 ? mount_from(request, at, &digest, from, err)
			     : mount_from_any(request, at, &digest, err);
	if (found <= 0)
		return found;
	digest_format(&digest, text);
	response_status(request, 201);
	oci_location(request, "/v2/%.*s/blobs/%s", SPAN_ARG(at->repository),
		     text);
	response_header(request, "Docker-Content-Digest", text);
	return 1;
}

static int finish_post(struct request *request, struct err *err)
{
	struct upload_body *body = request->state;
	struct registry_at at;

	if (body->upload)
		return upload_body_finish(request, body, err);
	if (oci_at_push(request, &at, err) < 0)
		return -1;
	int mounted = try_mount(request, &at, err);
	if (mounted != 0)
		return mounted < 0 ? -1 : 0;
	return start_session(request, &at, err);
}

const struct handler oci_upload_post = {.quick = look_at_post,
					.open = open_post,
					.chunk = take_post,
					.work = finish_post,
					.close = upload_body_close};
