/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/option.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "conf/conf.h"
#include "tests/lib/check.h"

static const struct conf_option *option(const char *section, const char *name)
{
	const struct conf_option *found =
		conf_option_find(span_of(section), span_of(name));

	CHECK(found);
	return found;
}

static void formats(const struct conf *conf, const struct conf_option *row,
		    const char *want)
{
	CLEANUP(buf_release) struct buf out = BUF_INIT(4096);

	conf_option_format(conf, row, &out);
	CHECK_TEXT(buf_text(&out), want);
}

static void takes(const char *section, const char *name, const char *value,
		  const char *want)
{
	CLEANUP(conf_free_at) struct conf *conf = calloc(1, sizeof(*conf));
	struct err err = ERR_INIT;

	CHECK(conf);
	CHECK(conf_option_set(conf, option(section, name), span_of(value),
			      &err) == 0);
	formats(conf, option(section, name), want);
}

static void refuses(const char *section, const char *name, const char *value,
		    const char *want)
{
	CLEANUP(conf_free_at) struct conf *conf = calloc(1, sizeof(*conf));
	struct conf before = {0};
	struct err err = ERR_INIT;

	CHECK(conf);
	CHECK(conf_option_set(conf, option(section, name), span_of(value),
			      &err) == -1);
	CHECK(err.code == ERR_INVALID);
	CHECK_TEXT(err.text, want);
	CHECK(memcmp(conf, &before, sizeof(before)) == 0);
}

static void test_every_default_passes_its_own_row(void)
{
	size_t count;
	const struct conf_option *options = conf_options(&count);

	CHECK(count > 40);
	for (size_t i = 0; i < count; i++) {
		CLEANUP(conf_free_at)
		struct conf *conf = calloc(1, sizeof(*conf));
		struct err err = ERR_INIT;

		CHECK(conf);
		CHECK(conf_option_set(conf, &options[i],
				      span_of(options[i].default_text),
				      &err) == 0);
		CHECK(options[i].text[0] != '\0');
		CHECK(options[i].text[strlen(options[i].text) - 1] == '.');
		CHECK(options[i].min <= options[i].max);
		CHECK((options[i].choices[0] != '\0') ==
		      (options[i].type == CONF_CHOICE));
	}
}

static void test_every_option_is_found_by_its_name_alone(void)
{
	size_t count;
	const struct conf_option *options = conf_options(&count);

	for (size_t i = 0; i < count; i++)
		CHECK(option(options[i].section, options[i].name) ==
		      &options[i]);
	CHECK(!conf_option_find(SPAN_LIT("server"), SPAN_LIT("liste")));
	CHECK(!conf_option_find(SPAN_LIT("server"), SPAN_LIT("listens")));
	CHECK(!conf_option_find(SPAN_LIT("log"), SPAN_LIT("listen")));
	CHECK(conf_section_exists(SPAN_LIT("log")));
	CHECK(!conf_section_exists(SPAN_LIT("logs")));
	CHECK(!conf_section_exists(SPAN_LIT("")));
}

static void test_reads_each_type(void)
{
	takes("storage", "data", "/srv/berth", "/srv/berth");
	takes("storage", "direct_io", "true", "true");
	takes("storage", "direct_io", "false", "false");
	takes("server", "workers", "7", "7");
	takes("storage", "low_water", "1024MiB", "1GiB");
	takes("registry", "blob_max", "0", "0");
	takes("server", "drain_timeout", "90", "90s");
	takes("server", "drain_timeout", "60m", "1h");
	takes("server", "anonymous", "full", "full");
}

static void test_refuses_and_says_what_would_do(void)
{
	refuses("storage", "direct_io", "yes",
		"must be a boolean: true or false");
	refuses("storage", "direct_io", "True",
		"must be a boolean: true or false");
	refuses("server", "workers", "0", "must be a number: 1 to 1024");
	refuses("server", "workers", "1025", "must be a number: 1 to 1024");
	refuses("server", "workers", "-1", "must be a number: 1 to 1024");
	refuses("server", "workers", "x", "must be a number: 1 to 1024");
	refuses("server", "workers", "", "must be a number: 1 to 1024");
	refuses("limits", "target_bytes", "64K1",
		"must be a size: 1KiB to 64KiB");
	refuses("limits", "target_bytes", "65KiB",
		"must be a size: 1KiB to 64KiB");
	refuses("limits", "target_bytes", "1023",
		"must be a size: 1KiB to 64KiB");
	refuses("limits", "header_timeout", "99ms",
		"must be a duration: 100ms to 1h");
	refuses("server", "anonymous", "pul",
		"must be a choice: one of none|pull|full");
	refuses("server", "anonymous", "none|pull",
		"must be a choice: one of none|pull|full");
	refuses("server", "anonymous", "",
		"must be a choice: one of none|pull|full");
	refuses("registry", "account", "123",
		"must be a text: 12 to 12 characters");
	refuses("storage", "data", "a\nb",
		"must be one line without control characters");
}

