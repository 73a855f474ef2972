/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/jsonx.h"
#include "cli/commands.h"
#include "cli/print.h"
#include "cli/remote.h"
#include "cli/session.h"
#include "cli/tree.h"

#define CELL_MAX 512 /* bytes of a cell */

/* Bytes of everything that the manifest names itself. */
static uint64_t content_size(const struct manifest *manifest)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < manifest->item_count; i++)
		if (sum <= UINT64_MAX - manifest->items[i].size)
			sum += manifest->items[i].size;
	return sum;
}

static void append_member(const json_t *object, const char *name,
			  const char *before, struct buf *out)
{
	const char *text = json_string_value(json_object_get(object, name));

	if (text)
		buf_appendf(out, "%s%s", before, text);
}

/* "linux/arm64/v8", or "-". */
static void platform_of(const json_t *descriptor, struct buf *out)
{
	const json_t *platform = json_object_get(descriptor, "platform");

	append_member(platform, "os", "", out);
	append_member(platform, "architecture", "/", out);
	append_member(platform, "variant", "/", out);
	if (out->len == 0)
		buf_append_char(out, '-');
}

/* The config is named so; a layer by its media type, a child of an index by
 * its platform. */
static int add_row(const json_t *descriptor, enum manifest_role role,
		   json_t *rows, struct err *err)
{
	CLEANUP(buf_release) struct buf what = BUF_INIT(CELL_MAX);
	struct err ignored = ERR_INIT;
	char size[PROGRESS_SIZE_TEXT];
	struct span digest = {0};
	int64_t bytes = 0;

	if (role == MANIFEST_CHILD)
		platform_of(descriptor, &what);
	else
		buf_append_text(&what,
				role == MANIFEST_CONFIG ? "config" : "layer");
	if (buf_check(&what, err) < 0)
		return -1;
	jsonx_text(descriptor, "digest", &digest, &ignored);
	jsonx_i64(descriptor, "size", &bytes, &ignored);
	progress_format_size((uint64_t)bytes, size);
	const char *type =
		json_string_value(json_object_get(descriptor, "mediaType"));
	if (json_array_append_new(
		    rows, json_pack("[s, s, s%, s]", buf_text(&what), size,
				    digest.text, digest.len, type)) < 0)
		return err_set(err, ERR_NO_MEMORY, "inspect");
	return 0;
}

static int add_rows(const struct manifest *manifest, json_t *rows,
		    struct err *err)
{
	const json_t *array = json_object_get(manifest->tree, "manifests");
	enum manifest_role role = array ? MANIFEST_CHILD : MANIFEST_LAYER;

	if (!array) {
		array = json_object_get(manifest->tree, "layers");
		if (add_row(json_object_get(manifest->tree, "config"),
			    MANIFEST_CONFIG, rows, err) < 0)
			return -1;
	}
	for (size_t i = 0; i < json_array_size(array); i++)
		if (add_row(json_array_get(array, i), role, rows, err) < 0)
			return -1;
	return 0;
}

static void print_field(const char *name, struct span value)
{
	if (value.len == 0)
		return;
	printf("%-15s", name);
	print_clean(value, stdout);
	putchar('\n');
}

static int print_text(const struct session *session,
		      const struct remote_manifest *got,
		      const struct manifest *manifest, struct err *err)
{
	CLEANUP(jsonx_unref)
	json_t *rows = json_pack("[[s, s, s, s]]", "CONTENT", "SIZE", "DIGEST",
				 "MEDIA TYPE");
	char digest[DIGEST_TEXT_SIZE];
	char size[PROGRESS_SIZE_TEXT];

	if (!rows)
		return err_set(err, ERR_NO_MEMORY, "inspect");
	if (add_rows(manifest, rows, err) < 0)
		return -1;
	digest_format(&got->content.digest, digest);
	progress_format_size(content_size(manifest), size);
	print_field("Repository", span_of(session->options->target.repository));
	print_field("Tag", span_of(session->options->target.tag));
	print_field("Digest", span_of(digest));
	print_field("Media type", buf_span(&got->media_type));
	print_field("Artifact type", manifest->artifact_type);
	print_field("Subject", manifest->subject);
	print_field("Content", span_of(size));
	putchar('\n');
	print_table(rows);
	return 0;
}

static int print_document(const struct session *session,
			  const struct remote_manifest *got,
			  const struct manifest *manifest, struct err *err)
{
	char digest[DIGEST_TEXT_SIZE];

	digest_format(&got->content.digest, digest);
	return print_json(
		json_pack("{s:s, s:s, s:s, s:I, s:I, s:O}", "repository",
			  session->options->target.repository, "digest", digest,
			  "mediaType", buf_text(&got->media_type), "size",
			  (json_int_t)got->content.size, "contentSize",
			  (json_int_t)content_size(manifest), "manifest",
			  manifest->tree),
		err);
}

int inspect_run(struct session *session, struct err *err)
{
	const struct options *options = session->options;
	CLEANUP(remote_manifest_release) struct remote_manifest got = {0};
	CLEANUP(manifest_release) struct manifest manifest = {0};
	struct remote remote = {.client = session->client,
				.repository = options->target.repository};
	char reference[TARGET_REFERENCE_SIZE];

	target_reference(&options->target, reference);
	if (remote_get_manifest(&remote, reference, &got, err) < 0)
		return -1;
	if (options->raw) {
		fwrite(got.body.data, 1, got.body.len, stdout);
		return 0;
	}
	if (manifest_parse(buf_span(&got.body), buf_span(&got.media_type),
			   REMOTE_ITEMS_MAX, &manifest, err) < 0)
		return -1;
	if (options->json)
		return print_document(session, &got, &manifest, err);
	return print_text(session, &got, &manifest, err);
}
