/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/options.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/num.h"
#include "cli/commands.h"

#define MAX_SIZE_DEFAULT "256GiB"

static const struct flag global_flags[] = {
	{"--registry", "URL",
	 "Address of the registry (BERTH_REGISTRY, default "
	 "http://127.0.0.1:5000).",
	 offsetof(struct options, registry), false},
	{"--credentials", "FILE",
	 "Take user and password from this file, such as admin.credentials in "
	 "the server's data folder.",
	 offsetof(struct options, credentials), false},
	{"--user", "NAME", "User name (BERTH_USER).",
	 offsetof(struct options, user), false},
	{"--password-stdin", NULL,
	 "Take the password from standard input (otherwise BERTH_PASSWORD).",
	 offsetof(struct options, password_stdin), false},
	{"--ca", "FILE", "Trust the authorities in this PEM file.",
	 offsetof(struct options, ca), false},
	{"--output", "text|json", "How to print results (default text).",
	 offsetof(struct options, output), false},
	{"--quiet", NULL, "Print no progress.", offsetof(struct options, quiet),
	 false},
	{"--help", NULL, "Explain berth, or the command, and exit.",
	 offsetof(struct options, help), false},
	{"--version", NULL, "Print the version and exit.",
	 offsetof(struct options, version), false},
};

#define GLOBAL_COUNT (sizeof(global_flags) / sizeof(global_flags[0]))

/* What has been read so far. */
struct reading {
	struct options options;
	char **argv;
	int argc;
	int at;		     /* the argument that is looked at */
	size_t positional;   /* arguments of the command seen */
	size_t repositories; /* REPO arguments among them */
	size_t names;	     /* NAME arguments among them */
};

const struct flag *options_global_flags(size_t *ret_count)
{
	*ret_count = GLOBAL_COUNT;
	return global_flags;
}

static const struct flag *find_in(const struct flag *flags, size_t count,
				  const char *text)
{
	size_t len = strcspn(text, "=");

	for (size_t i = 0; i < count; i++)
		if (strlen(flags[i].name) == len &&
		    memcmp(flags[i].name, text, len) == 0)
			return &flags[i];
	return NULL;
}

static const struct flag *find_flag(const struct reading *reading,
				    const char *text)
{
	const struct command *command = reading->options.command;
	const struct flag *flag = find_in(global_flags, GLOBAL_COUNT, text);

	if (!flag && command)
		flag = find_in(command->flags, command->flag_count, text);
	return flag;
}

static int refuse(struct err *err, const char *what, const char *why)
{
	err_set(err, ERR_INVALID, "bad usage");
	return err_tell(err, "%s %s", what, why);
}

static int add_value(struct option_values *values, const struct flag *flag,
		     const char *value, struct err *err)
{
	if (values->count == OPTIONS_VALUES_MAX)
		return refuse(err, flag->name, "is given too often");
	values->at[values->count++] = value;
	return 0;
}

static int take_flag(struct reading *reading, struct err *err)
{
	const char *text = reading->argv[reading->at];
	const struct flag *flag = find_flag(reading, text);
	char *base = (char *)&reading->options;
	const char *equals = strchr(text, '=');
	const char *value = equals ? equals + 1 : NULL;

	if (!flag)
		return refuse(err, text,
			      reading->options.command
				      ? "is no flag of this command"
				      : "is no flag, or one that has to "
					"follow its command");
	if (!flag->argument && value)
		return refuse(err, flag->name, "takes no value");
	if (!flag->argument) {
		*(bool *)(void *)(base + flag->offset) = true;
		return 0;
	}
	if (!value && reading->at + 1 < reading->argc)
		value = reading->argv[++reading->at];
	if (!value)
		return refuse(err, flag->name, "wants a value");
	if (flag->many)
		return add_value((void *)(base + flag->offset), flag, value,
				 err);
	*(const char **)(void *)(base + flag->offset) = value;
	return 0;
}

/* What a REPO argument must have and must not have. */
static int take_target(enum argument kind, const char *text,
		       struct target *target, struct err *err)
{
	struct err inner = ERR_INIT;
	bool exact;

