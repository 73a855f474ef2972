/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/meta_audit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "storage/meta_tx.h"
#include "tests/lib/meta_fixture.h"
#include "tests/lib/sql_fixture.h"

#define ACCOUNT meta_fixture_scope.account
#define OTHER SPAN_LIT("111111111111")
#define ALTERED "the row is not what its hash says"
#define MISSING "the row is missing"

static int append(struct meta_tx *tx, void *context, struct err *err)
{
	return meta_audit_append(tx, ACCOUNT, context, err);
}

static void append_at(struct meta *meta, int64_t at_ms, const char *kind)
{
	struct meta_audit entry = {.kind = span_of(kind),
				   .outcome = SPAN_LIT("ok"),
				   .actor = SPAN_LIT("eve"),
				   .source = SPAN_LIT("192.0.2.1"),
				   .target = SPAN_LIT("team/app:v1")};

	meta_fixture_ms = at_ms;
	meta_fixture_write(meta, append, &entry);
}

/* Check the whole chain, limit rows at a time. */
static struct meta_audit_check verify(struct meta_tx *tx, struct span account,
				      size_t limit)
{
	struct meta_audit_check check = {.number = 0};
	struct err err = ERR_INIT;

	for (int rounds = 0; !check.done; rounds++) {
		CHECK(rounds < 10000);
		CHECK(meta_audit_verify(tx, account, &check, limit, &err) == 0);
	}
	return check;
}

static void check_whole(struct meta *meta, uint64_t rows)
{
	struct meta_tx *tx = meta_fixture_read(meta);

	for (size_t limit = 1; limit < 1000; limit = limit * 7 + 1) {
		struct meta_audit_check check = verify(tx, ACCOUNT, limit);

		if (check.broken)
			fprintf(stderr, "%lld: %s\n", (long long)check.broken,
				check.why);
		CHECK(check.broken == 0 && check.rows == rows);
	}
	meta_read_end(tx);
}

/* ---- what is written ---- */

/* Hashes made by another program from what the header says. */
static const char *const known_hashes[] = {
	"b1adb89d935c7ea37fe6f5abc1ff4b49c2a0eef0213bb77eae71b4a4282d9079",
	"7ec45c9c40d36ca40883b89a2954094c0954305c0e468810dd62805803c26529",
};

static int check_known(void *context, const struct meta_audit_row *row,
		       struct err *err)
{
	size_t *count = context;

	(void)err;
	CHECK(row->number == (int64_t)*count + 1);
	CHECK(row->at_ms == 1000000);
	CHECK(span_equal(row->hash, span_of(known_hashes[*count])));
	if (row->number == 1) {
		CHECK(span_equal(row->entry.kind, SPAN_LIT("tag.move")));
		CHECK(span_equal(row->entry.outcome, SPAN_LIT("ok")));
		CHECK(span_equal(row->entry.actor, SPAN_LIT("eve")));
		CHECK(span_equal(row->entry.source, SPAN_LIT("192.0.2.1")));
		CHECK(span_equal(row->entry.request_id, SPAN_LIT("r1")));
		CHECK(span_equal(row->entry.target, SPAN_LIT("team/app:v1")));
		CHECK(span_equal(row->entry.before, SPAN_LIT("sha256:aa")));
		CHECK(span_equal(row->entry.after, SPAN_LIT("sha256:bb")));
		CHECK(span_equal(row->entry.detail, SPAN_LIT("{\"n\":1}")));
	}
	++*count;
	return 0;
}

