/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/meta_blobs.h"

#include "base/err.h"
#include "storage/meta_manifests.h"
#include "storage/meta_repositories.h"
#include "tests/lib/meta_fixture.h"
#include "tests/lib/sql_fixture.h"

#define SCOPE meta_fixture_scope

static const struct meta_scope other_scope = {
	.account = {.text = "111111111111", .len = 12},
	.region = {.text = "local", .len = 5},
};

static int64_t insert(struct meta_tx *tx, unsigned seed, uint64_t size,
		      const char *key)
{
	struct digest digest = meta_fixture_digest(seed);
	struct err err = ERR_INIT;
	int64_t id = 0;

	CHECK(meta_blob_insert(tx, &digest, size, key, &id, &err) == 0);
	CHECK(id > 0);
	return id;
}

static int find(struct meta_tx *tx, unsigned seed, struct meta_blob *ret_blob)
{
	struct digest digest = meta_fixture_digest(seed);
	struct err err = ERR_INIT;
	int rc = meta_blob_find(tx, &digest, ret_blob, &err);

	CHECK(rc >= 0);
	return rc;
}

static void check_totals(struct meta_tx *tx, uint64_t count, uint64_t bytes)
{
	struct err err = ERR_INIT;
	uint64_t got_count = 0;
	uint64_t got_bytes = 0;

	CHECK(meta_blob_totals(tx, &got_count, &got_bytes, &err) == 0);
	CHECK(got_count == count && got_bytes == bytes);
}

static int a_row_lives_and_dies(struct meta_tx *tx, void *context,
				struct err *err)
{
	struct digest digest = meta_fixture_digest(1);
	struct meta_blob blob;
	int64_t second = -3;

	(void)context;
	CHECK(find(tx, 1, &blob) == 0);
	int64_t id = insert(tx, 1, 5000000000, "sha256/01/01.1");
	CHECK(find(tx, 1, &blob) == 1);
	CHECK(blob.id == id && blob.size == 5000000000);
	CHECK(blob.state == META_BLOB_LIVE);
	CHECK_TEXT(blob.key, "sha256/01/01.1");
	check_totals(tx, 1, 5000000000);

	CHECK(meta_blob_revive(tx, id, err) == 0);
	CHECK(meta_blob_begin_delete(tx, id, err) == 0);
	CHECK(meta_blob_condemn(tx, id, err) == 1);
	CHECK(meta_blob_condemn(tx, id, err) == 0);
	CHECK(find(tx, 1, &blob) == 1 && blob.state == META_BLOB_CONDEMNED);
	CHECK(meta_blob_revive(tx, id, err) == 1);
	CHECK(find(tx, 1, &blob) == 1 && blob.state == META_BLOB_LIVE);
	CHECK(meta_blob_forget(tx, id, err) == 0);
	CHECK(find(tx, 1, &blob) == 1);

	CHECK(meta_blob_condemn(tx, id, err) == 1);
	struct err taken = ERR_INIT;
	CHECK(meta_blob_insert(tx, &digest, 1, "k2", &second, &taken) == -1);
	CHECK(taken.code == ERR_CONFLICT && second == -3);
	check_totals(tx, 1, 5000000000);
	CHECK(meta_blob_begin_delete(tx, id, err) == 1);
	CHECK(meta_blob_revive(tx, id, err) == 0);
	CHECK(find(tx, 1, &blob) == 0);
	check_totals(tx, 0, 0);

	/* A new incarnation beside the one that is going. */
	second = insert(tx, 1, 7, "sha256/01/01.2");
	CHECK(second != id);
	CHECK(find(tx, 1, &blob) == 1 && blob.id == second);
	CHECK(meta_blob_forget(tx, id, err) == 0);
	CHECK(meta_blob_forget(tx, id, err) == 0);
	CHECK(find(tx, 1, &blob) == 1 && blob.size == 7);
	check_totals(tx, 1, 7);
	return 0;
}

static int a_damaged_copy_is_replaced(struct meta_tx *tx, void *context,
				      struct err *err)
{
	struct meta_blob blob;

	(void)context;
	int64_t id = insert(tx, 1, 7, "sha256/01/01.1");
	CHECK(meta_blob_replace(tx, id, "sha256/01/01.0", 7, "k2", err) == 0);
	CHECK(find(tx, 1, &blob) == 1);
	CHECK_TEXT(blob.key, "sha256/01/01.1");

	CHECK(meta_blob_condemn(tx, id, err) == 1);
	CHECK(meta_blob_replace(tx, id, blob.key, 7, "k2", err) == 1);
	CHECK(find(tx, 1, &blob) == 1 && blob.id == id && blob.size == 7);
	CHECK(blob.state == META_BLOB_LIVE);
	CHECK_TEXT(blob.key, "k2");

	CHECK(meta_blob_condemn(tx, id, err) == 1);
	CHECK(meta_blob_begin_delete(tx, id, err) == 1);
	CHECK(meta_blob_replace(tx, id, "k2", 7, "k3", err) == 0);
	return 0;
}

static int count_name(void *context, struct span name, struct err *err)
{
	size_t *count = context;

	(void)err;
	CHECK(span_equal(name, SPAN_LIT("a")));
	(*count)++;
	return 0;
}

static size_t holders(struct meta_tx *tx, struct meta_scope scope,
		      const struct digest *digest)
{
	struct err err = ERR_INIT;
	size_t count = 0;

	CHECK(meta_blob_holders(tx, scope, digest, 10, count_name, &count,
				&err) == 0);
	return count;
}

