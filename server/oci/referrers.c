/* SPDX-License-Identifier: Apache-2.0 */
/* GET /v2/{name}/referrers/{digest} */
#include <inttypes.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/enc.h"
#include "base/err.h"
#include "base/jsonx.h"
#include "server/app.h"
#include "server/http/response.h"
#include "server/oci/oci.h"
#include "storage/manifest.h"
#include "storage/refname.h"
#include "storage/registry_lists.h"

/* A page ends here even if fewer entries than asked for are on it: each brings
 * its annotations along. */
#define PAGE_BYTES ((size_t)4 << 20)

struct listing {
	struct buf *body;	     /* borrowed */
	size_t count;		     /* entries so far */
	char last[DIGEST_TEXT_SIZE]; /* digest of the newest entry */
};

static void append_member(struct buf *body, const char *name, struct span value)
{
	if (value.len == 0)
		return;
	buf_appendf(body, ",\"%s\":", name);
	jsonx_quote(value, body);
}

static int add_referrer(void *context, const struct meta_referrer *referrer,
			struct err *err)
{
	struct listing *listing = context;
	struct buf *body = listing->body;

	(void)err;
	if (listing->count > 0 && body->len > PAGE_BYTES)
		return 1;
	if (referrer->digest.len >= sizeof(listing->last))
		return 0;
	if (listing->count++ > 0)
		buf_append_char(body, ',');
	buf_append_text(body, "{\"mediaType\":");
	jsonx_quote(referrer->media_type, body);
	buf_appendf(body, ",\"size\":%" PRIu64, referrer->size);
	append_member(body, "digest", referrer->digest);
	append_member(body, "artifactType", referrer->artifact_type);
	if (referrer->annotations.len > 0) {
		buf_append_text(body, ",\"annotations\":");
		buf_append_span(body, referrer->annotations);
	}
	buf_append_char(body, '}');
	memcpy(listing->last, referrer->digest.text, referrer->digest.len);
	listing->last[referrer->digest.len] = '\0';
	return 0;
}

static void link_next(struct request *request, const struct listing *listing,
		      size_t limit, struct span artifact_type)
{
	CLEANUP(buf_release) struct buf query = BUF_INIT(2048);

	if (artifact_type.len > 0) {
		buf_append_text(&query, "artifactType=");
		enc_percent(artifact_type, 0, &query);
	}
	oci_link_next(request, limit, span_of(listing->last), buf_text(&query));
}

static int list_referrers(struct request *request, struct err *err)
{
	struct registry_subject subject = {.each = add_referrer};
	struct listing listing = {.count = 0};
	struct registry_page page;
	struct registry_at at;
	bool more = false;

	if (oci_at(request, &at, err) < 0 ||
	    oci_page(request, &page, err) < 0 ||
	    refname_parse_digest(request->params[ROUTE_REFERENCE],
				 &subject.digest, err) < 0)
		return -1;
	int filtered = request_query(request, "artifactType", 0,
				     &subject.artifact_type, err);
	if (filtered < 0)
		return -1;
	listing.body = response_body(request, 200, MANIFEST_OCI_INDEX);
	page.context = &listing;
	buf_append_text(
		listing.body,
		"{\"schemaVersion\":2,\"mediaType\":\"" MANIFEST_OCI_INDEX
		"\",\"manifests\":[");
	if (registry_referrers(request->app->registry, &at, &subject, &page,
			       &more, err) < 0)
		return -1;
	buf_append_text(listing.body, "]}");
	if (filtered == 1 && subject.artifact_type.len > 0)
		response_header(request, "OCI-Filters-Applied", "artifactType");
	if (more && listing.count > 0)
		link_next(request, &listing, page.limit, subject.artifact_type);
	return 0;
}

const struct handler oci_referrers = {.work = list_referrers};