static void test_the_hash_is_what_the_header_says(void)
{
	struct meta *meta = meta_fixture_open();
	struct meta_audit first = {
		.kind = SPAN_LIT("tag.move"),
		.outcome = SPAN_LIT("ok"),
		.actor = SPAN_LIT("eve"),
		.source = SPAN_LIT("192.0.2.1"),
		.request_id = SPAN_LIT("r1"),
		.target = SPAN_LIT("team/app:v1"),
		.before = SPAN_LIT("sha256:aa"),
		.after = SPAN_LIT("sha256:bb"),
		.detail = SPAN_LIT("{\"n\":1}"),
	};
	struct meta_audit second = {.kind = SPAN_LIT("auth.failure"),
				    .outcome = SPAN_LIT("denied")};
	struct meta_audit_filter filter = {.after = 0};
	char hash[META_AUDIT_HASH_SIZE] = "untouched";
	struct err err = ERR_INIT;
	int64_t number = -1;
	size_t count = 0;
	bool more = true;

	struct meta_tx *tx = meta_fixture_read(meta);
	CHECK(meta_audit_head(tx, ACCOUNT, &number, hash, &err) == 0);
	CHECK(number == -1);
	CHECK_TEXT(hash, "untouched");
	CHECK(verify(tx, ACCOUNT, 5).broken == 0);
	meta_read_end(tx);
	meta_fixture_write(meta, append, &first);
	meta_fixture_write(meta, append, &second);
	tx = meta_fixture_read(meta);
	CHECK(meta_audit_page(tx, ACCOUNT, &filter, 9, check_known, &count,
			      &more, &err) == 0);
	CHECK(count == 2 && !more);
	CHECK(meta_audit_head(tx, ACCOUNT, &number, hash, &err) == 1);
	CHECK(number == 2);
	CHECK_TEXT(hash, known_hashes[1]);
	/* Another account's log is another one. */
	CHECK(meta_audit_head(tx, OTHER, &number, hash, &err) == 0);
	CHECK(verify(tx, OTHER, 5).rows == 0);
	meta_read_end(tx);
	meta_close(meta);
}

/* ---- tampering ---- */

struct tampering {
	const char *statements[3]; /* what is done to the rows */
	int64_t broken;		   /* where that shows */
	const char *why;
};

#define AUDIT_SET(column)                                                      \
	{                                                                      \
		{"UPDATE audit SET " column " = " column                       \
		 " || 'x' WHERE number = 6"},                                  \
			6, ALTERED                                             \
	}
#define COPY_AS(number, from)                                                  \
	"INSERT INTO audit SELECT account, " number                            \
	", at_ms, latest_ms, kind, outcome, actor, source, request_id, "       \
	"target, before_digest, after_digest, detail, hash FROM audit "        \
	"WHERE number = " from

/* The log has rows 4 to 10; 1 to 3 were removed by retention. */
static const struct tampering tamperings[] = {
	AUDIT_SET("kind"),
	AUDIT_SET("outcome"),
	AUDIT_SET("actor"),
	AUDIT_SET("source"),
	AUDIT_SET("request_id"),
	AUDIT_SET("target"),
	AUDIT_SET("before_digest"),
	AUDIT_SET("after_digest"),
	AUDIT_SET("detail"),
	AUDIT_SET("hash"),
	{{"UPDATE audit SET at_ms = at_ms + 1 WHERE number = 6"}, 6, ALTERED},
	/* A byte from one column to the next. */
	{{"UPDATE audit SET actor = 'ev', source = 'e' || source "
	  "WHERE number = 6"},
	 6,
	 ALTERED},
	{{"UPDATE audit SET hash = '' WHERE number = 10"}, 10, ALTERED},
	/* Removed. */
	{{"DELETE FROM audit WHERE number = 6"}, 6, MISSING},
	{{"DELETE FROM audit WHERE number = 4"}, 4, MISSING},
	{{"DELETE FROM audit WHERE number = 10"}, 10, MISSING},
	{{"DELETE FROM audit WHERE number > 7"}, 8, MISSING},
	{{"DELETE FROM audit WHERE number > 0"}, 4, MISSING},
	{{"UPDATE audit SET account = '222222222222' WHERE number > 0"},
	 4,
	 MISSING},
	/* Removed, and the others moved up. */
	{{"DELETE FROM audit WHERE number = 10",
	  "UPDATE audit SET number = 10 WHERE number = 9",
	  "UPDATE audit SET number = 9 WHERE number = 8"},
	 8,
	 MISSING},
	{{"DELETE FROM audit WHERE number = 10",
	  "UPDATE audit_heads SET number = 9"},
	 9,
	 "the note of the end is of another row"},
	{{"DELETE FROM audit WHERE number = 9",
	  "UPDATE audit SET number = 9 WHERE number = 10",
	  "UPDATE audit_heads SET number = 9"},
	 9,
	 ALTERED},
	/* Put in. */
	{{COPY_AS("11", "10")}, 11, "the row stands behind the end"},
	{{COPY_AS("3", "10")}, 3, "the row stands before the beginning"},
	{{COPY_AS("-1", "10")}, -1, "the row stands before the beginning"},
	{{"DELETE FROM audit WHERE number = 6", COPY_AS("6", "7")}, 6, ALTERED},
	{{COPY_AS("11", "10"), "UPDATE audit_heads SET number = 11"},
	 11,
	 ALTERED},
	/* The notes of both ends. */
	{{"UPDATE audit_heads SET number = 9"},
	 10,
	 "the row stands behind the end"},
	{{"UPDATE audit_heads SET number = 11"}, 11, MISSING},
	{{"UPDATE audit_heads SET hash = base_hash"},
	 10,
	 "the note of the end is of another row"},
	{{"UPDATE audit_heads SET hash = 'x' || hash"},
	 10,
	 "the note of the end is of another row"},
	{{"UPDATE audit_heads SET base_number = 4"},
	 4,
	 "the row stands before the beginning"},
	{{"UPDATE audit_heads SET base_number = 2"}, 3, MISSING},
	{{"UPDATE audit_heads SET base_hash = hash"}, 4, ALTERED},
	{{"UPDATE audit_heads SET base_hash = ''"}, 4, ALTERED},
	{{"DELETE FROM audit_heads"}, 4, "the note of the end is missing"},
	/* What is searched by. */
	{{"UPDATE audit SET latest_ms = latest_ms - 1 WHERE number = 6"},
	 6,
	 "the row is searched by what it does not say"},
	{{"UPDATE audit SET latest_ms = latest_ms + 1 WHERE number = 6"},
	 6,
	 "the row is searched by what it does not say"},
	{{"DELETE FROM audit_terms WHERE term = 'aeve'"},
	 4,
	 "the row is searched by what it does not say"},
};

