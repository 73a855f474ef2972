/* SPDX-License-Identifier: Apache-2.0 */
/* Finding entries of the audit log. */
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "storage/meta_audit.h"
#include "tests/lib/meta_fixture.h"
#include "tests/lib/sql_fixture.h"

#define ACCOUNT meta_fixture_scope.account

#define ROWS 700

struct sample {
	int64_t at_ms;
	const char *kind;
	const char *actor;
	const char *target;
};

static struct sample samples[ROWS + 1]; /* by number */
static unsigned long seed = 12345;

static unsigned pick(unsigned below)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(seed >> 33) % below;
}

static const char *const kinds[] = {"tag.move", "tag.create",
				    "tags.x",	"auth.failure",
				    "login",	"user.create"};
static const char *const actors[] = {"eve", "bob", "admin", ""};
static const char *const targets[] = {
	"team/app", "team/app:v1", "team/app:v2", "a:b:c", "a:b", "eve", ""};

static int append_sample(struct meta_tx *tx, void *context, struct err *err)
{
	const struct sample *sample = context;
	struct meta_audit entry = {.kind = span_of(sample->kind),
				   .actor = span_of(sample->actor),
				   .target = span_of(sample->target)};

	return meta_audit_append(tx, ACCOUNT, &entry, err);
}

/* Some kinds only in some blocks; the clock is set back now and then. */
static void fill_samples(struct meta *meta)
{
	int64_t now = 10000;

	for (int i = 1; i <= ROWS; i++) {
		now += pick(20) == 0 ? -300 : (int)pick(10);
		samples[i] = (struct sample){
			.at_ms = now,
			.kind = kinds[pick(i > 300 && i < 520 ? 3 : 6)],
			.actor = actors[pick(i < 400 ? 2 : 4)],
			.target = targets[pick(i < 256 ? 3 : 7)],
		};
		meta_fixture_ms = now;
		meta_fixture_write(meta, append_sample, &samples[i]);
	}
}

static bool matches(const struct meta_audit_filter *filter, int64_t number)
{
	const struct sample *sample = &samples[number];
	struct span kind = span_of(sample->kind);

	if (number <= filter->after ||
	    (filter->before && number >= filter->before) ||
	    (filter->since_ms && sample->at_ms < filter->since_ms) ||
	    (filter->until_ms && sample->at_ms >= filter->until_ms))
		return false;
	if (filter->kind.len > 0 && !span_equal(kind, filter->kind) &&
	    !(span_ends(filter->kind, SPAN_LIT(".")) &&
	      span_starts(kind, filter->kind)))
		return false;
	return (filter->actor.len == 0 ||
		span_equal(span_of(sample->actor), filter->actor)) &&
	       (filter->target.len == 0 ||
		span_equal(span_of(sample->target), filter->target));
}

static struct meta_audit_filter any_filter(void)
{
	static const char *const asked_kinds[] = {
		"", "", "tag.", "tag.move", "auth.", "login", "none", "tag"};
	struct meta_audit_filter filter = {
		.after = pick(2) ? 0 : pick(ROWS),
		.before = pick(2) ? 0 : 1 + pick(ROWS + 100),
		.since_ms = pick(2) ? 0 : 10000 + pick(3000),
		.until_ms = pick(3) ? 0 : 10000 + pick(3000),
		.kind = span_of(asked_kinds[pick(8)]),
		.actor = span_of(pick(2) ? "" : actors[pick(4)]),
		.target = span_of(pick(2) ? "" : targets[pick(7)]),
	};

	return filter;
}

struct found {
	int64_t numbers[ROWS];
	size_t count;
};

static int note_number(void *context, const struct meta_audit_row *row,
		       struct err *err)
{
	struct found *found = context;

	(void)err;
	CHECK(found->count < ROWS);
	found->numbers[found->count++] = row->number;
	CHECK(row->at_ms == samples[row->number].at_ms);
	return 0;
}

/* Page after page, as a client goes. */
static void search(struct meta_tx *tx, struct meta_audit_filter filter,
		   size_t limit, struct found *found)
{
	bool more = true;

	found->count = 0;
	while (more) {
		struct err err = ERR_INIT;
		size_t before = found->count;

		int done = meta_audit_page(tx, ACCOUNT, &filter, limit,
					   note_number, found, &more, &err);

		CHECK_TEXT(err.text, "");
		CHECK(done == 0);
		CHECK(found->count - before <= limit);
		CHECK(!more || found->count - before == limit);
		if (!more)
			return;
		if (filter.before)
			filter.before = found->numbers[found->count - 1];
		else
			filter.after = found->numbers[found->count - 1];
	}
}

static size_t check_search(struct meta_tx *tx,
			   const struct meta_audit_filter *filter)
{
	static struct found found;
	size_t wanted = 0;

	search(tx, *filter, 1 + pick(40), &found);
	for (int64_t i = 1; i <= ROWS; i++) {
		int64_t number = filter->before ? ROWS + 1 - i : i;

		if (!matches(filter, number))
			continue;
		CHECK(wanted < found.count);
		CHECK(found.numbers[wanted] == number);
		wanted++;
	}
	CHECK(found.count == wanted);
	return wanted;
}

struct retention {
	int64_t removed;
	size_t limit;
};

static int retain(struct meta_tx *tx, void *context, struct err *err)
{
	struct retention *retention = context;

	retention->removed = meta_audit_retain(tx, ACCOUNT, INT64_MAX,
					       retention->limit, err);
	return retention->removed < 0 ? -1 : 0;
}

