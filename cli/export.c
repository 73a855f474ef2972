/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/fsx.h"
#include "base/jsonx.h"
#include "cli/archive.h"
#include "cli/commands.h"
#include "cli/layout.h"
#include "cli/print.h"
#include "cli/remote.h"
#include "cli/scratch.h"
#include "cli/session.h"
#include "cli/tree.h"

#define FOLDER_MAX 4096 /* bytes of a path */

/* One export under way. */
struct exporter {
	struct session *session;
	struct remote remote;
	struct layout *layout; /* owned */
	json_t *seen;	       /* digests that are in the layout; owned */
};

static void exporter_release(struct exporter *exporter)
{
	layout_close(exporter->layout);
	json_decref(exporter->seen);
}

static int fetch_blob(struct exporter *exporter, const struct tree_item *item,
		      struct err *err)
{
	int fd = -1;

	if (layout_begin_blob(exporter->layout, &fd, err) < 0)
		return -1;
	if (remote_get_blob(&exporter->remote, &item->content, fd, err) < 0) {
		layout_cancel_blob(exporter->layout, fd);
		return -1;
	}
	return layout_end_blob(exporter->layout, fd, &item->content, err);
}

/* 1 if the blob is in the layout now, 0 if it need not be. */
static int export_blob(struct exporter *exporter, const struct tree_item *item,
		       struct err *err)
{
	struct progress *progress = &exporter->session->progress;
	struct err inner = ERR_INIT;
	int has = layout_has_blob(exporter->layout, &item->content, err);

	if (has < 0)
		return -1;
	if (has == 1) {
		progress_note(progress, &item->content.digest, "there already");
		return 1;
	}
	if (fetch_blob(exporter, item, &inner) == 0)
		return 1;
	if (item->elsewhere && inner.code == ERR_NOT_FOUND) {
		progress_note(progress, &item->content.digest,
			      "left out: kept elsewhere");
		return 0;
	}
	*err = inner;
	return -1;
}

static int store_manifest(struct exporter *exporter,
			  const struct remote_manifest *manifest,
			  struct err *err)
{
	int fd = -1;
	int has = layout_has_blob(exporter->layout, &manifest->content, err);

	if (has != 0)
		return has < 0 ? -1 : 0;
	if (layout_begin_blob(exporter->layout, &fd, err) < 0)
		return -1;
	if (fsx_write_all(fd, manifest->body.data, manifest->body.len, err) <
	    0) {
		layout_cancel_blob(exporter->layout, fd);
		return -1;
	}
	return layout_end_blob(exporter->layout, fd, &manifest->content, err);
}

static int export_children(struct exporter *exporter,
			   const struct manifest *manifest, unsigned depth,
			   struct err *err);

/* A manifest after everything that it names; what it was goes to *ret_manifest
 * if that is not NULL. */
static int export_manifest(struct exporter *exporter, const char *reference,
			   unsigned depth, struct remote_manifest *ret_manifest,
			   struct err *err)
{
	CLEANUP(remote_manifest_release) struct remote_manifest got = {0};
	CLEANUP(manifest_release) struct manifest manifest = {0};

	if (depth > TREE_DEPTH_MAX)
		return err_set(err, ERR_UNSUPPORTED,
			       "indexes lie within indexes too deeply");
	if (remote_get_manifest(&exporter->remote, reference, &got, err) < 0 ||
	    manifest_parse(buf_span(&got.body), buf_span(&got.media_type),
			   REMOTE_ITEMS_MAX, &manifest, err) < 0 ||
	    export_children(exporter, &manifest, depth, err) < 0 ||
	    store_manifest(exporter, &got, err) < 0 ||
	    tree_seen(exporter->seen, &got.content.digest, err) < 0)
		return -1;
	if (ret_manifest) {
		*ret_manifest = got;
		memset(&got, 0, sizeof(got));
	}
	return 0;
}

static int export_item(struct exporter *exporter, const struct tree_item *item,
		       unsigned depth, struct err *err)
{
	char text[DIGEST_TEXT_SIZE];
	int added;

	digest_format(&item->content.digest, text);
	if (json_object_get(exporter->seen, text))
		return 0;
	if (item->is_manifest)
		return export_manifest(exporter, text, depth + 1, NULL, err);
	added = export_blob(exporter, item, err);
	if (added <= 0)
		return added;
	return tree_seen(exporter->seen, &item->content.digest, err) < 0 ? -1
									 : 0;
}

static int export_children(struct exporter *exporter,
			   const struct manifest *manifest, unsigned depth,
			   struct err *err)
{
	for (size_t i = 0; i < manifest->item_count; i++) {
		struct tree_item item;

		if (tree_item(manifest, i, &item, err) < 0 ||
		    export_item(exporter, &item, depth, err) < 0)
			return -1;
	}
	return 0;
}

static int export_referrers(struct exporter *exporter,
			    const struct digest *digest, unsigned depth,
			    struct err *err);

