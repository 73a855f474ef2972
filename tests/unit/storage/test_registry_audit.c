/* SPDX-License-Identifier: Apache-2.0 */
/* What the registry's changes leave in the audit log. */
#include <stdio.h>
#include <string.h>

#include "storage/manifest.h"
#include "storage/meta_audit.h"
#include "storage/registry_blobs.h"
#include "storage/registry_manifests.h"
#include "tests/lib/meta_fixture.h"
#include "tests/lib/registry_fixture.h"

#define INDEX(what)                                                            \
	"{\"schemaVersion\":2,\"mediaType\":\"" MANIFEST_OCI_INDEX             \
	"\",\"manifests\":[],\"annotations\":{\"is\":\"" what "\"}}"
#define LOG_SIZE 4096

static struct registry_fixture fixture;
static struct registry_at at;

static void open_all(void)
{
	registry_fixture_open(&fixture);
	at = fixture_at;
	at.source = SPAN_LIT("192.0.2.7");
	at.request_id = SPAN_LIT("request-1");
}

static enum err_code put(const char *tag, const char *body)
{
	struct registry_push push = {.reference = {.tag = span_of(tag)},
				     .body = span_of(body)};
	struct registry_pushed pushed;
	struct err err = ERR_INIT;

	registry_manifest_put(fixture.registry, &at, &push, &pushed, &err);
	return err.code;
}

static enum err_code delete_reference(struct reference reference)
{
	struct err err = ERR_INIT;

	registry_manifest_delete(fixture.registry, &at, &reference, &err);
	return err.code;
}

/* A digest's first digits, as the log shows it. */
static int digits(struct span digest)
{
	return digest.len > 0 ? 10 : 0;
}

static int print_row(void *context, const struct meta_audit_row *row,
		     struct err *err)
{
	const struct meta_audit *entry = &row->entry;
	char *log = context;
	size_t used = strlen(log);

	(void)err;
	CHECK(span_equal(entry->outcome, SPAN_LIT("ok")));
	CHECK(span_equal(entry->actor, SPAN_LIT("eve")));
	CHECK(span_equal(entry->source, SPAN_LIT("192.0.2.7")));
	CHECK(span_equal(entry->request_id, SPAN_LIT("request-1")));
	CHECK(row->at_ms == meta_fixture_ms);
	snprintf(log + used, LOG_SIZE - used, "%.*s %.*s %.*s>%.*s\n",
		 SPAN_ARG(entry->kind), SPAN_ARG(entry->target),
		 digits(entry->before), entry->before.text,
		 digits(entry->after), entry->after.text);
	return 0;
}

/* The log must be this, and its chain whole. */
static void check_log(const char *want)
{
	struct meta_tx *tx = meta_fixture_read(fixture.meta);
	struct meta_audit_filter filter = {.after = 0};
	struct meta_audit_check check = {.number = 0};
	struct err err = ERR_INIT;
	char log[LOG_SIZE] = "";
	bool more = true;

	CHECK(meta_audit_page(tx, at.scope.account, &filter, 100, print_row,
			      log, &more, &err) == 0);
	CHECK(!more);
	CHECK_TEXT(log, want);
	CHECK(meta_audit_verify(tx, at.scope.account, &check, 100, &err) == 0);
	CHECK(check.done && check.broken == 0);
	meta_read_end(tx);
}

static void test_manifests_and_tags(void)
{
	const char *first = INDEX("first");
	const char *second = INDEX("second");
	char one[DIGEST_TEXT_SIZE], two[DIGEST_TEXT_SIZE], want[LOG_SIZE];
	struct digest digest = fixture_digest(first);

	digest_format(&digest, one);
	digest = fixture_digest(second);
	digest_format(&digest, two);
	open_all();
	CHECK(put("latest", first) == ERR_NONE);
	CHECK(put("latest", first) == ERR_NONE);
	CHECK(put("latest", second) == ERR_NONE);
	CHECK(put("v1", second) == ERR_NONE);
	CHECK(delete_reference((struct reference){.tag = SPAN_LIT("v1")}) ==
	      ERR_NONE);
	CHECK(delete_reference((struct reference){.tag = SPAN_LIT("v1")}) ==
	      ERR_MANIFEST_UNKNOWN);
	CHECK(delete_reference((struct reference){
		      .is_digest = true, .digest = digest}) == ERR_NONE);
	snprintf(want, sizeof(want),
		 "repository.create team/app >\n"
		 "manifest.push team/app >%.10s\n"
		 "tag.create team/app:latest >%.10s\n"
		 "manifest.push team/app >%.10s\n"
		 "tag.move team/app:latest %.10s>%.10s\n"
		 "tag.create team/app:v1 >%.10s\n"
		 "tag.delete team/app:v1 %.10s>\n"
		 "manifest.delete team/app %.10s>\n",
		 one, one, two, one, two, two, two, two);
	check_log(want);
	registry_fixture_close(&fixture);
}

static void test_blobs(void)
{
	char text[DIGEST_TEXT_SIZE], want[LOG_SIZE];
	struct err err = ERR_INIT;

	open_all();
	struct digest digest = fixture_push(&fixture, &at, "bytes");
	digest_format(&digest, text);
	struct registry_at other = at;
	other.repository = SPAN_LIT("team/other");
	CHECK(registry_blob_mount(fixture.registry, &other, &digest,
				  at.repository, &err) == 1);
	CHECK(registry_blob_delete(fixture.registry, &other, &digest, &err) ==
	      0);
	CHECK(registry_blob_delete(fixture.registry, &other, &digest, &err) ==
	      -1);
	snprintf(want, sizeof(want),
		 "repository.create team/app >\n"
		 "repository.create team/other >\n"
		 "blob.mount team/other >%.10s\n"
		 "blob.delete team/other %.10s>\n",
		 text, text);
	check_log(want);
	registry_fixture_close(&fixture);
}

/* No change without its entry. */
static void test_a_push_whose_entry_fails_is_none(void)
{
	struct reference latest = {.tag = SPAN_LIT("latest")};
	enum err_code code = ERR_IO;
	long nth = 0;

	open_all();
	for (; code != ERR_NONE; nth++) {
		struct meta_stored stored = {0};
		struct err err = ERR_INIT;

		sql_faulty_arm(fixture.sql, SQL_FAULTY_STEP, nth, 1);
		code = put("latest", INDEX("any"));
		sql_faulty_disarm(fixture.sql);
		if (code != ERR_NONE)
			check_log("");
		CHECK(registry_manifest_get(fixture.registry, &at, &latest,
					    &stored, &err) ==
		      (code == ERR_NONE ? 0 : -1));
		meta_stored_release(&stored);
	}
	/* Three entries of three statements each, among others. */
	CHECK(nth > 9);
	registry_fixture_close(&fixture);
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(test_manifests_and_tags),
		CHECK_CASE(test_blobs),
		CHECK_CASE(test_a_push_whose_entry_fails_is_none),
	};

	return REGISTRY_FIXTURE_RUN(argc, argv, cases);
}