static void test_the_limits_themselves_are_allowed(void)
{
	takes("server", "workers", "1", "1");
	takes("server", "workers", "1024", "1024");
	takes("limits", "target_bytes", "1KiB", "1KiB");
	takes("limits", "target_bytes", "64KiB", "64KiB");
	takes("limits", "header_timeout", "100ms", "100ms");
	takes("limits", "header_timeout", "1h", "1h");
}

/* The enums of conf.h follow the order of the rows. */
static void test_choices_have_the_values_of_their_enums(void)
{
	static const struct {
		const char *section, *name, *choice;
		int value;
	} rows[] = {
		{"server", "anonymous", "none", CONF_ANONYMOUS_NONE},
		{"server", "anonymous", "pull", CONF_ANONYMOUS_PULL},
		{"server", "anonymous", "full", CONF_ANONYMOUS_FULL},
		{"log", "level", "debug", CONF_LOG_DEBUG},
		{"log", "level", "info", CONF_LOG_INFO},
		{"log", "level", "warn", CONF_LOG_WARN},
		{"log", "level", "error", CONF_LOG_ERROR},
		{"log", "format", "auto", CONF_LOG_AUTO},
		{"log", "format", "text", CONF_LOG_TEXT},
		{"log", "format", "json", CONF_LOG_JSON},
		{"storage", "blobs", "disk", CONF_BLOBS_DISK},
		{"storage", "blobs", "memory", CONF_BLOBS_MEMORY},
		{"registry", "create_on_push", "always", CONF_CREATE_ALWAYS},
		{"registry", "create_on_push", "never", CONF_CREATE_NEVER},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		CLEANUP(conf_free_at)
		struct conf *conf = calloc(1, sizeof(*conf));
		const struct conf_option *row =
			option(rows[i].section, rows[i].name);
		struct err err = ERR_INIT;

		CHECK(conf);
		CHECK(conf_option_set(conf, row, span_of(rows[i].choice),
				      &err) == 0);
		CHECK(*(int *)(void *)((char *)conf + row->offset) ==
		      rows[i].value);
	}
}

static void test_copies_and_compares_every_option(void)
{
	size_t count;
	const struct conf_option *options = conf_options(&count);

	for (size_t i = 0; i < count; i++) {
		CLEANUP(conf_free_at)
		struct conf *from = calloc(1, sizeof(*from));
		CLEANUP(conf_free_at) struct conf *to = calloc(1, sizeof(*to));
		CLEANUP(buf_release) struct buf a = BUF_INIT(4096);
		CLEANUP(buf_release) struct buf b = BUF_INIT(4096);
		struct err err = ERR_INIT;

		CHECK(from && to);
		CHECK(conf_option_set(from, &options[i],
				      span_of(options[i].default_text),
				      &err) == 0);
		CHECK(conf_option_copy(to, from, &options[i], &err) == 0);
		CHECK(conf_option_equal(to, from, &options[i]));
		conf_option_format(from, &options[i], &a);
		conf_option_format(to, &options[i], &b);
		CHECK_TEXT(buf_text(&a), buf_text(&b));
	}
}

static void test_tells_values_apart(void)
{
	static const struct {
		const char *section, *name, *a, *b;
	} rows[] = {
		{"storage", "data", "x", "y"},
		{"log", "access", "true", "false"},
		{"server", "workers", "1", "2"},
		{"storage", "low_water", "1", "2"},
		{"limits", "idle_timeout", "1s", "2s"},
		{"log", "format", "text", "json"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		CLEANUP(conf_free_at) struct conf *a = calloc(1, sizeof(*a));
		CLEANUP(conf_free_at) struct conf *b = calloc(1, sizeof(*b));
		const struct conf_option *row =
			option(rows[i].section, rows[i].name);
		struct err err = ERR_INIT;

		CHECK(a && b);
		CHECK(conf_option_set(a, row, span_of(rows[i].a), &err) == 0);
		CHECK(conf_option_set(b, row, span_of(rows[i].b), &err) == 0);
		CHECK(!conf_option_equal(a, b, row));
	}
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(test_every_default_passes_its_own_row),
		CHECK_CASE(test_every_option_is_found_by_its_name_alone),
		CHECK_CASE(test_reads_each_type),
		CHECK_CASE(test_refuses_and_says_what_would_do),
		CHECK_CASE(test_the_limits_themselves_are_allowed),
		CHECK_CASE(test_choices_have_the_values_of_their_enums),
		CHECK_CASE(test_copies_and_compares_every_option),
		CHECK_CASE(test_tells_values_apart),
	};

	return CHECK_RUN(argc, argv, cases);
}
