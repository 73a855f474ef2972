/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/args.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "conf/option.h"
#include "tests/lib/check.h"

#define ARGC_MAX (CONF_OVERRIDES_MAX + 8)

/* Split text at blanks and parse it as a command line. */
static int parse(const char *text, struct conf_args *args, struct err *err)
{
	static char copy[4096];
	char *argv[ARGC_MAX] = {"berthd"};
	int argc = 1;
	char *rest = copy;

	CHECK(strlen(text) < sizeof(copy));
	memcpy(copy, text, strlen(text) + 1);
	while (*rest) {
		CHECK(argc < ARGC_MAX);
		argv[argc++] = rest;
		rest += strcspn(rest, " ");
		if (*rest)
			*rest++ = '\0';
	}
	return conf_args_parse(argc, argv, args, err);
}

static void overrides(const char *text, const char *section, const char *name,
		      const char *value)
{
	struct conf_args args = {0};
	struct err err = ERR_INIT;

	CHECK(parse(text, &args, &err) == 0);
	CHECK(args.override_count == 1);
	CHECK(args.action == CONF_RUN);
	CHECK(span_equal(args.overrides[0].section, span_of(section)));
	CHECK(span_equal(args.overrides[0].name, span_of(name)));
	CHECK(span_equal(args.overrides[0].value, span_of(value)));
}

static void refuses(const char *text, const char *want)
{
	struct conf_args args = {.config = "left alone"};
	struct err err = ERR_INIT;

	CHECK(parse(text, &args, &err) == -1);
	CHECK(err.code == ERR_INVALID);
	CHECK_TEXT(err.text, want);
	CHECK_TEXT(args.config, "left alone");
}

static void test_flags_become_options(void)
{
	overrides("--data /srv", "storage", "data", "/srv");
	overrides("--data=/srv", "storage", "data", "/srv");
	overrides("--data=", "storage", "data", "");
	overrides("--listen [::1]:80", "server", "listen", "[::1]:80");
	overrides("--roles registry", "server", "roles", "registry");
	overrides("--anonymous=pull", "server", "anonymous", "pull");
	overrides("--insecure-http", "server", "insecure_http", "true");
	overrides("--set log.level=warn", "log", "level", "warn");
	overrides("--set=log.level=a=b", "log", "level", "a=b");
}

static void test_every_flag_that_sets_names_an_option(void)
{
	struct conf_args args = {0};
	struct err err = ERR_INIT;

	CHECK(parse("--data x --listen x --roles x --anonymous x "
		    "--insecure-http",
		    &args, &err) == 0);
	CHECK(args.override_count == 5);
	for (size_t i = 0; i < args.override_count; i++)
		CHECK(conf_option_find(args.overrides[i].section,
				       args.overrides[i].name));
}

static void test_actions(void)
{
	static const struct {
		const char *text;
		enum conf_action want;
	} rows[] = {
		{"", CONF_RUN},
		{"--check-config", CONF_CHECK},
		{"--example-config", CONF_EXAMPLE},
		{"--help", CONF_HELP},
		{"--version", CONF_VERSION},
		{"--help --version", CONF_HELP},
		{"--check-config --help", CONF_HELP},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct conf_args args = {0};
		struct err err = ERR_INIT;

		CHECK(parse(rows[i].text, &args, &err) == 0);
		CHECK(args.action == rows[i].want);
		CHECK(args.config == NULL);
	}
}

static void test_names_the_file(void)
{
	struct conf_args args = {0};
	struct err err = ERR_INIT;

	CHECK(parse("--config /etc/berth.yaml --check-config", &args, &err) ==
	      0);
	CHECK_TEXT(args.config, "/etc/berth.yaml");
	CHECK(args.action == CONF_CHECK);
}

static void test_refuses_wrong_usage(void)
{
	refuses("--frob", "argument 1 is no flag of this program");
	refuses("--help extra", "argument 2 is no flag of this program");
	refuses("--dat x", "argument 1 is no flag of this program");
	refuses("--data", "--data wants DIR");
	refuses("--help=yes", "--help takes no value");
	refuses("--set log", "--set wants SECTION.NAME=VALUE");
	refuses("--set log=x", "--set wants SECTION.NAME=VALUE");
	refuses("--set log.level", "--set wants SECTION.NAME=VALUE");
	refuses("--config a --config b", "--config stands twice");
}

static void test_refuses_too_many_settings(void)
{
	char *argv[CONF_OVERRIDES_MAX + 2] = {"berthd"};
	struct conf_args args = {0};
	struct err err = ERR_INIT;

	for (size_t i = 1; i < CONF_OVERRIDES_MAX + 2; i++)
		argv[i] = "--insecure-http";
	CHECK(conf_args_parse(CONF_OVERRIDES_MAX + 1, argv, &args, &err) == 0);
	CHECK(args.override_count == CONF_OVERRIDES_MAX);
	CHECK(conf_args_parse(CONF_OVERRIDES_MAX + 2, argv, &args, &err) == -1);
	CHECK(err.code == ERR_INVALID);
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(test_flags_become_options),
		CHECK_CASE(test_every_flag_that_sets_names_an_option),
		CHECK_CASE(test_actions),
		CHECK_CASE(test_names_the_file),
		CHECK_CASE(test_refuses_wrong_usage),
		CHECK_CASE(test_refuses_too_many_settings),
	};

	return CHECK_RUN(argc, argv, cases);
}
