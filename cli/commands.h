/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_COMMANDS_H
#define CLI_COMMANDS_H

/*
 * The commands of berth: one row each, from which come the reading of the
 * command line, --help, the manual page and what a shell completes.
 */

#include <stdbool.h>
#include <stddef.h>

#include "cli/options.h"

struct api_call;
struct buf;
struct err;
struct session;

enum argument {
	ARGUMENT_NONE,	      /* no more of them */
	ARGUMENT_REPOSITORY,  /* REPO */
	ARGUMENT_REFERENCE,   /* REPO[:TAG|@DIGEST] */
	ARGUMENT_EXACT,	      /* REPO:TAG|REPO@DIGEST */
	ARGUMENT_DESTINATION, /* REPO[:TAG] */
	ARGUMENT_PATH,	      /* PATH of a file or folder */
	ARGUMENT_NAME,	      /* NAME of a user and so on */
	ARGUMENT_OPTIONAL,    /* the same, or nothing */
};

#define COMMAND_ARGUMENTS_MAX 3

struct command {
	const char *group;    /* "user", the first word of its name; or NULL */
	const char *name;     /* "tags"; "create" */
	const char *synopsis; /* its arguments: "REPO" */
	const char *summary;  /* one line, without a full stop */
	const char *text;     /* some sentences more */
	enum argument arguments[COMMAND_ARGUMENTS_MAX]; /* in order */
	const struct flag *flags;			/* of its own */
	size_t flag_count;				/* of flags */
	/* 0, or -1 with what went wrong. */
	int (*run)(struct session *session, struct err *err);
	const struct api_call *call; /* what api_run() does; or NULL */
};

/* A part of all commands, under a heading of its own. */
struct command_table {
	const char *title;		/* "Images" */
	const struct command *commands; /* borrowed for ever */
	size_t count;			/* of commands */
};

extern const struct command_table commands_images;   /* commands_images.c */
extern const struct command_table commands_access;   /* commands_access.c */
extern const struct command_table commands_people;   /* commands_people.c */
extern const struct command_table commands_policies; /* commands_policies.c */

/* Every table, in the order in which help shows them; NULL behind the last. */
const struct command_table *commands_table(size_t index);

/* Every command in turn; NULL behind the last. */
const struct command *commands_at(size_t index);

/* The one of that name: of a group, or of none if that is NULL; or NULL. */
const struct command *commands_find(const char *group, const char *name);

/* The group of that name, "user", as it stands for ever; or NULL. */
const char *commands_group(const char *name);

/* Its name as it is typed, "user create", appended. */
void commands_full_name(const struct command *command, struct buf *out);

#define COMMAND_FLAGS(table)                                                   \
	.flags = (table), .flag_count = sizeof(table) / sizeof((table)[0])

/* What the commands do; each in the file of its group. */
int browse_repositories(struct session *session, struct err *err);
int browse_tags(struct session *session, struct err *err);
int inspect_run(struct session *session, struct err *err);
int delete_run(struct session *session, struct err *err);
int export_run(struct session *session, struct err *err);
int import_run(struct session *session, struct err *err);
int tag_run(struct session *session, struct err *err);
int copy_run(struct session *session, struct err *err);
int login_run(struct session *session, struct err *err);
int logout_run(struct session *session, struct err *err);
int password_run(struct session *session, struct err *err);
int audit_export_run(struct session *session, struct err *err);
int audit_verify_run(struct session *session, struct err *err);

#endif
