/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/registry_lists.h"

#include <stdio.h>
#include <string.h>

#include "storage/manifest.h"
#include "storage/registry_manifests.h"
#include "tests/lib/registry_fixture.h"

#define BODY_SIZE 1024
#define EMPTY "{}"

static struct registry_fixture fixture;

struct seen {
	char names[512];
	char last[DIGEST_TEXT_SIZE + 1];
	size_t count;
};

static int see_name(void *context, struct span name, struct err *err)
{
	struct seen *seen = context;
	size_t used = strlen(seen->names);

	(void)err;
	seen->count++;
	snprintf(seen->names + used, sizeof(seen->names) - used, "%.*s ",
		 SPAN_ARG(name));
	snprintf(seen->last, sizeof(seen->last), "%.*s", SPAN_ARG(name));
	return 0;
}

static int see_referrer(void *context, const struct meta_referrer *referrer,
			struct err *err)
{
	struct seen *seen = context;

	(void)err;
	CHECK(referrer->size > 0);
	CHECK(seen->count == 0 || strncmp(seen->last, referrer->digest.text,
					  referrer->digest.len) < 0);
	seen->count++;
	snprintf(seen->last, sizeof(seen->last), "%.*s",
		 SPAN_ARG(referrer->digest));
	return 0;
}

/* An artifact of that type about a subject. */
static void make_artifact(char body[BODY_SIZE], const char *type,
			  const char *subject, int number)
{
	struct digest empty = fixture_digest(EMPTY);
	struct digest about = fixture_digest(subject);
	char empty_text[DIGEST_TEXT_SIZE], about_text[DIGEST_TEXT_SIZE];

	digest_format(&empty, empty_text);
	digest_format(&about, about_text);
	snprintf(body, BODY_SIZE,
		 "{\"schemaVersion\":2,\"mediaType\":\"" MANIFEST_OCI_IMAGE
		 "\",\"artifactType\":\"%s\",\"config\":{\"mediaType\":"
		 "\"application/vnd.oci.empty.v1+json\",\"digest\":\"%s\","
		 "\"size\":2},\"layers\":[],\"subject\":{\"mediaType\":"
		 "\"" MANIFEST_OCI_IMAGE "\",\"digest\":\"%s\",\"size\":7},"
		 "\"annotations\":{\"n\":\"%d\"}}",
		 type, empty_text, about_text, number);
}

static void put(const char *tag, const char *type, int number)
{
	char body[BODY_SIZE];
	struct registry_push push = {.reference = {.tag = span_of(tag)}};
	struct digest subject = fixture_digest("subject");
	struct registry_pushed pushed;
	char text[DIGEST_TEXT_SIZE];
	struct err err = ERR_INIT;

	make_artifact(body, type, "subject", number);
	push.body = span_of(body);
	int rc = registry_manifest_put(fixture.registry, &fixture_at, &push,
				       &pushed, &err);
	if (rc < 0)
		fprintf(stderr, "put: %s\n", err.text);
	CHECK(rc == 0);
	digest_format(&subject, text);
	CHECK_TEXT(pushed.subject, text);
}

static void check_tags(const char *after, size_t limit, const char *want,
		       bool want_more)
{
	struct seen seen = {.count = 0};
	struct registry_page page = {
		.after = span_of(after), .limit = limit, .context = &seen};
	struct err err = ERR_INIT;
	bool more = !want_more;

	CHECK(registry_tags(fixture.registry, &fixture_at, &page, see_name,
			    &more, &err) == 0);
	CHECK_TEXT(seen.names, want);
	CHECK(more == want_more);
}

static void test_tags_come_in_order_page_by_page(void)
{
	struct seen seen = {.count = 0};
	struct registry_page page = {.limit = 9, .context = &seen};
	struct err err = ERR_INIT;
	bool more = true;

	registry_fixture_open(&fixture);
	CHECK(registry_tags(fixture.registry, &fixture_at, &page, see_name,
			    &more, &err) == -1);
	CHECK(err.code == ERR_REPOSITORY_UNKNOWN && more);
	fixture_push(&fixture, &fixture_at, EMPTY);
	check_tags("", 9, "", false);
	put("b", "x/a", 1);
	put("a", "x/a", 1);
	put("B", "x/a", 1);
	put("_", "x/a", 1);
	check_tags("", 9, "B _ a b ", false);
	check_tags("", 4, "B _ a b ", false);
	check_tags("", 3, "B _ a ", true);
	check_tags("a", 3, "b ", false);
	check_tags("Z", 1, "_ ", true);
	check_tags("b", 9, "", false);
	check_tags("", 0, "", true);
	fixture.config.page_max = 2;
	registry_fixture_reopen(&fixture);
	check_tags("", 9, "B _ ", true);
	registry_fixture_close(&fixture);
}

