/* SPDX-License-Identifier: Apache-2.0 */
/* From one repository of a registry to another: blobs are mounted where the
 * registry lets us, else fetched and pushed. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "cli/commands.h"
#include "cli/print.h"
#include "cli/remote.h"
#include "cli/scratch.h"
#include "cli/session.h"
#include "cli/tree.h"

/* One copy under way. */
struct copier {
	struct session *session;
	struct remote from;
	struct remote to;
	json_t *seen; /* digests that are there; owned */
};

static void copier_release(struct copier *copier)
{
	json_decref(copier->seen);
}

static int carry_blob(struct copier *copier, const struct content *content,
		      struct err *err)
{
	CLEANUP(cleanup_close) int fd = -1;

	if (scratch_file(&fd, err) < 0 ||
	    remote_get_blob(&copier->from, content, fd, err) < 0)
		return -1;
	return remote_put_blob(&copier->to, content, fd, err);
}

static int copy_blob(struct copier *copier, const struct tree_item *item,
		     struct err *err)
{
	const struct digest *digest = &item->content.digest;
	struct progress *progress = &copier->session->progress;
	struct err inner = ERR_INIT;
	int done = remote_mount_blob(&copier->to, digest,
				     copier->from.repository, err);

	if (done < 0)
		return -1;
	if (done == 1) {
		progress_note(progress, digest, "mounted");
		return 0;
	}
	if (carry_blob(copier, &item->content, &inner) == 0)
		return 0;
	if (item->elsewhere && inner.code == ERR_NOT_FOUND) {
		progress_note(progress, digest, "left out: kept elsewhere");
		return 0;
	}
	*err = inner;
	return -1;
}

static int copy_children(struct copier *copier, const struct manifest *manifest,
			 unsigned depth, struct err *err);

/* A manifest after everything that it names. */
static int copy_manifest(struct copier *copier, const char *reference,
			 struct span tag, unsigned depth, struct err *err)
{
	CLEANUP(remote_manifest_release) struct remote_manifest got = {0};
	CLEANUP(manifest_release) struct manifest manifest = {0};

	if (depth > TREE_DEPTH_MAX)
		return err_set(err, ERR_UNSUPPORTED,
			       "indexes lie within indexes too deeply");
	if (progress_interrupted())
		return err_set(err, ERR_UNAVAILABLE, "interrupted");
	if (remote_get_manifest(&copier->from, reference, &got, err) < 0 ||
	    manifest_parse(buf_span(&got.body), buf_span(&got.media_type),
			   REMOTE_ITEMS_MAX, &manifest, err) < 0 ||
	    copy_children(copier, &manifest, depth, err) < 0)
		return -1;
	return remote_put_manifest(&copier->to, &got.content.digest, tag,
				   buf_span(&got.media_type),
				   buf_span(&got.body), err);
}

static int copy_item(struct copier *copier, const struct tree_item *item,
		     unsigned depth, struct err *err)
{
	char digest[DIGEST_TEXT_SIZE];
	int seen = tree_seen(copier->seen, &item->content.digest, err);

	if (seen != 0)
		return seen < 0 ? -1 : 0;
	if (!item->is_manifest)
		return copy_blob(copier, item, err);
	digest_format(&item->content.digest, digest);
	return copy_manifest(copier, digest, SPAN_LIT(""), depth + 1, err);
}

static int copy_children(struct copier *copier, const struct manifest *manifest,
			 unsigned depth, struct err *err)
{
	struct tree_item item;

	for (size_t i = 0; i < manifest->item_count; i++)
		if (tree_item(manifest, i, &item, err) < 0 ||
		    copy_item(copier, &item, depth, err) < 0)
			return -1;
	return 0;
}

/* The tag that was said, else the one it had; a digest needs none. */
static struct span tag_of(const struct options *options)
{
	const struct target *to = &options->second;

	return span_of(to->tag[0] ? to->tag : options->target.tag);
}

int copy_run(struct session *session, struct err *err)
{
	const struct options *options = session->options;
	struct progress *progress = &session->progress;
	CLEANUP(copier_release)
	struct copier copier = {
		.session = session,
		.from = {.client = session->client,
			 .repository = options->target.repository,
			 .progress = progress},
		.to = {.client = session->client,
		       .repository = options->second.repository,
		       .progress = progress},
		.seen = json_object()};
	struct span tag = tag_of(options);
	char reference[TARGET_REFERENCE_SIZE];

	if (!copier.seen)
		return err_set(err, ERR_NO_MEMORY, "copy");
	target_reference(&options->target, reference);
	if (copy_manifest(&copier, reference, tag, 0, err) < 0)
		return -1;
	if (options->json)
		return print_json(json_pack("{s:s, s:s%, s:s}", "repository",
					    copier.to.repository, "tag",
					    tag.text ? tag.text : "", tag.len,
					    "from", copier.from.repository),
				  err);
	if (!options->quiet)
		printf("copied %s to %s%s%.*s\n", reference,
		       copier.to.repository, tag.len > 0 ? ":" : "",
		       SPAN_ARG(tag));
	return 0;
}