static void run_statement(struct meta_tx *tx, const char *sql, struct err *err)
{
	CLEANUP(meta_query_close) struct meta_query query = META_QUERY_INIT;

	CHECK(meta_query_open(&query, tx, sql, err) == 0);
	CHECK(meta_query_run(&query, err) > 0);
}

static int tamper(struct meta_tx *tx, void *context, struct err *err)
{
	const struct tampering *tampering = context;

	CHECK(verify(tx, ACCOUNT, 100).broken == 0);
	for (size_t i = 0; i < 3 && tampering->statements[i]; i++)
		run_statement(tx, tampering->statements[i], err);
	for (size_t limit = 1; limit < 100; limit *= 3) {
		struct meta_audit_check check = verify(tx, ACCOUNT, limit);

		if (check.broken != tampering->broken ||
		    strcmp(check.why, tampering->why) != 0)
			fprintf(stderr, "%s: %lld, %s\n",
				tampering->statements[0],
				(long long)check.broken, check.why);
		CHECK(check.broken == tampering->broken);
		CHECK_TEXT(check.why, tampering->why);
		/* And it stays so. */
		CHECK(meta_audit_verify(tx, ACCOUNT, &check, 5, err) == 0);
		CHECK(check.done && check.broken == tampering->broken);
	}
	return err_set(err, ERR_DENIED, "to be undone");
}

struct retention {
	int64_t before_ms;
	size_t limit;
	int64_t removed;
};

static int retain(struct meta_tx *tx, void *context, struct err *err)
{
	struct retention *retention = context;

	retention->removed = meta_audit_retain(
		tx, ACCOUNT, retention->before_ms, retention->limit, err);
	return retention->removed < 0 ? -1 : 0;
}

static int64_t retain_before(struct meta *meta, int64_t before_ms, size_t limit)
{
	struct retention retention = {before_ms, limit, -1};

	meta_fixture_write(meta, retain, &retention);
	return retention.removed;
}

static void test_tampering_shows(void)
{
	struct meta *meta = meta_fixture_open();

	for (int i = 1; i <= 10; i++)
		append_at(meta, 1000 + 10 * i, "tag.move");
	CHECK(retain_before(meta, 1000000, 3) == 3);
	check_whole(meta, 7);
	for (size_t i = 0; i < sizeof(tamperings) / sizeof(tamperings[0]);
	     i++) {
		struct tampering tampering = tamperings[i];
		struct err err = ERR_INIT;

		CHECK(meta_write(meta, tamper, &tampering, &err) == -1);
		if (err.code != ERR_DENIED)
			fprintf(stderr, "%s\n", err.text);
		CHECK(err.code == ERR_DENIED);
	}
	check_whole(meta, 7);
	meta_close(meta);
}

