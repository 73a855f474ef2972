/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/remote.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/hasher.h"
#include "base/jsonx.h"
#include "cli/client.h"
#include "cli/progress.h"
#include "storage/manifest.h"

#define PATH_MAX_BYTES 8192 /* of a request */
#define TYPE_MAX 256	    /* bytes of a media type */
#define PAGES_MAX 1000000   /* a list that is longer never ends */
#define JSON_DEPTH 32
#define ACCEPTED                                                               \
	MANIFEST_OCI_IMAGE ", " MANIFEST_OCI_INDEX ", " MANIFEST_DOCKER_IMAGE  \
			   ", " MANIFEST_DOCKER_LIST

/* The path of a manifest, blob or the like: /v2/<repository>/<kind>/<name>. */
static int make_path(const struct remote *remote, const char *kind,
		     const char *name, struct buf *path, struct err *err)
{
	buf_appendf(path, "/v2/%s/%s/%s", remote->repository, kind, name);
	return buf_check(path, err);
}

static int digest_path(const struct remote *remote, const char *kind,
		       const struct digest *digest, struct buf *path,
		       struct err *err)
{
	char text[DIGEST_TEXT_SIZE];

	digest_format(digest, text);
	return make_path(remote, kind, text, path, err);
}

/* ---- manifests ---- */

void remote_manifest_release(struct remote_manifest *manifest)
{
	buf_release(&manifest->body);
	buf_release(&manifest->media_type);
}

/* The digest by which the registry keeps it: what was asked for, else what the
 * reply says, else SHA-256. */
static int verify_manifest(const char *reference,
			   const struct client_reply *reply,
			   struct digest *ret_digest, struct err *err)
{
	struct span said = span_of(reference);
	struct err inner = ERR_INIT;
	struct digest want;
	struct digest have;
	bool known = false;

	if (!strchr(reference, ':'))
		said = buf_span(&reply->digest);
	known = digest_parse(said.text, said.len, &want, &inner) == 0;
	if (hasher_once(known ? want.algo : DIGEST_SHA256, reply->body.data,
			reply->body.len, &have, err) < 0)
		return -1;
	if (known && !digest_equal(&want, &have)) {
		err_set(err, ERR_CORRUPT, "manifest is not its digest");
		return err_tell(err, "the registry sent a manifest that is not "
				     "its digest");
	}
	*ret_digest = have;
	return 0;
}

static int take_manifest(const char *reference, struct client_reply *reply,
			 struct remote_manifest *ret_manifest, struct err *err)
{
	CLEANUP(remote_manifest_release)
	struct remote_manifest manifest = {.media_type = BUF_INIT(TYPE_MAX)};
	struct span type = buf_span(&reply->content_type);
	struct span parameters = {0};

	if (verify_manifest(reference, reply, &manifest.content.digest, err) <
	    0)
		return -1;
	span_cut(type, ';', &type, &parameters);
	buf_append_span(&manifest.media_type, span_trim(type));
	if (buf_check(&manifest.media_type, err) < 0)
		return -1;
	manifest.content.size = reply->body.len;
	manifest.body = reply->body;
	reply->body = BUF_INIT(0);
	*ret_manifest = manifest;
	memset(&manifest, 0, sizeof(manifest));
	return 0;
}

/* What was not found is named: the registry need not say it well. */
static int tell_missing(const struct remote *remote, const char *reference,
			struct err *err)
{
	if (err->code != ERR_NOT_FOUND)
		return -1;
	return err_tell(err, "%s%s%s is not in the registry",
			remote->repository, strchr(reference, ':') ? "@" : ":",
			reference);
}

int remote_get_manifest(const struct remote *remote, const char *reference,
			struct remote_manifest *ret_manifest, struct err *err)
{
	CLEANUP(buf_release) struct buf path = BUF_INIT(PATH_MAX_BYTES);
	CLEANUP(client_reply_release) struct client_reply reply = {0};

	if (make_path(remote, "manifests", reference, &path, err) < 0)
		return -1;
	struct client_request request = {.method = "GET",
					 .path = buf_text(&path),
					 .accept = ACCEPTED,
					 .reply_max = REMOTE_MANIFEST_MAX};
	if (client_expect(remote->client, &request, 200, &reply, err) < 0)
		return tell_missing(remote, reference, err);
	return take_manifest(reference, &reply, ret_manifest, err);
}

int remote_head_manifest(const struct remote *remote, const char *reference,
			 struct remote_manifest *ret_manifest, struct err *err)
{
	CLEANUP(buf_release) struct buf path = BUF_INIT(PATH_MAX_BYTES);
	CLEANUP(client_reply_release) struct client_reply reply = {0};
	struct err inner = ERR_INIT;

	if (make_path(remote, "manifests", reference, &path, err) < 0)
		return -1;
	struct client_request request = {
		.method = "HEAD", .path = buf_text(&path), .accept = ACCEPTED};
	if (client_expect(remote->client, &request, 200, &reply, err) < 0)
		return tell_missing(remote, reference, err);

