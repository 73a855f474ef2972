/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/jsonx.h"
#include "cli/commands.h"
#include "cli/print.h"
#include "cli/remote.h"
#include "cli/session.h"

#define PATH_SIZE 512 /* "/v2/<repository>/tags/list" */

/* One name a line, or the array. */
static int print_names(const struct session *session, json_t *names,
		       struct err *err)
{
	if (session->options->json)
		return print_json(json_incref(names), err);
	for (size_t i = 0; i < json_array_size(names); i++) {
		print_clean(
			span_of(json_string_value(json_array_get(names, i))),
			stdout);
		putchar('\n');
	}
	return 0;
}

int browse_repositories(struct session *session, struct err *err)
{
	CLEANUP(jsonx_unref) json_t *names = NULL;

	if (remote_list(session->client, "/v2/_catalog", "repositories", &names,
			err) < 0)
		return -1;
	return print_names(session, names, err);
}

static json_t *tag_row(const struct session *session, const char *tag,
		       const struct remote_manifest *manifest)
{
	char digest[DIGEST_TEXT_SIZE];
	const char *type = buf_text(&manifest->media_type);

	digest_format(&manifest->content.digest, digest);
	if (session->options->json)
		return json_pack("{s:s, s:s, s:s}", "tag", tag, "digest",
				 digest, "mediaType", type);
	return json_pack("[s, s, s]", tag, digest, type);
}

static int add_tag(struct session *session, const char *tag, json_t *rows,
		   struct err *err)
{
	CLEANUP(remote_manifest_release) struct remote_manifest manifest = {0};
	struct remote remote = {.client = session->client,
				.repository =
					session->options->target.repository};

	if (!tag)
		return err_set(err, ERR_INVALID,
			       "the registry listed a tag "
			       "that is no text");
	if (remote_head_manifest(&remote, tag, &manifest, err) < 0)
		return -1;
	if (json_array_append_new(rows, tag_row(session, tag, &manifest)) < 0)
		return err_set(err, ERR_NO_MEMORY, "tags");
	return 0;
}

/* A tag that went away since it was listed is left out. */
static int list_tags(struct session *session, const json_t *tags,
		     struct err *err)
{
	bool json = session->options->json;
	CLEANUP(jsonx_unref)
	json_t *rows =
		json ? json_array()
		     : json_pack("[[s, s, s]]", "TAG", "DIGEST", "MEDIA TYPE");

	if (!rows)
		return err_set(err, ERR_NO_MEMORY, "tags");
	for (size_t i = 0; i < json_array_size(tags); i++) {
		struct err inner = ERR_INIT;
		const char *tag = json_string_value(json_array_get(tags, i));

		if (add_tag(session, tag, rows, &inner) < 0 &&
		    inner.code != ERR_NOT_FOUND) {
			*err = inner;
			return -1;
		}
	}
	if (json)
		return print_json(json_incref(rows), err);
	print_table(rows);
	return 0;
}

int browse_tags(struct session *session, struct err *err)
{
	const char *repository = session->options->target.repository;
	CLEANUP(jsonx_unref) json_t *tags = NULL;
	char path[PATH_SIZE];

	snprintf(path, sizeof(path), "/v2/%s/tags/list", repository);
	if (remote_list(session->client, path, "tags", &tags, err) < 0) {
		if (err->code != ERR_NOT_FOUND)
			return -1;
		return err_tell(err,
				"there is no repository %s; berth "
				"repositories lists those there are",
				repository);
	}
	if (session->options->list)
		return list_tags(session, tags, err);
	return print_names(session, tags, err);
}
