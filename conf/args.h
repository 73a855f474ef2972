/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONF_ARGS_H
#define CONF_ARGS_H

/*
 * The command line of berthd, taken apart but not yet judged: flags that stand
 * for an option are kept as its name and value, and conf_load() checks them as
 * it checks the file's.  A plain value that borrows from argv.
 */

#include <stddef.h>

#include "base/span.h"

struct err;

enum conf_action {
	CONF_RUN,	  /* start the server */
	CONF_CHECK,	  /* --check-config: load, say so, end */
	CONF_HELP,	  /* --help */
	CONF_EXAMPLE,	  /* --example-config: print a file of all options */
	CONF_VERSION,	  /* --version */
	CONF_RESET_ADMIN, /* --reset-admin: a new password, end */
	CONF_ROTATE_KEY,  /* --rotate-server-key: seal all anew, end */
};

#define CONF_OVERRIDES_MAX 128 /* flags that set an option, in one call */

struct conf_override {
	struct span section; /* "server", borrowed */
	struct span name;    /* "listen", borrowed */
	struct span value;   /* as given, borrowed */
};

struct conf_args {
	enum conf_action action; /* what the call is for */
	const char *config;	 /* path of the file, borrowed, or NULL */
	struct conf_override overrides[CONF_OVERRIDES_MAX]; /* in order */
	size_t override_count;				    /* of overrides */
};

struct conf_flag {
	const char *name;     /* "--listen" */
	const char *argument; /* "HOST:PORT", or NULL if it takes none */
	const char *text;     /* what it does, for --help and the manual */
};

/* Every flag, in the order in which help shows them. */
const struct conf_flag *conf_flags(size_t *ret_count);

/*
 * Take apart argv[1..argc).  Values may follow as the next argument or after
 * "=".  Fails with ERR_INVALID for an unknown flag, a missing or a needless
 * value, or too many.
 */
int conf_args_parse(int argc, char **argv, struct conf_args *ret_args,
		    struct err *err);

#endif
