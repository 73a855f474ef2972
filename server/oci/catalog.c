/* SPDX-License-Identifier: Apache-2.0 */
/* GET /v2/_catalog */
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "server/app.h"
#include "server/http/access.h"
#include "server/http/response.h"
#include "server/oci/names.h"
#include "server/oci/oci.h"
#include "storage/refname.h"
#include "storage/registry_lists.h"

#define PIECE 100     /* names that are read at a time */
#define LOOK_MAX 1000 /* names that one request looks at */

/*
 * A page holds what the caller may see, and says that there is more only if
 * there is more that he may see.  For that it looks at so many names at most.
 * Where these do not suffice the page ends early, behind a name that he may not
 * know: so the Link holds a mark (names.h).
 */
struct listing {
	struct request *request;
	struct registry_at at;
	struct names names; /* that are shown */
	size_t limit;	    /* of them */
	struct buf *piece;  /* the newest names, each with a NUL behind */
	char after[REFNAME_REPOSITORY_MAX + 1]; /* the last one looked at */
	size_t looked;
	bool more;	/* there is more to see, or to look at */
	bool cut_short; /* the latter */
};

static int keep_name(void *context, struct span name, struct err *err)
{
	struct listing *listing = context;

	buf_append_span(listing->piece, name);
	buf_append_char(listing->piece, '\0');
	return buf_check(listing->piece, err);
}

static void set_after(struct listing *listing, struct span name)
{
	if (name.len >= sizeof(listing->after))
		name.len = sizeof(listing->after) - 1;
	if (name.len > 0)
		memcpy(listing->after, name.text, name.len);
	listing->after[name.len] = '\0';
}

/* One name: 1 the page has its end, 0 go on. */
static int look_at(struct listing *listing, struct span name, struct err *err)
{
	int seen = access_may_see(listing->request, name, err);

	if (seen < 0)
		return -1;
	if (seen > 0 && listing->names.count == listing->limit) {
		listing->more = true;
		return 1;
	}
	listing->looked++;
	set_after(listing, name);
	return seen > 0 && names_add(&listing->names, name, err) < 0 ? -1 : 0;
}

static int look_at_piece(struct listing *listing, struct err *err)
{
	const char *text = buf_text(listing->piece);
	const char *end = text + listing->piece->len;

	while (text < end) {
		struct span name = span_of(text);
		int ended = look_at(listing, name, err);

		if (ended != 0)
			return ended;
		text += name.len + 1;
	}
	return 0;
}

static int look(struct listing *listing, struct err *err)
{
	bool more = listing->limit > 0;

	while (more && listing->looked < LOOK_MAX) {
		struct registry_page page = {.after = span_of(listing->after),
					     .limit = PIECE,
					     .context = listing};

		buf_clear(listing->piece);
		if (registry_repositories(listing->request->app->registry,
					  &listing->at, &page, keep_name, &more,
					  err) < 0)
			return -1;
		int ended = look_at_piece(listing, err);
		if (ended != 0)
			return ended < 0 ? -1 : 0;
	}
	listing->cut_short = more;
	listing->more |= more;
	return 0;
}

/* ---- where a page begins and ends ---- */

static int read_after(struct listing *listing, struct span last,
		      struct err *err)
{
	CLEANUP(buf_release) struct buf name = BUF_INIT(NAMES_MARK_SIZE);

	if (names_read_mark(listing->request->app, &last, &name, err) < 0)
		return -1;
	set_after(listing, last);
	return 0;
}

static int link_next(struct listing *listing, struct err *err)
{
	CLEANUP(buf_release) struct buf mark = BUF_INIT(NAMES_MARK_SIZE);

	if (!listing->cut_short) {
		names_link(listing->request, &listing->names, listing->limit,
			   listing->more);
		return 0;
	}
	if (names_mark(listing->request->app, span_of(listing->after), &mark,
		       err) < 0)
		return -1;
	oci_link_next(listing->request, listing->limit, buf_span(&mark), "");
	return 0;
}

static int list_repositories(struct request *request, struct err *err)
{
	CLEANUP(buf_release)
	struct buf piece = BUF_INIT(PIECE * (REFNAME_REPOSITORY_MAX + 1));
	struct listing listing = {
		.request = request,
		.piece = &piece,
		.at = {.scope = request->app->scope,
		       .actor = span_of(request->principal.name)}};
	struct registry_page page;

	if (oci_page(request, &page, err) < 0 ||
	    read_after(&listing, page.after, err) < 0)
		return -1;
	listing.limit = page.limit;
	listing.names.body = response_body(request, 200, "application/json");
	buf_append_text(listing.names.body, "{\"repositories\":[");
	if (look(&listing, err) < 0)
		return -1;
	buf_append_text(listing.names.body, "]}\n");
	return link_next(&listing, err);
}

const struct handler oci_catalog = {.work = list_repositories};
