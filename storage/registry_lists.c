/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/registry_lists.h"

#include <string.h>

#include "storage/meta_tags.h"
#include "storage/registry_internal.h"

#define REFERRERS_PIECE 16 /* rows asked for at a time */

static size_t clamp(const struct registry *registry, size_t limit)
{
	return limit < registry->config.page_max ? limit
						 : registry->config.page_max;
}

int registry_tags(struct registry *registry, const struct registry_at *at,
		  const struct registry_page *page, meta_name_fn *each,
		  bool *ret_more, struct err *err)
{
	CLEANUP(registry_read_end) struct meta_tx *tx = NULL;
	int64_t repository = 0;

	if (meta_read_begin(registry->parts.meta, &tx, err) < 0 ||
	    registry_find_repository(tx, at, &repository, err) < 0)
		return -1;
	return meta_tag_page(tx, repository, page->after,
			     clamp(registry, page->limit), each, page->context,
			     ret_more, err);
}

int registry_repositories(struct registry *registry,
			  const struct registry_at *at,
			  const struct registry_page *page, meta_name_fn *each,
			  bool *ret_more, struct err *err)
{
	CLEANUP(registry_read_end) struct meta_tx *tx = NULL;

	if (meta_read_begin(registry->parts.meta, &tx, err) < 0)
		return -1;
	return meta_repository_page(tx, at->scope, page->after,
				    clamp(registry, page->limit), each,
				    page->context, ret_more, err);
}

/* A listing of referrers, read in several pieces. */
struct relay {
	const struct registry_subject *subject; /* borrowed */
	void *context;				/* the caller's */
	char last[DIGEST_TEXT_SIZE];		/* digest of the newest told */
	size_t told;				/* of all pieces */
	bool full;				/* the caller wants no more */
};

static int relay_referrer(void *context, const struct meta_referrer *referrer,
			  struct err *err)
{
	struct relay *relay = context;
	int full = relay->subject->each(relay->context, referrer, err);

	relay->full = full > 0;
	if (full != 0)
		return full;
	if (referrer->digest.len >= sizeof(relay->last))
		return err_set(err, ERR_CORRUPT,
			       "the database holds a bad digest");
	memcpy(relay->last, referrer->digest.text, referrer->digest.len);
	relay->last[referrer->digest.len] = '\0';
	relay->told++;
	return 0;
}

/* Each referrer brings up to 4 MiB of annotations along, and not every database
 * lets its rows be read one by one. */
static int list_referrers(struct meta_tx *tx, struct meta_referrer_query *query,
			  struct relay *relay, bool *ret_more, struct err *err)
{
	size_t limit = query->limit;

	do {
		size_t left = limit - relay->told;

		query->limit = left < REFERRERS_PIECE ? left : REFERRERS_PIECE;
		if (meta_referrer_page(tx, query, relay_referrer, relay,
				       ret_more, err) < 0)
			return -1;
		query->after = span_of(relay->last);
	} while (*ret_more && !relay->full && relay->told < limit);
	return 0;
}

int registry_referrers(struct registry *registry, const struct registry_at *at,
		       const struct registry_subject *subject,
		       const struct registry_page *page, bool *ret_more,
		       struct err *err)
{
	CLEANUP(registry_read_end) struct meta_tx *tx = NULL;
	struct relay relay = {.subject = subject, .context = page->context};
	struct meta_referrer_query query = {
		.subject = &subject->digest,
		.artifact_type = subject->artifact_type,
		.after = page->after,
		.limit = clamp(registry, page->limit)};

	if (meta_read_begin(registry->parts.meta, &tx, err) < 0)
		return -1;
	int found = meta_repository_find(tx, at->scope, at->repository,
					 &query.repository_id, err);
	if (found < 0)
		return -1;
	if (found == 0) {
		*ret_more = false;
		return 0;
	}
	return list_referrers(tx, &query, &relay, ret_more, err);
}
