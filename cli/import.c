/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "cli/archive.h"
#include "cli/commands.h"
#include "cli/layout.h"
#include "cli/print.h"
#include "cli/remote.h"
#include "cli/scratch.h"
#include "cli/session.h"
#include "cli/tree.h"

#define FOLDER_MAX 4096 /* bytes of a path */

/* One import under way. */
struct importer {
	struct session *session;
	struct remote remote;
	struct layout *layout; /* owned */
	json_t *seen;	       /* digests that the registry has; owned */
	json_t *results;       /* what was pushed, for the output; owned */
	bool checking;	       /* the first round: push nothing yet */
};

static void importer_release(struct importer *importer)
{
	layout_close(importer->layout);
	json_decref(importer->seen);
	json_decref(importer->results);
}

/* ---- one image ---- */

static int tell_incomplete(struct err *err)
{
	if (err->code != ERR_NOT_FOUND)
		return -1;
	return err_tell(err, "the layout is not whole: %s", err->text);
}

static int check_blob(struct importer *importer, const struct tree_item *item,
		      struct err *err)
{
	CLEANUP(cleanup_close) int fd = -1;
	struct err inner = ERR_INIT;

	if (layout_open_blob(importer->layout, &item->content, &fd, &inner) ==
	    0)
		return 0;
	if (item->elsewhere && inner.code == ERR_NOT_FOUND)
		return 0;
	*err = inner;
	return tell_incomplete(err);
}

static int push_blob(struct importer *importer, const struct tree_item *item,
		     struct err *err)
{
	struct progress *progress = &importer->session->progress;
	const struct digest *digest = &item->content.digest;
	CLEANUP(cleanup_close) int fd = -1;
	struct err inner = ERR_INIT;
	int has = remote_has_blob(&importer->remote, digest, err);

	if (has < 0)
		return -1;
	if (has == 1) {
		progress_note(progress, digest, "there already");
		return 0;
	}
	if (layout_reopen_blob(importer->layout, &item->content, &fd, &inner) ==
	    0)
		return remote_put_blob(&importer->remote, &item->content, fd,
				       err);
	if (item->elsewhere && inner.code == ERR_NOT_FOUND) {
		progress_note(progress, digest, "left out: kept elsewhere");
		return 0;
	}
	*err = inner;
	return tell_incomplete(err);
}

static int take_blob(struct importer *importer, const struct tree_item *item,
		     struct err *err)
{
	if (progress_interrupted())
		return err_set(err, ERR_UNAVAILABLE, "interrupted");
	return importer->checking ? check_blob(importer, item, err)
				  : push_blob(importer, item, err);
}

static int take_children(struct importer *importer,
			 const struct manifest *manifest, unsigned depth,
			 struct err *err);

/* A manifest after everything that it names. */
static int take_manifest(struct importer *importer,
			 const struct tree_item *item, struct span tag,
			 unsigned depth, struct err *err)
{
	CLEANUP(buf_release) struct buf body = BUF_INIT(REMOTE_MANIFEST_MAX);
	CLEANUP(manifest_release) struct manifest manifest = {0};

	if (depth > TREE_DEPTH_MAX)
		return err_set(err, ERR_UNSUPPORTED,
			       "indexes lie within indexes too deeply");
	if (layout_read_blob(importer->layout, &item->content, &body, err) < 0)
		return tell_incomplete(err);
	if (manifest_parse(buf_span(&body), item->media_type, REMOTE_ITEMS_MAX,
			   &manifest, err) < 0 ||
	    take_children(importer, &manifest, depth, err) < 0)
		return -1;
	if (importer->checking)
		return 0;
	return remote_put_manifest(&importer->remote, &item->content.digest,
				   tag, item->media_type, buf_span(&body), err);
}

static int take_children(struct importer *importer,
			 const struct manifest *manifest, unsigned depth,
			 struct err *err)
{
	for (size_t i = 0; i < manifest->item_count; i++) {
		struct tree_item item;
		int done;

		if (tree_item(manifest, i, &item, err) < 0)
			return -1;
		done = tree_seen(importer->seen, &item.content.digest, err);
		if (done < 0)
			return -1;
		if (done == 1)
			continue;
		done = item.is_manifest
			       ? take_manifest(importer, &item,
					       (struct span){0}, depth + 1, err)
			       : take_blob(importer, &item, err);
		if (done < 0)
			return -1;
	}
	return 0;
}

static int add_result(struct importer *importer, const struct tree_item *item,
		      struct span tag, struct err *err)
{
	char digest[DIGEST_TEXT_SIZE];
	const char *name = tag.len > 0 ? tag.text : "";

	digest_format(&item->content.digest, digest);
	if (json_array_append_new(
		    importer->results,
		    json_pack("{s:s%, s:s, s:s, s:s%}", "tag", name, tag.len,
			      "digest", digest, "repository",
			      importer->remote.repository, "mediaType",
			      item->media_type.text, item->media_type.len)) < 0)
		return err_set(err, ERR_NO_MEMORY, "results");
	return 0;
}

