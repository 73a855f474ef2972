/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/args.h"

#include <string.h>

#include "base/err.h"

/* What a flag does: exactly one of the three kinds below. */
enum kind {
	SETS_OPTION, /* target is "section.name"; fixed, if any, is the value */
	SETS_ANY,    /* --set: the value names the option */
	SETS_CONFIG, /* --config */
	SETS_ACTION, /* --help and the like */
};

static const struct conf_flag flags[] = {
	{"--config", "FILE", "Read this configuration file."},
	{"--data", "DIR", "Keep everything in this folder (storage.data)."},
	{"--listen", "HOST:PORT", "Listen here (server.listen)."},
	{"--roles", "LIST", "What this server does (server.roles)."},
	{"--anonymous", "none|pull|full",
	 "What clients without credentials may do (server.anonymous)."},
	{"--insecure-http", NULL,
	 "Allow plain HTTP on an address that is not loopback "
	 "(server.insecure_http)."},
	{"--set", "SECTION.NAME=VALUE",
	 "Set any option of the configuration. May be repeated."},
	{"--check-config", NULL, "Check the configuration and exit."},
	{"--reset-admin", NULL,
	 "While no server runs: enable the user admin as an administrator with "
	 "a new random password, written to admin.credentials in the data "
	 "folder, drop his tokens, and exit."},
	{"--rotate-server-key", NULL,
	 "While no server runs: make a new server key, seal everything with "
	 "it, remove the old key, and exit. Other servers on the same database "
	 "must be stopped, too, and get the new key file."},
	{"--example-config", NULL, "Print a file with every option and exit."},
	{"--help", NULL, "Print this text and exit."},
	{"--version", NULL, "Print the version and exit."},
};

#define FLAG_COUNT (sizeof(flags) / sizeof(flags[0]))

/* What stands behind the flag at the same place. */
static const struct {
	enum kind kind;
	enum conf_action action;
	const char *section;
	const char *name;
	const char *fixed; /* value of a flag without an argument */
} effects[] = {
	{SETS_CONFIG, CONF_RUN, NULL, NULL, NULL},
	{SETS_OPTION, CONF_RUN, "storage", "data", NULL},
	{SETS_OPTION, CONF_RUN, "server", "listen", NULL},
	{SETS_OPTION, CONF_RUN, "server", "roles", NULL},
	{SETS_OPTION, CONF_RUN, "server", "anonymous", NULL},
	{SETS_OPTION, CONF_RUN, "server", "insecure_http", "true"},
	{SETS_ANY, CONF_RUN, NULL, NULL, NULL},
	{SETS_ACTION, CONF_CHECK, NULL, NULL, NULL},
	{SETS_ACTION, CONF_RESET_ADMIN, NULL, NULL, NULL},
	{SETS_ACTION, CONF_ROTATE_KEY, NULL, NULL, NULL},
	{SETS_ACTION, CONF_EXAMPLE, NULL, NULL, NULL},
	{SETS_ACTION, CONF_HELP, NULL, NULL, NULL},
	{SETS_ACTION, CONF_VERSION, NULL, NULL, NULL},
};

_Static_assert(sizeof(effects) / sizeof(effects[0]) == FLAG_COUNT,
	       "every flag has an effect");

const struct conf_flag *conf_flags(size_t *ret_count)
{
	*ret_count = FLAG_COUNT;
	return flags;
}

static int add_override(struct conf_args *args, struct span section,
			struct span name, struct span value, struct err *err)
{
	if (args->override_count == CONF_OVERRIDES_MAX)
		return err_set(err, ERR_INVALID,
			       "more than %d flags set an "
			       "option",
			       CONF_OVERRIDES_MAX);
	args->overrides[args->override_count++] = (struct conf_override){
		.section = section,
		.name = name,
		.value = value,
	};
	return 0;
}

static int add_any(struct conf_args *args, struct span text, struct err *err)
{
	struct span option = {0};
	struct span section = {0};
	struct span name = {0};
	struct span value = {0};

	if (!span_cut(text, '=', &option, &value) ||
	    !span_cut(option, '.', &section, &name))
		return err_set(err, ERR_INVALID,
			       "--set wants SECTION.NAME=VALUE");
	return add_override(args, section, name, value, err);
}

static int apply(struct conf_args *args, size_t flag, const char *value,
		 struct err *err)
{
	switch (effects[flag].kind) {
	case SETS_OPTION:
		return add_override(
			args, span_of(effects[flag].section),
			span_of(effects[flag].name),
			span_of(value ? value : effects[flag].fixed), err);
	case SETS_ANY:
		return add_any(args, span_of(value), err);
	case SETS_CONFIG:
		if (args->config)
			return err_set(err, ERR_INVALID,
				       "--config stands "
				       "twice");
		args->config = value;
		return 0;
	case SETS_ACTION:
		/* --help wins over whatever else is asked for. */
		if (args->action != CONF_HELP)
			args->action = effects[flag].action;
		return 0;
	}
	return err_set(err, ERR_INTERNAL, "a flag has no effect");
}

/* The flag that text names, up to a "=", or FLAG_COUNT. */
static size_t find_flag(const char *text)
{
	size_t len = strcspn(text, "=");

	for (size_t i = 0; i < FLAG_COUNT; i++)
		if (strlen(flags[i].name) == len &&
		    memcmp(flags[i].name, text, len) == 0)
			return i;
	return FLAG_COUNT;
}

int conf_args_parse(int argc, char **argv, struct conf_args *ret_args,
		    struct err *err)
{
	struct conf_args args = {.action = CONF_RUN};

	for (int i = 1; i < argc; i++) {
		size_t flag = find_flag(argv[i]);

		if (flag == FLAG_COUNT)
			return err_set(err, ERR_INVALID,
				       "argument %d is no flag of this program",
				       i);
		const char *equals = strchr(argv[i], '=');
		const char *value = equals ? equals + 1 : NULL;

		if (value && !flags[flag].argument)
			return err_set(err, ERR_INVALID, "%s takes no value",
				       flags[flag].name);
		if (!value && flags[flag].argument && i + 1 < argc)
			value = argv[++i];
		if (!value && flags[flag].argument)
			return err_set(err, ERR_INVALID, "%s wants %s",
				       flags[flag].name, flags[flag].argument);
		if (apply(&args, flag, value, err) < 0)
			return -1;
	}
	*ret_args = args;
	return 0;
}
