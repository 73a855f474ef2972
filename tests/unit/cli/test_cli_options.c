/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/options.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "cli/commands.h"
#include "cli/help.h"
#include "tests/lib/check.h"

#define ARGC_MAX 16
#define HELP_MAX ((size_t)1 << 20)

/* Split text at blanks and parse it as a command line. */
static int parse(const char *text, struct options *options, struct err *err)
{
	static char copy[1024];
	char *argv[ARGC_MAX] = {"berth"};
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
	return options_parse(argc, argv, options, err);
}

static void parses(const char *text, struct options *options)
{
	struct err err = ERR_INIT;

	CHECK(parse(text, options, &err) == 0);
}

static void refuses(const char *text, const char *want)
{
	struct options options = {.registry = "left alone"};
	struct err err = ERR_INIT;

	CHECK(parse(text, &options, &err) == -1);
	CHECK(err.code == ERR_INVALID);
	CHECK_TEXT(err_for_client(&err), want);
	CHECK_TEXT(options.registry, "left alone");
}

static void forget_environment(void)
{
	unsetenv("BERTH_REGISTRY");
	unsetenv("BERTH_USER");
}

static void takes_arguments_in_their_order(void)
{
	struct options options;

	parses("import in.tar team/app:v1", &options);
	CHECK_TEXT(options.command->name, "import");
	CHECK_TEXT(options.path, "in.tar");
	CHECK_TEXT(options.target.repository, "team/app");
	CHECK_TEXT(options.target.tag, "v1");
	CHECK(options.max_bytes == (uint64_t)256 << 30);
	parses("export team/app -", &options);
	CHECK_TEXT(options.path, "-");
}

static void takes_flags_anywhere(void)
{
	struct options options;

	parses("--quiet tags --registry=http://a team/app --list --output json",
	       &options);
	CHECK(options.quiet && options.list && options.json);
	CHECK(!options.yes);
	CHECK_TEXT(options.registry, "http://a");
	parses("export -- team/app --list", &options);
	CHECK_TEXT(options.path, "--list");
}

static void a_group_and_its_command_are_two_words(void)
{
	struct options options;

	parses("user create --description him alice", &options);
	CHECK_TEXT(options.command->group, "user");
	CHECK_TEXT(options.command->name, "create");
	CHECK_TEXT(options.names[0], "alice");
	CHECK_TEXT(options.description, "him");
	parses("group add devs alice", &options);
	CHECK_TEXT(options.names[1], "alice");
	parses("token create --scope a --scope b", &options);
	CHECK(options.scopes.count == 2);
	CHECK_TEXT(options.scopes.at[1], "b");
	parses("user --help", &options);
	CHECK(options.help && !options.command);
	CHECK_TEXT(options.group, "user");
	parses("copy a:v1 b:v2", &options);
	CHECK_TEXT(options.target.tag, "v1");
	CHECK_TEXT(options.second.repository, "b");
	CHECK_TEXT(options.second.tag, "v2");
}

static void environment_stands_behind_flags(void)
{
	struct options options;

	parses("repositories", &options);
	CHECK_TEXT(options.registry, OPTIONS_REGISTRY_DEFAULT);
	CHECK(!options.user);
	setenv("BERTH_REGISTRY", "http://env", 1);
	setenv("BERTH_USER", "somebody", 1);
	parses("repositories", &options);
	CHECK_TEXT(options.registry, "http://env");
	CHECK_TEXT(options.user, "somebody");
	parses("repositories --registry http://flag --user other", &options);
	CHECK_TEXT(options.registry, "http://flag");
	CHECK_TEXT(options.user, "other");
	setenv("BERTH_REGISTRY", "", 1);
	parses("repositories", &options);
	CHECK_TEXT(options.registry, OPTIONS_REGISTRY_DEFAULT);
}

static void says_what_is_wrong(void)
{
	refuses("", "a command is missing");
	refuses("frobnicate", "frobnicate is no command");
	refuses("--list tags a",
		"--list is no flag, or one that has to follow its command");
	refuses("tags --raw a", "--raw is no flag of this command");
	refuses("user", "user wants a command behind it");
	refuses("user frob", "frob is no command of this group");
	refuses("create", "create is no command");
	refuses("user show", "NAME must follow the command");
	refuses("tags", "REPO must follow the command");
	refuses("export a", "REPO[:TAG|@DIGEST] PATH must follow the command");
	refuses("tags a b", "b is one argument too many");
	refuses("export a b c", "c is one argument too many");
	refuses("tags a:v1", "a:v1 must be a repository alone");
	refuses("delete a", "a must name a tag or a digest: REPO:TAG or "
			    "REPO@DIGEST");
	refuses("tags --quiet=yes a", "--quiet takes no value");
	refuses("repositories --registry", "--registry wants a value");
	refuses("repositories --registry=", "--registry must not be empty");
	refuses("repositories --output xml", "--output takes text or json");
	refuses("repositories --password-stdin",
		"--password-stdin wants --user, too");
	refuses("import --max-size much a b",
		"--max-size takes a size such as 10GiB");
}

static void help_needs_nothing_else(void)
{
	struct options options;

	parses("--help", &options);
	CHECK(options.help && !options.command);
	parses("export --help", &options);
	CHECK(options.help);
	CHECK_TEXT(options.command->name, "export");
	parses("--version", &options);
	CHECK(options.version);
}

/* Every line fits a terminal, and every flag and command is there. */
static void help_is_whole(void)
{
	const struct command *command;
	struct buf text = BUF_INIT(HELP_MAX);
	struct err err = ERR_INIT;

	help_program(&text);
	for (size_t i = 0; (command = commands_at(i)); i++) {
		CHECK(strstr(buf_text(&text), command->name));
		help_command(command, &text);
		CHECK(strstr(buf_text(&text), command->synopsis));
		for (size_t j = 0; j < command->flag_count; j++)
			CHECK(strstr(buf_text(&text), command->flags[j].name));
	}
	help_group("user", &text);
	CHECK(strstr(buf_text(&text), "berth user COMMAND --help"));
	CHECK(buf_check(&text, &err) == 0);
	for (const char *line = buf_text(&text); *line;) {
		size_t len = strcspn(line, "\n");

		CHECK(len <= 80);
		line += len + 1;
	}
	buf_release(&text);
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(takes_arguments_in_their_order),
		CHECK_CASE(takes_flags_anywhere),
		CHECK_CASE(a_group_and_its_command_are_two_words),
		CHECK_CASE(environment_stands_behind_flags),
		CHECK_CASE(says_what_is_wrong),
		CHECK_CASE(help_needs_nothing_else),
		CHECK_CASE(help_is_whole),
	};

	forget_environment();
	return CHECK_RUN(argc, argv, cases);
}