	struct remote_manifest manifest = {0};
	if (digest_parse(buf_text(&reply.digest), reply.digest.len,
			 &manifest.content.digest, &inner) < 0)
		return err_set(err, ERR_INVALID,
			       "the registry names no digest "
			       "of a manifest");
	manifest.media_type = reply.content_type;
	reply.content_type = BUF_INIT(0);
	*ret_manifest = manifest;
	return 0;
}

/* SHA-256 is what every registry takes a tag for; a manifest that is known by
 * another digest has to be put under that, with the tag beside it. */
int remote_put_manifest(const struct remote *remote,
			const struct digest *digest, struct span tag,
			struct span media_type, struct span body,
			struct err *err)
{
	CLEANUP(buf_release) struct buf path = BUF_INIT(PATH_MAX_BYTES);
	CLEANUP(buf_release) struct buf type = BUF_INIT(TYPE_MAX);
	CLEANUP(client_reply_release) struct client_reply reply = {0};
	char text[DIGEST_TEXT_SIZE];
	bool by_tag = tag.len > 0 && digest->algo == DIGEST_SHA256;

	digest_format(digest, text);
	buf_appendf(&path, "/v2/%s/manifests/", remote->repository);
	if (by_tag)
		buf_append_span(&path, tag);
	else
		buf_append_text(&path, text);
	if (!by_tag && tag.len > 0)
		buf_appendf(&path, "?tag=%.*s", SPAN_ARG(tag));
	buf_append_span(&type, media_type);
	if (buf_check(&path, err) < 0 || buf_check(&type, err) < 0)
		return -1;
	struct client_request request = {.method = "PUT",
					 .path = buf_text(&path),
					 .content_type = buf_text(&type),
					 .body = body};
	return client_expect(remote->client, &request, 201, &reply, err);
}

int remote_delete_manifest(const struct remote *remote, const char *reference,
			   struct err *err)
{
	CLEANUP(buf_release) struct buf path = BUF_INIT(PATH_MAX_BYTES);
	CLEANUP(client_reply_release) struct client_reply reply = {0};

	if (make_path(remote, "manifests", reference, &path, err) < 0)
		return -1;
	struct client_request request = {.method = "DELETE",
					 .path = buf_text(&path)};
	if (client_expect(remote->client, &request, 202, &reply, err) < 0)
		return tell_missing(remote, reference, err);
	return 0;
}

/* ---- blobs ---- */

int remote_has_blob(const struct remote *remote, const struct digest *digest,
		    struct err *err)
{
	CLEANUP(buf_release) struct buf path = BUF_INIT(PATH_MAX_BYTES);
	CLEANUP(client_reply_release) struct client_reply reply = {0};

	if (digest_path(remote, "blobs", digest, &path, err) < 0)
		return -1;
	struct client_request request = {.method = "HEAD",
					 .path = buf_text(&path)};
	struct err inner = ERR_INIT;

	if (client_expect(remote->client, &request, 200, &reply, &inner) == 0)
		return 1;
	if (inner.code == ERR_NOT_FOUND)
		return 0;
	*err = inner;
	return -1;
}

int remote_get_blob(const struct remote *remote, const struct content *content,
		    int fd, struct err *err)
{
	CLEANUP(buf_release) struct buf path = BUF_INIT(PATH_MAX_BYTES);
	CLEANUP(client_reply_release) struct client_reply reply = {0};

	if (digest_path(remote, "blobs", &content->digest, &path, err) < 0)
		return -1;
	struct client_request request = {.method = "GET",
					 .path = buf_text(&path),
					 .sink_fd = fd,
					 .has_sink_fd = true,
					 .reply_max = content->size,
					 .progress = progress_tell,
					 .context = remote->progress};
	progress_begin(remote->progress, &content->digest, content->size);
	int done = client_expect(remote->client, &request, 200, &reply, err);
	progress_end(remote->progress, done == 0 ? "fetched" : NULL);
	return done;
}

static int start_upload(const struct remote *remote, struct buf *location,
			struct err *err)
{
	CLEANUP(buf_release) struct buf path = BUF_INIT(PATH_MAX_BYTES);
	CLEANUP(client_reply_release) struct client_reply reply = {0};

	if (make_path(remote, "blobs", "uploads/", &path, err) < 0)
		return -1;
	struct client_request request = {.method = "POST",
					 .path = buf_text(&path)};
	if (client_expect(remote->client, &request, 202, &reply, err) < 0)
		return -1;
	if (reply.location.len == 0)
		return err_set(err, ERR_INVALID,
			       "the registry gives no place for an upload");
	buf_append_span(location, buf_span(&reply.location));
	return buf_check(location, err);
}