static void test_a_search_finds_what_matches(void)
{
	struct meta *meta = meta_fixture_open();
	struct retention retention = {.limit = 150};
	size_t hits = 0;

	fill_samples(meta);
	struct meta_tx *tx = meta_fixture_read(meta);
	for (int i = 0; i < 1000; i++) {
		struct meta_audit_filter filter = any_filter();

		hits += check_search(tx, &filter) > 0;
	}
	CHECK(hits > 300 && hits < 1000);
	meta_read_end(tx);

	/* And what retention left. */
	meta_fixture_write(meta, retain, &retention);
	CHECK(retention.removed == 150);
	tx = meta_fixture_read(meta);
	for (int i = 0; i < 300; i++) {
		struct meta_audit_filter filter = any_filter();

		filter.after = filter.after < 150 ? 150 : filter.after;
		check_search(tx, &filter);
	}
	meta_read_end(tx);
	meta_close(meta);
}

static int stop(void *context, const struct meta_audit_row *row,
		struct err *err)
{
	(void)context, (void)row;
	return err_set(err, ERR_DENIED, "stop");
}

static void test_what_cannot_be_asked(void)
{
	struct meta *meta = meta_fixture_open();
	static char text[400];
	struct sample sample = {.kind = "x", .actor = "", .target = ""};
	struct meta_audit_filter filter = {.kind = {.text = text, .len = 399}};
	struct err err = ERR_INIT;
	bool more = true;

	meta_fixture_write(meta, append_sample, &sample);
	memset(text, 'k', sizeof(text) - 1);
	struct meta_tx *tx = meta_fixture_read(meta);
	CHECK(meta_audit_page(tx, ACCOUNT, &filter, 5, stop, NULL, &more,
			      &err) == -1);
	CHECK(err.code == ERR_INVALID && more);
	err_clear(&err);
	filter.kind = span_of("");
	CHECK(meta_audit_page(tx, ACCOUNT, &filter, 5, stop, NULL, &more,
			      &err) == -1);
	CHECK(err.code == ERR_DENIED && more);
	meta_read_end(tx);
	meta_close(meta);
}

/* ---- what it costs ---- */

#define MANY 30000

/* Entries alike, but for one now and then that stands alone. */
static int append_many(struct meta_tx *tx, void *context, struct err *err)
{
	(void)context;
	for (int i = 0; i < MANY; i++) {
		bool rare = i % 7000 == 100;
		struct meta_audit entry = {
			.kind = rare ? SPAN_LIT("auth.failure")
				     : SPAN_LIT("tag.move"),
			.actor = rare ? SPAN_LIT("mallory") : SPAN_LIT("eve"),
			.target = rare ? SPAN_LIT("team/rare:v1")
				       : SPAN_LIT("team/app:v1"),
		};

		if (meta_audit_append(tx, ACCOUNT, &entry, err) < 0)
			return -1;
	}
	return 0;
}

static int append_late(struct meta_tx *tx, void *context, struct err *err)
{
	struct meta_audit entry = {.kind = SPAN_LIT("late")};

	(void)context;
	return meta_audit_append(tx, ACCOUNT, &entry, err);
}

static int64_t read_so_far(void)
{
	FILE *file = fopen("/proc/self/io", "r");
	long long bytes = -1;

	CHECK(file && fscanf(file, "rchar: %lld", &bytes) == 1);
	fclose(file);
	return bytes;
}

static int count_row(void *context, const struct meta_audit_row *row,
		     struct err *err)
{
	(void)row, (void)err;
	++*(size_t *)context;
	return 0;
}

/* What SQLite reads of a log of more than 6 MB to find a few entries: some
 * blocks of it. */
static void test_few_are_found_without_reading_all(void)
{
	static const struct meta_audit_filter filters[] = {
		{.kind = {.text = "auth.", .len = 5}},
		{.actor = {.text = "mallory", .len = 7}},
		{.target = {.text = "team/rare:v1", .len = 12}},
		{.since_ms = 2000000},
		{.after = MANY - 5},
	};
	if (sql_fixture_postgres())
		return;
	struct meta *meta = meta_fixture_open();
	meta_fixture_write(meta, append_many, NULL);
	meta_fixture_ms = 2000000;
	for (int i = 0; i < 5; i++)
		meta_fixture_write(meta, append_late, NULL);
	for (size_t i = 0; i < 10; i++) {
		struct meta_audit_filter filter = filters[i / 2];
		struct meta_tx *tx = meta_fixture_read(meta);
		int64_t before = read_so_far();
		struct err err = ERR_INIT;
		size_t count = 0;
		bool more = true;

		filter.before = i % 2 ? INT64_MAX : 0;
		CHECK(meta_audit_page(tx, ACCOUNT, &filter, 100, count_row,
				      &count, &more, &err) == 0);
		int64_t bytes = read_so_far() - before;
		CHECK(!more && count == (filter.after ? 10 : 5));
		CHECK(bytes > 0 && bytes < 600000);
		meta_read_end(tx);
	}
	meta_close(meta);
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(test_a_search_finds_what_matches),
		CHECK_CASE(test_what_cannot_be_asked),
		CHECK_CASE(test_few_are_found_without_reading_all),
	};

	return SQL_FIXTURE_RUN(argc, argv, cases);
}
