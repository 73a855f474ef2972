/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

/*
 * The command line of berth, taken apart by the tables of flags and commands.
 * All values borrow from argv and the environment.  One thread.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/target.h"

struct command;
struct err;

#define OPTIONS_NAMES_MAX 3   /* NAME arguments of a command */
#define OPTIONS_VALUES_MAX 32 /* times that one flag may be given */

/* The values of a flag that may be given several times. */
struct option_values {
	const char *at[OPTIONS_VALUES_MAX]; /* borrowed */
	size_t count;			    /* of at */
};

struct options {
	const struct command *command; /* or NULL: none was named */
	const char *group;	 /* "user", where no command of it was named */
	const char *registry;	 /* its address; never NULL */
	const char *user;	 /* or NULL */
	const char *credentials; /* path of a file, or NULL */
	const char *ca;		 /* path of a file, or NULL */
	const char *output;	 /* "text" or "json"; never NULL */
	const char *max_size;	 /* as given, or NULL */
	bool password_stdin;  /* the password is standard input's first line */
	bool quiet;	      /* say nothing but results and failures */
	bool help;	      /* --help */
	bool version;	      /* --version */
	bool raw;	      /* inspect: the bytes as they are */
	bool list;	      /* tags: with what they stand for */
	bool yes;	      /* delete: do not ask */
	bool referrers;	      /* export: what refers to it, too */
	bool json;	      /* output is "json" */
	uint64_t max_bytes;   /* of max_size */
	const char *path;     /* the PATH argument, or NULL */
	struct target target; /* the first REPO argument */
	struct target second; /* the second */
	const char *names[OPTIONS_NAMES_MAX]; /* the NAME arguments, or NULL */

	/* Of the commands that speak to the administration's API; each NULL,
	 * empty or false unless given. */
	const char *description;	/* for people */
	const char *expires;		/* a duration, or a date */
	const char *policy_file;	/* a document: path, or - */
	const char *pattern;		/* of repositories */
	const char *session_max;	/* a duration */
	const char *jwks;		/* an address */
	const char *issuer_ca;		/* a path on the server */
	const char *action;		/* "ecr:PutImage" */
	const char *source;		/* an address */
	const char *since;		/* a date */
	const char *until;		/* a date */
	const char *actor;		/* a principal's name */
	const char *kind;		/* of audit entries */
	const char *of;			/* whose keys or tokens */
	struct option_values scopes;	/* what a credential is limited to */
	struct option_values audiences; /* of an issuer's tokens */
	bool force;			/* although it locks oneself out */
	bool drop_old;			/* keys that are trusted no longer */
	bool private_addresses;		/* an issuer may have them */
};

#define OPTIONS_REGISTRY_DEFAULT "http://127.0.0.1:5000"

struct flag {
	const char *name;     /* "--registry" */
	const char *argument; /* "URL", or NULL if it takes none */
	const char *text;     /* what it does, for --help and the manual */
	size_t offset;	      /* in struct options: a const char *, or a bool */
	bool many; /* may be given several times: a struct option_values */
};

/* The flags that every command takes. */
const struct flag *options_global_flags(size_t *ret_count);

/* Take apart argv[1..argc): ERR_INVALID with what is wrong to tell; the command
 * and its group are set all the same, as far as they were understood. */
int options_parse(int argc, char **argv, struct options *ret_options,
		  struct err *err);

#endif
