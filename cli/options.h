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

struct options {
	const struct command *command; /* or NULL: none was named */
	const char *registry;	       /* its address; never NULL */
	const char *user;	       /* or NULL */
	const char *credentials;       /* path of a file, or NULL */
	const char *ca;		       /* path of a file, or NULL */
	const char *output;	       /* "text" or "json"; never NULL */
	const char *max_size;	       /* as given, or NULL */
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
	struct target target; /* the REPO argument */
};

#define OPTIONS_REGISTRY_DEFAULT "http://127.0.0.1:5000"

struct flag {
	const char *name;     /* "--registry" */
	const char *argument; /* "URL", or NULL if it takes none */
	const char *text;     /* what it does, for --help and the manual */
	size_t offset;	      /* in struct options: a const char *, or a bool */
};

/* The flags that every command takes. */
const struct flag *options_global_flags(size_t *ret_count);

/* Take apart argv[1..argc): ERR_INVALID with what is wrong to tell. */
int options_parse(int argc, char **argv, struct options *ret_options,
		  struct err *err);

#endif
