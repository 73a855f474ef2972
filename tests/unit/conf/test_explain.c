/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/explain.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "conf/conf.h"
#include "conf/option.h"
#include "tests/lib/check.h"
#include "tests/lib/tmpdir.h"

static void wraps(const char *text, const char *want)
{
	CLEANUP(buf_release) struct buf out = BUF_INIT(4096);

	conf_wrap(text, "> ", 10, &out);
	CHECK_TEXT(buf_text(&out), want);
}

static void test_wraps_at_blanks(void)
{
	wraps("", "");
	wraps("a", "> a\n");
	wraps("12345678", "> 12345678\n");
	wraps("1234 678", "> 1234 678\n");
	wraps("1234 6789", "> 1234\n> 6789\n");
	wraps("123456789 1", "> 123456789\n> 1\n");
	wraps("1234567 9 1", "> 1234567\n> 9 1\n");
}

/* Every line fits a terminal, and every name is there. */
static void names_everything(const char *text)
{
	size_t count;
	const struct conf_option *options = conf_options(&count);

	for (size_t i = 0; i < count; i++)
		CHECK(strstr(text, options[i].name));
	for (const char *line = text; *line;) {
		size_t len = strcspn(line, "\n");

		CHECK(len <= 100);
		line += len + (line[len] == '\n');
	}
}

static void test_help_names_every_flag_and_option(void)
{
	CLEANUP(buf_release) struct buf out = BUF_INIT((size_t)64 * 1024);
	size_t count;
	const struct conf_flag *flags = conf_flags(&count);

	conf_help(&out);
	names_everything(buf_text(&out));
	for (size_t i = 0; i < count; i++)
		CHECK(strstr(buf_text(&out), flags[i].name));
}

/* Load text as a file. */
static struct conf *load(const char *text)
{
	char path[TMPDIR_SIZE + 16];
	char dir[TMPDIR_SIZE];
	struct conf_args args = {.config = path};
	struct conf *conf = NULL;
	struct err err = ERR_INIT;

	tmpdir_make(dir);
	snprintf(path, sizeof(path), "%s/example", dir);
	FILE *file = fopen(path, "w");

	CHECK(file);
	CHECK(fputs(text, file) >= 0);
	CHECK(fclose(file) == 0);
	if (conf_load(&args, &conf, &err) < 0)
		fprintf(stderr, "%s\n", err.text);
	CHECK(conf);
	return conf;
}

static void test_the_example_changes_nothing_as_it_stands(void)
{
	CLEANUP(buf_release) struct buf out = BUF_INIT((size_t)64 * 1024);

	conf_example(&out);
	names_everything(buf_text(&out));
	conf_free(load(buf_text(&out)));
}

/* Uncommenting every option must give the defaults, each set by the file. */
static void test_the_example_holds_the_defaults(void)
{
	CLEANUP(buf_release) struct buf out = BUF_INIT((size_t)64 * 1024);
	CLEANUP(conf_free_at) struct conf *plain = load("");
	size_t count;
	size_t opened = 0;
	const struct conf_option *options = conf_options(&count);

	conf_example(&out);
	for (char *at = out.data; (at = strstr(at, "\n  #")); at++)
		if (at[4] != ' ') {
			at[3] = ' ';
			memmove(at + 3, at + 4, strlen(at + 4) + 1);
			opened++;
		}
	CHECK(opened == count);
	CLEANUP(conf_free_at) struct conf *conf = load(out.data);

	for (size_t i = 0; i < count; i++)
		CHECK(conf_option_equal(conf, plain, &options[i]));
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(test_wraps_at_blanks),
		CHECK_CASE(test_help_names_every_flag_and_option),
		CHECK_CASE(test_the_example_changes_nothing_as_it_stands),
		CHECK_CASE(test_the_example_holds_the_defaults),
	};

	return CHECK_RUN(argc, argv, cases);
}