static int export_referrer(struct exporter *exporter, const json_t *descriptor,
			   unsigned depth, struct err *err)
{
	struct tree_item item;
	int found = tree_entry(descriptor, &item, err);

	if (found <= 0)
		return found;
	if (export_item(exporter, &item, 0, err) < 0)
		return -1;
	struct layout_entry entry = {.media_type = item.media_type,
				     .content = item.content};
	if (layout_add_entry(exporter->layout, &entry, err) < 0)
		return -1;
	return export_referrers(exporter, &item.content.digest, depth + 1, err);
}

/* A signature may be signed, too. */
static int export_referrers(struct exporter *exporter,
			    const struct digest *digest, unsigned depth,
			    struct err *err)
{
	CLEANUP(jsonx_unref) json_t *list = NULL;

	if (depth > TREE_DEPTH_MAX)
		return err_set(err, ERR_UNSUPPORTED,
			       "referrers of referrers go too deep");
	if (remote_referrers(&exporter->remote, digest, &list, err) < 0)
		return -1;
	for (size_t i = 0; i < json_array_size(list); i++)
		if (export_referrer(exporter, json_array_get(list, i), depth,
				    err) < 0)
			return -1;
	return 0;
}

/* The name under which the layout lists the image. */
static struct span entry_name(const struct target *target,
			      const char *reference)
{
	return span_of(target->has_digest ? "" : reference);
}

static int export_image(struct exporter *exporter,
			struct remote_manifest *ret_manifest, struct err *err)
{
	const struct options *options = exporter->session->options;
	CLEANUP(remote_manifest_release) struct remote_manifest manifest = {0};
	char reference[TARGET_REFERENCE_SIZE];

	target_reference(&options->target, reference);
	if (export_manifest(exporter, reference, 0, &manifest, err) < 0)
		return -1;
	if (options->referrers &&
	    export_referrers(exporter, &manifest.content.digest, 0, err) < 0)
		return -1;
	struct layout_entry entry = {
		.media_type = buf_span(&manifest.media_type),
		.content = manifest.content,
		.name = entry_name(&options->target, reference),
	};
	if (layout_add_entry(exporter->layout, &entry, err) < 0)
		return -1;
	*ret_manifest = manifest;
	memset(&manifest, 0, sizeof(manifest));
	return 0;
}

static int print_result(const struct options *options,
			const struct remote_manifest *manifest, struct err *err)
{
	char digest[DIGEST_TEXT_SIZE];

	digest_format(&manifest->content.digest, digest);
	if (options->json)
		return print_json(
			json_pack("{s:s, s:s, s:s, s:s}", "repository",
				  options->target.repository, "digest", digest,
				  "mediaType", buf_text(&manifest->media_type),
				  "path", options->path),
			err);
	printf("%s\n", digest);
	return 0;
}

/* An archive is packed from a folder beside it, which an interrupted export
 * leaves for the next one. */
static int export_archive(struct exporter *exporter, const char *folder,
			  struct remote_manifest *ret_manifest, struct err *err)
{
	const char *path = exporter->session->options->path;

	if (layout_clear_entries(exporter->layout, err) < 0 ||
	    export_image(exporter, ret_manifest, err) < 0)
		return -1;
	if (archive_write_layout(layout_dir_fd(exporter->layout),
				 exporter->seen, path, err) < 0 ||
	    scratch_remove(folder, err) < 0) {
		remote_manifest_release(ret_manifest);
		memset(ret_manifest, 0, sizeof(*ret_manifest));
		return -1;
	}
	return 0;
}

/* A name that was mistyped leaves no folder behind. */
static int check_there(const struct exporter *exporter, struct err *err)
{
	CLEANUP(remote_manifest_release) struct remote_manifest manifest = {0};
	char reference[TARGET_REFERENCE_SIZE];

	target_reference(&exporter->session->options->target, reference);
	return remote_get_manifest(&exporter->remote, reference, &manifest,
				   err);
}

int export_run(struct session *session, struct err *err)
{
	const struct options *options = session->options;
	CLEANUP(remote_manifest_release) struct remote_manifest manifest = {0};
	CLEANUP(buf_release) struct buf folder = BUF_INIT(FOLDER_MAX);
	CLEANUP(exporter_release)
	struct exporter exporter = {
		.session = session,
		.remote = {.client = session->client,
			   .repository = options->target.repository,
			   .progress = &session->progress},
		.seen = json_object()};
	bool packed = span_ends(span_of(options->path), SPAN_LIT(".tar"));
	int done;

	buf_appendf(&folder, "%s%s", options->path, packed ? ".partial" : "");
	if (!exporter.seen)
		return err_set(err, ERR_NO_MEMORY, "export");
	if (buf_check(&folder, err) < 0 || check_there(&exporter, err) < 0 ||
	    layout_create(buf_text(&folder), &exporter.layout, err) < 0)
		return -1;
	if (packed)
		done = export_archive(&exporter, buf_text(&folder), &manifest,
				      err);
	else
		done = export_image(&exporter, &manifest, err);
	return done < 0 ? -1 : print_result(options, &manifest, err);
}
