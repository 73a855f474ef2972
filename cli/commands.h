/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_COMMANDS_H
#define CLI_COMMANDS_H

/*
 * The commands of berth: one row each, from which come the reading of the
 * command line, --help, the manual page and what a shell completes.
 */

#include <stddef.h>

#include "cli/options.h"

struct err;
struct session;

enum argument {
	ARGUMENT_NONE,	      /* no more of them */
	ARGUMENT_REPOSITORY,  /* REPO */
	ARGUMENT_REFERENCE,   /* REPO[:TAG|@DIGEST] */
	ARGUMENT_EXACT,	      /* REPO:TAG|REPO@DIGEST */
	ARGUMENT_DESTINATION, /* REPO[:TAG] */
	ARGUMENT_PATH,	      /* PATH of a file or folder */
};

#define COMMAND_ARGUMENTS_MAX 2

struct command {
	const char *name;     /* "tags" */
	const char *synopsis; /* its arguments: "REPO" */
	const char *summary;  /* one line, without a full stop */
	const char *text;     /* some sentences more */
	enum argument arguments[COMMAND_ARGUMENTS_MAX]; /* in order */
	const struct flag *flags;			/* of its own */
	size_t flag_count;				/* of flags */
	/* 0, or -1 with what went wrong. */
	int (*run)(struct session *session, struct err *err);
};

/* Every command, in the order in which help shows them. */
const struct command *commands_all(size_t *ret_count);

/* The one of that name, or NULL. */
const struct command *commands_find(const char *name);

/* What the commands do; each in the file of its group. */
int browse_repositories(struct session *session, struct err *err);
int browse_tags(struct session *session, struct err *err);
int inspect_run(struct session *session, struct err *err);
int delete_run(struct session *session, struct err *err);
int export_run(struct session *session, struct err *err);
int import_run(struct session *session, struct err *err);

#endif