static int take_image(struct importer *importer, const struct tree_item *item,
		      struct span tag, struct err *err)
{
	if (take_manifest(importer, item, tag, 0, err) < 0)
		return -1;
	return importer->checking ? 0 : add_result(importer, item, tag, err);
}

/* ---- which images ---- */

/* Push all, each with the tag that its entry gives it, if any. */
static int take_all(struct importer *importer, struct err *err)
{
	const json_t *entries = layout_entries(importer->layout);

	for (size_t i = 0; i < json_array_size(entries); i++) {
		const json_t *entry = json_array_get(entries, i);
		struct span tag = {0};
		struct tree_item item;
		int found = tree_entry(entry, &item, err);

		if (found < 0)
			return -1;
		if (found == 0)
			continue;
		target_tag_of(layout_entry_name(entry), &tag);
		if (take_image(importer, &item, tag, err) < 0)
			return -1;
	}
	return 0;
}

/* The entry that has the tag, or the only one there is. */
static int choose(const json_t *entries, struct span tag,
		  struct tree_item *ret_item, struct err *err)
{
	struct tree_item item;
	size_t count = 0;

	for (size_t i = 0; i < json_array_size(entries); i++) {
		const json_t *entry = json_array_get(entries, i);
		struct span name = {0};
		int found = tree_entry(entry, &item, err);

		if (found < 0)
			return -1;
		if (found == 0)
			continue;
		*ret_item = item;
		if (target_tag_of(layout_entry_name(entry), &name) &&
		    span_equal(name, tag))
			return 0;
		count++;
	}
	if (count == 1)
		return 0;
	err_set(err, ERR_INVALID, "no one image to be tagged");
	return err_tell(err,
			"the layout holds %zu images and none has the tag "
			"%.*s: give a tag that it has, or REPO alone to push "
			"all",
			count, SPAN_ARG(tag));
}

static int take_layout(struct importer *importer, struct err *err)
{
	struct span tag = span_of(importer->session->options->target.tag);
	struct tree_item item;

	if (tag.len == 0)
		return take_all(importer, err);
	if (choose(layout_entries(importer->layout), tag, &item, err) < 0)
		return -1;
	return take_image(importer, &item, tag, err);
}

/* A layout that is damaged anywhere leaves nothing in the registry. */
static int check_and_push(struct importer *importer, struct err *err)
{
	importer->checking = true;
	if (take_layout(importer, err) < 0)
		return -1;
	importer->checking = false;
	json_object_clear(importer->seen);
	return take_layout(importer, err);
}

static int print_results(struct importer *importer, struct err *err)
{
	const json_t *results = importer->results;

	if (json_array_size(results) == 0) {
		err_set(err, ERR_NOT_FOUND, "no image in the layout");
		return err_tell(err, "the layout holds no image");
	}
	if (importer->session->options->json)
		return print_json(json_incref(importer->results), err);
	for (size_t i = 0; i < json_array_size(results); i++) {
		const json_t *row = json_array_get(results, i);
		const char *tag =
			json_string_value(json_object_get(row, "tag"));
		const char *digest =
			json_string_value(json_object_get(row, "digest"));

		if (tag[0])
			printf("%s:%s %s\n", importer->remote.repository, tag,
			       digest);
		else
			printf("%s@%s\n", importer->remote.repository, digest);
	}
	return 0;
}

static int import_layout(struct session *session, const char *path,
			 struct err *err)
{
	CLEANUP(importer_release)
	struct importer importer = {
		.session = session,
		.remote = {.client = session->client,
			   .repository = session->options->target.repository,
			   .progress = &session->progress},
		.seen = json_object(),
		.results = json_array()};

	if (!importer.seen || !importer.results)
		return err_set(err, ERR_NO_MEMORY, "import");
	if (layout_open(path, &importer.layout, err) < 0 ||
	    check_and_push(&importer, err) < 0)
		return -1;
	return print_results(&importer, err);
}

/* ---- from where ---- */

static int unpack_and_import(struct session *session, const char *folder,
			     struct err *err)
{
	const struct options *options = session->options;
	CLEANUP(cleanup_close)
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return err_sys(err, errno, "opening folder %s", folder);
	if (archive_read_layout(options->path, fd, options->max_bytes, err) < 0)
		return -1;
	return import_layout(session, folder, err);
}

static int import_archive(struct session *session, struct err *err)
{
	CLEANUP(buf_release) struct buf folder = BUF_INIT(FOLDER_MAX);
	struct err inner = ERR_INIT;

	if (scratch_make(session->options->path, &folder, err) < 0)
		return -1;
	int done = unpack_and_import(session, buf_text(&folder), err);
	if (scratch_remove(buf_text(&folder), &inner) == 0 || done < 0)
		return done;
	*err = inner;
	return -1;
}

int import_run(struct session *session, struct err *err)
{
	const char *path = session->options->path;
	struct stat info;

	if (stat(path, &info) < 0) {
		err_sys(err, errno, "opening %s", path);
		return err_tell(err, "%s cannot be opened: %s", path,
				strerror(err->os));
	}
	if (S_ISDIR(info.st_mode))
		return import_layout(session, path, err);
	return import_archive(session, err);
}