static void test_repositories_are_of_their_scope(void)
{
	struct registry_at other = fixture_at;
	struct seen seen = {.count = 0};
	struct registry_page page = {.limit = 1, .context = &seen};
	struct err err = ERR_INIT;
	bool more = false;

	registry_fixture_open(&fixture);
	other.scope.account = SPAN_LIT("111111111111");
	fixture_push(&fixture, &fixture_other_repository, EMPTY);
	fixture_push(&fixture, &fixture_at, EMPTY);
	fixture_push(&fixture, &other, EMPTY);
	CHECK(registry_repositories(fixture.registry, &fixture_at, &page,
				    see_name, &more, &err) == 0);
	CHECK(more);
	page.after = span_of(seen.last);
	page.limit = 5;
	CHECK(registry_repositories(fixture.registry, &fixture_at, &page,
				    see_name, &more, &err) == 0);
	CHECK(!more);
	CHECK_TEXT(seen.names, "team/app team/other ");
	registry_fixture_close(&fixture);
}

static size_t count_referrers(const char *type, const char *after, size_t limit,
			      bool *ret_more, char *ret_last)
{
	struct seen seen = {.count = 0};
	struct registry_subject subject = {.digest = fixture_digest("subject"),
					   .artifact_type = span_of(type),
					   .each = see_referrer};
	struct registry_page page = {
		.after = span_of(after), .limit = limit, .context = &seen};
	struct err err = ERR_INIT;

	CHECK(registry_referrers(fixture.registry, &fixture_at, &subject, &page,
				 ret_more, &err) == 0);
	memcpy(ret_last, seen.last, sizeof(seen.last));
	return seen.count;
}

static void test_referrers_are_found_by_subject_and_type(void)
{
	char last[DIGEST_TEXT_SIZE + 1] = "";
	char after[DIGEST_TEXT_SIZE + 1] = "";
	size_t all = 0;
	bool more = true;

	registry_fixture_open(&fixture);
	CHECK(count_referrers("", "", 9, &more, last) == 0 && !more);
	fixture_push(&fixture, &fixture_at, EMPTY);
	CHECK(count_referrers("", "", 9, &more, last) == 0 && !more);
	for (int i = 0; i < 5; i++)
		put("t", i < 2 ? "x/a" : "x/b", i);
	CHECK(count_referrers("", "", 9, &more, last) == 5 && !more);
	CHECK(count_referrers("x/a", "", 9, &more, last) == 2 && !more);
	CHECK(count_referrers("x/b", "", 2, &more, last) == 2 && more);
	CHECK(count_referrers("x/none", "", 9, &more, last) == 0 && !more);
	do {
		all += count_referrers("", after, 2, &more, last);
		memcpy(after, last, sizeof(after));
	} while (more);
	CHECK(all == 5);
	registry_fixture_close(&fixture);
}

/* More than are read at a time, at every place where a page may end. */
static void test_referrers_are_read_piece_by_piece(void)
{
	char last[DIGEST_TEXT_SIZE + 1] = "";
	bool more = false;

	registry_fixture_open(&fixture);
	fixture_push(&fixture, &fixture_at, EMPTY);
	for (int i = 0; i < 33; i++)
		put("t", "x/a", i);
	CHECK(count_referrers("", "", 100, &more, last) == 33 && !more);
	for (size_t limit = 1; limit < 33; limit++) {
		char after[DIGEST_TEXT_SIZE + 1] = "";
		size_t all = 0;

		do {
			size_t count =
				count_referrers("", after, limit, &more, last);

			CHECK(count == limit || !more);
			all += count;
			memcpy(after, last, sizeof(after));
		} while (more);
		CHECK(all == 33);
	}
	registry_fixture_close(&fixture);
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(test_tags_come_in_order_page_by_page),
		CHECK_CASE(test_repositories_are_of_their_scope),
		CHECK_CASE(test_referrers_are_found_by_subject_and_type),
		CHECK_CASE(test_referrers_are_read_piece_by_piece),
	};

	return REGISTRY_FIXTURE_RUN(argc, argv, cases);
}