	if (target_parse(span_of(text), target, &inner) < 0) {
		err_set(err, ERR_INVALID, "bad argument");
		return err_tell(err, "%s: %s", text, err_for_client(&inner));
	}
	exact = target->has_digest || target->tag[0];
	if (kind == ARGUMENT_REPOSITORY && exact)
		return refuse(err, text, "must be a repository alone");
	if (kind == ARGUMENT_EXACT && !exact)
		return refuse(err, text,
			      "must name a tag or a digest: "
			      "REPO:TAG or REPO@DIGEST");
	if (kind == ARGUMENT_DESTINATION && target->has_digest)
		return refuse(err, text, "must be REPO or REPO:TAG");
	return 0;
}

/* "tags", or "user" and then "create". */
static int take_command(struct reading *reading, const char *text,
			struct err *err)
{
	struct options *options = &reading->options;

	options->command = commands_find(options->group, text);
	if (options->command)
		return 0;
	if (options->group)
		return refuse(err, text, "is no command of this group");
	options->group = commands_group(text);
	return options->group ? 0 : refuse(err, text, "is no command");
}

static int take_argument(struct reading *reading, struct err *err)
{
	struct options *options = &reading->options;
	const char *text = reading->argv[reading->at];
	enum argument kind;

	if (!options->command)
		return take_command(reading, text, err);
	kind = reading->positional < COMMAND_ARGUMENTS_MAX
		       ? options->command->arguments[reading->positional]
		       : ARGUMENT_NONE;
	if (kind == ARGUMENT_NONE)
		return refuse(err, text, "is one argument too many");
	reading->positional++;
	if (text[0] == '\0')
		return refuse(err, "an argument", "must not be empty");
	if (kind == ARGUMENT_PATH)
		options->path = text;
	else if (kind == ARGUMENT_NAME || kind == ARGUMENT_OPTIONAL)
		options->names[reading->names++] = text;
	else
		return take_target(kind, text,
				   reading->repositories++ ? &options->second
							   : &options->target,
				   err);
	return 0;
}

/* Everything that the command needs is there and can be. */
static int check(struct reading *reading, struct err *err)
{
	struct options *options = &reading->options;
	const struct command *command = options->command;
	struct err inner = ERR_INIT;

	options->json = strcmp(options->output, "json") == 0;
	if (!options->json && strcmp(options->output, "text") != 0)
		return refuse(err, "--output", "takes text or json");
	if (options->registry[0] == '\0')
		return refuse(err, "--registry", "must not be empty");
	if (options->password_stdin && !options->user)
		return refuse(err, "--password-stdin", "wants --user, too");
	if (num_size(span_of(options->max_size), &options->max_bytes, &inner) <
	    0)
		return refuse(err, "--max-size", "takes a size such as 10GiB");
	if (options->help || options->version)
		return 0;
	if (!command)
		return refuse(err,
			      options->group ? options->group : "a command",
			      options->group ? "wants a command behind it"
					     : "is missing");
	if (reading->positional < COMMAND_ARGUMENTS_MAX &&
	    command->arguments[reading->positional] != ARGUMENT_OPTIONAL &&
	    command->arguments[reading->positional] != ARGUMENT_NONE)
		return refuse(err, command->synopsis,
			      "must follow the command");
	return 0;
}

static const char *environment(const char *name, const char *otherwise)
{
	const char *value = getenv(name);

	return value && value[0] ? value : otherwise;
}

static int understood(const struct reading *reading, struct options *options)
{
	options->command = reading->options.command;
	options->group = reading->options.group;
	return -1;
}

int options_parse(int argc, char **argv, struct options *ret_options,
		  struct err *err)
{
	struct reading reading = {.argv = argv, .argc = argc};
	bool flags_ended = false;

	reading.options.registry =
		environment("BERTH_REGISTRY", OPTIONS_REGISTRY_DEFAULT);
	reading.options.user = environment("BERTH_USER", NULL);
	reading.options.output = "text";
	reading.options.max_size = MAX_SIZE_DEFAULT;
	for (reading.at = 1; reading.at < argc; reading.at++) {
		const char *text = argv[reading.at];
		bool is_flag = !flags_ended && text[0] == '-' && text[1];

		if (is_flag && strcmp(text, "--") == 0) {
			flags_ended = true;
			continue;
		}
		if ((is_flag ? take_flag(&reading, err)
			     : take_argument(&reading, err)) < 0)
			return understood(&reading, ret_options);
	}
	if (check(&reading, err) < 0)
		return understood(&reading, ret_options);
	*ret_options = reading.options;
	return 0;
}