static int repositories_hold_what_they_were_given(struct meta_tx *tx,
						  void *context,
						  struct err *err)
{
	struct digest digest = meta_fixture_digest(1);
	struct digest absent = meta_fixture_digest(2);
	struct meta_blob blob;
	int64_t a = 0;
	int64_t b = 0;
	bool made = false;

	(void)context;
	CHECK(meta_repository_ensure(tx, SCOPE, SPAN_LIT("a"), &a, &made,
				     err) == 0);
	CHECK(meta_repository_ensure(tx, other_scope, SPAN_LIT("a"), &b, &made,
				     err) == 0);
	int64_t id = insert(tx, 1, 10, "k");
	CHECK(meta_blob_find_in(tx, a, &digest, &blob, err) == 0);
	CHECK(holders(tx, SCOPE, &digest) == 0);
	CHECK(meta_blob_unlink(tx, a, &digest, err) == 0);

	CHECK(meta_blob_link(tx, a, &digest, err) == 0);
	CHECK(meta_blob_link(tx, a, &digest, err) == 0);
	CHECK(meta_blob_find_in(tx, a, &digest, &blob, err) == 1);
	CHECK(blob.id == id && blob.size == 10);
	CHECK(meta_blob_find_in(tx, b, &digest, &blob, err) == 0);
	CHECK(meta_blob_find_in(tx, a, &absent, &blob, err) == 0);
	CHECK(holders(tx, SCOPE, &digest) == 1);
	CHECK(holders(tx, other_scope, &digest) == 0);

	/* A link to content that is going holds nothing. */
	CHECK(meta_blob_condemn(tx, id, err) == 1);
	CHECK(meta_blob_find_in(tx, a, &digest, &blob, err) == 1);
	CHECK(blob.state == META_BLOB_CONDEMNED);
	CHECK(meta_blob_begin_delete(tx, id, err) == 1);
	CHECK(meta_blob_find_in(tx, a, &digest, &blob, err) == 0);
	CHECK(holders(tx, SCOPE, &digest) == 0);
	/* Content that comes back elsewhere is not readable here again. */
	int64_t again = insert(tx, 1, 10, "k.2");
	CHECK(meta_blob_link(tx, b, &digest, err) == 0);
	CHECK(meta_blob_find_in(tx, a, &digest, &blob, err) == 0);
	CHECK(meta_blob_find_in(tx, b, &digest, &blob, err) == 1);
	CHECK(blob.id == again);
	CHECK(meta_blob_unlink(tx, a, &digest, err) == 0);
	CHECK(meta_blob_unlink(tx, b, &digest, err) == 1);
	CHECK(meta_blob_unlink(tx, b, &digest, err) == 0);
	return 0;
}

static int what_a_manifest_names_is_in_use(struct meta_tx *tx, void *context,
					   struct err *err)
{
	struct digest digest = meta_fixture_digest(1);
	struct digest manifest = meta_fixture_digest(2);

	(void)context;
	CHECK(meta_blob_in_use(tx, 1, &digest, err) == 0);
	CHECK(meta_manifest_refer(tx, 1, &manifest, &digest,
				  META_REFERENCE_LAYER, err) == 0);
	CHECK(meta_blob_in_use(tx, 1, &digest, err) == 1);
	CHECK(meta_blob_in_use(tx, 2, &digest, err) == 0);
	CHECK(meta_blob_in_use(tx, 1, &manifest, err) == 0);
	return 0;
}

static int a_size_beyond_the_database_is_refused(struct meta_tx *tx,
						 void *context, struct err *err)
{
	struct digest digest = meta_fixture_digest(1);
	struct err own = ERR_INIT;
	int64_t id = 0;

	(void)context;
	(void)err;
	CHECK(meta_blob_insert(tx, &digest, (uint64_t)INT64_MAX + 1, "k", &id,
			       &own) == -1);
	CHECK(own.code == ERR_TOO_LARGE);
	insert(tx, 1, INT64_MAX, "k");
	return 0;
}

static void test_a_row_lives_and_dies(void)
{
	struct meta *meta = meta_fixture_open();

	meta_fixture_write(meta, a_row_lives_and_dies, NULL);
	meta_close(meta);
}

static void test_a_damaged_copy_is_replaced(void)
{
	struct meta *meta = meta_fixture_open();

	meta_fixture_write(meta, a_damaged_copy_is_replaced, NULL);
	meta_close(meta);
}

static void test_repositories_hold_what_they_were_given(void)
{
	struct meta *meta = meta_fixture_open();

	meta_fixture_write(meta, repositories_hold_what_they_were_given, NULL);
	meta_close(meta);
}

static void test_what_a_manifest_names_is_in_use(void)
{
	struct meta *meta = meta_fixture_open();

	meta_fixture_write(meta, what_a_manifest_names_is_in_use, NULL);
	meta_close(meta);
}

static void test_a_size_beyond_the_database_is_refused(void)
{
	struct meta *meta = meta_fixture_open();

	meta_fixture_write(meta, a_size_beyond_the_database_is_refused, NULL);
	meta_close(meta);
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(test_a_row_lives_and_dies),
		CHECK_CASE(test_a_damaged_copy_is_replaced),
		CHECK_CASE(test_repositories_hold_what_they_were_given),
		CHECK_CASE(test_what_a_manifest_names_is_in_use),
		CHECK_CASE(test_a_size_beyond_the_database_is_refused),
	};

	return SQL_FIXTURE_RUN(argc, argv, cases);
}