/* ---- retention ---- */

static int64_t count_of(struct meta *meta, const char *sql)
{
	struct meta_tx *tx = meta_fixture_read(meta);
	struct err err = ERR_INIT;
	int64_t count = 0;
	{
		CLEANUP(meta_query_close)
		struct meta_query query = META_QUERY_INIT;

		CHECK(meta_query_open(&query, tx, sql, &err) == 0);
		CHECK(meta_query_step(&query, &err) == 1);
		count = meta_column_i64(&query, 0);
	}
	meta_read_end(tx);
	return count;
}

static void test_retention_keeps_the_chain(void)
{
	struct meta *meta = meta_fixture_open();

	CHECK(retain_before(meta, 100, 10) == 0);
	for (int i = 0; i < 600; i++)
		append_at(meta, 1000 + i, i < 300 ? "tag.move" : "user.create");
	CHECK(retain_before(meta, 1000, 1000) == 0);
	CHECK(retain_before(meta, 1010, 1000) == 10);
	CHECK(retain_before(meta, 1010, 1000) == 0);
	check_whole(meta, 590);
	/* By parts, over the end of a block. */
	for (int rest = 290; rest > 0; rest -= 97)
		CHECK(retain_before(meta, 1300, 97) == (rest < 97 ? rest : 97));
	check_whole(meta, 300);
	CHECK(count_of(meta, "SELECT COUNT(*) FROM audit_terms "
			     "WHERE block = 0") == 0);
	CHECK(count_of(meta, "SELECT COUNT(*) FROM audit_terms "
			     "WHERE block = 1") == 4);
	/* A clock that went back: what is not old enough stops it. */
	append_at(meta, 5, "tag.move");
	check_whole(meta, 301);
	CHECK(retain_before(meta, 100, 1000) == 0);
	CHECK(retain_before(meta, 100000, 1000) == 301);
	check_whole(meta, 0);
	append_at(meta, 2000, "tag.move");
	check_whole(meta, 1);
	CHECK(count_of(meta, "SELECT number FROM audit") == 602);
	CHECK(count_of(meta, "SELECT COUNT(*) FROM audit_terms") == 4);
	meta_close(meta);
}

static int check_some(struct meta_tx *tx, void *context, struct err *err)
{
	return meta_audit_verify(tx, ACCOUNT, context, 3, err);
}

/* The log grows and is cut while it is being checked. */
static void test_a_check_goes_on_over_changes(void)
{
	struct meta *meta = meta_fixture_open();
	struct meta_audit_check check = {.number = 0};

	for (int i = 0; i < 5; i++)
		append_at(meta, 1000 + i, "tag.move");
	meta_fixture_write(meta, check_some, &check);
	CHECK(check.number == 3 && !check.done && check.rows == 3);
	append_at(meta, 2000, "tag.move");
	append_at(meta, 2000, "tag.move");
	/* Cut before where it stands, at it, and behind it. */
	CHECK(retain_before(meta, 1003, 2) == 2);
	meta_fixture_write(meta, check_some, &check);
	CHECK(check.number == 6 && !check.done);
	CHECK(retain_before(meta, 3000, 4) == 4);
	append_at(meta, 3000, "tag.move");
	append_at(meta, 3000, "tag.move");
	CHECK(retain_before(meta, 3000, 9) == 1);
	meta_fixture_write(meta, check_some, &check);
	CHECK(check.number == 9 && check.done && check.broken == 0);
	CHECK(check.rows == 8);
	meta_close(meta);
}

/* A row's size is nobody's limit. */
static void test_a_long_detail(void)
{
	struct meta *meta = meta_fixture_open();
	static char text[300000];
	struct meta_audit entry = {.kind = SPAN_LIT("x"),
				   .detail = {.text = text, .len = 299999}};

	memset(text, 'd', sizeof(text) - 1);
	meta_fixture_write(meta, append, &entry);
	check_whole(meta, 1);
	meta_close(meta);
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(test_the_hash_is_what_the_header_says),
		CHECK_CASE(test_tampering_shows),
		CHECK_CASE(test_retention_keeps_the_chain),
		CHECK_CASE(test_a_check_goes_on_over_changes),
		CHECK_CASE(test_a_long_detail),
	};

	return SQL_FIXTURE_RUN(argc, argv, cases);
}