int remote_put_blob(const struct remote *remote, const struct content *content,
		    int fd, struct err *err)
{
	CLEANUP(buf_release) struct buf place = BUF_INIT(PATH_MAX_BYTES);
	CLEANUP(client_reply_release) struct client_reply reply = {0};
	char text[DIGEST_TEXT_SIZE];

	digest_format(&content->digest, text);
	if (start_upload(remote, &place, err) < 0)
		return -1;
	buf_appendf(&place, "%cdigest=%s",
		    strchr(buf_text(&place), '?') ? '&' : '?', text);
	if (buf_check(&place, err) < 0)
		return -1;
	struct client_request request = {.method = "PUT",
					 .path = buf_text(&place),
					 .content_type =
						 "application/octet-stream",
					 .body_fd = fd,
					 .has_body_fd = true,
					 .body_size = content->size,
					 .progress = progress_tell,
					 .context = remote->progress};
	progress_begin(remote->progress, &content->digest, content->size);
	int done = client_expect(remote->client, &request, 201, &reply, err);
	progress_end(remote->progress, done == 0 ? "pushed" : NULL);
	return done;
}

/* A registry that will not mount opens an upload instead. */
static void end_upload(const struct remote *remote, const char *location)
{
	CLEANUP(client_reply_release) struct client_reply reply = {0};
	struct client_request request = {.method = "DELETE", .path = location};
	struct err ignored = ERR_INIT;

	client_ask(remote->client, &request, &reply, &ignored);
}

int remote_mount_blob(const struct remote *remote, const struct digest *digest,
		      const char *from, struct err *err)
{
	CLEANUP(buf_release) struct buf path = BUF_INIT(PATH_MAX_BYTES);
	CLEANUP(client_reply_release) struct client_reply reply = {0};
	char text[DIGEST_TEXT_SIZE];

	digest_format(digest, text);
	buf_appendf(&path, "/v2/%s/blobs/uploads/?mount=%s&from=%s",
		    remote->repository, text, from);
	if (buf_check(&path, err) < 0)
		return -1;
	struct client_request request = {.method = "POST",
					 .path = buf_text(&path)};
	if (client_ask(remote->client, &request, &reply, err) < 0)
		return -1;
	if (reply.status == 201)
		return 1;
	if (reply.status == 202 && reply.location.len > 0) {
		end_upload(remote, buf_text(&reply.location));
		return 0;
	}
	return client_tell(&reply, &request, err);
}

/* ---- lists ---- */

/* The address in Link: <...>; rel="next"; false if there is no next page. */
static bool next_page(const struct client_reply *reply, struct buf *path)
{
	struct span link = buf_span(&reply->link);
	struct span before = {0};

	buf_clear(path);
	if (link.len == 0 || link.text[0] != '<' ||
	    !span_cut(span_make(link.text + 1, link.len - 1), '>', &before,
		      &link) ||
	    before.len == 0)
		return false;
	buf_append_span(path, before);
	return true;
}

static int add_page(const struct client_reply *reply, const char *key,
		    json_t *all, struct err *err)
{
	CLEANUP(jsonx_unref) json_t *tree = NULL;
	json_t *array = NULL;

	if (jsonx_parse(buf_span(&reply->body), JSON_DEPTH, &tree, err) < 0)
		return err_wrap(err, "reading a list of the registry");
	/* An empty list may be null, or not there. */
	if (!json_is_object(tree) || !json_is_array(json_object_get(tree, key)))
		return 0;
	if (jsonx_array(tree, key, &array, err) < 0)
		return -1;
	if (json_array_extend(all, array) < 0)
		return err_set(err, ERR_NO_MEMORY, "list");
	return 0;
}

int remote_list(struct client *client, const char *path, const char *key,
		json_t **ret_array, struct err *err)
{
	CLEANUP(buf_release) struct buf page = BUF_INIT(PATH_MAX_BYTES);
	CLEANUP(jsonx_unref) json_t *all = json_array();
	bool more = true;

	if (!all)
		return err_set(err, ERR_NO_MEMORY, "list");
	buf_append_text(&page, path);
	for (int i = 0; more && i < PAGES_MAX; i++) {
		CLEANUP(client_reply_release) struct client_reply reply = {0};
		struct client_request request = {.method = "GET",
						 .path = buf_text(&page)};

		if (client_expect(client, &request, 200, &reply, err) < 0 ||
		    add_page(&reply, key, all, err) < 0)
			return -1;
		more = next_page(&reply, &page);
		if (buf_check(&page, err) < 0)
			return -1;
	}
	*ret_array = STEAL(all);
	return 0;
}

int remote_referrers(const struct remote *remote, const struct digest *digest,
		     json_t **ret_array, struct err *err)
{
	CLEANUP(buf_release) struct buf path = BUF_INIT(PATH_MAX_BYTES);

	if (digest_path(remote, "referrers", digest, &path, err) < 0)
		return -1;
	return remote_list(remote->client, buf_text(&path), "manifests",
			   ret_array, err);
}
