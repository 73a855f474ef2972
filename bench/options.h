/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BENCH_OPTIONS_H
#define BENCH_OPTIONS_H

/* The command line of berth-load. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;

enum load_mode {
	LOAD_GET,	   /* GET each path in turn */
	LOAD_HEAD,	   /* HEAD each path in turn */
	LOAD_PUSH,	   /* POST, then PUT with the whole body */
	LOAD_PUSH_CHUNKED, /* POST, chunked PATCH, PUT: as docker does */
	LOAD_IDLE,	   /* open connections and hold them */
};

#define LOAD_PATHS_MAX 4096

struct options {
	enum load_mode mode;	 /* what each request is */
	const char *mode_name;	 /* borrowed from the table of modes */
	const char *host;	 /* an IPv4 address; borrowed from argv */
	uint64_t port;		 /* 1..65535 */
	const char *accept;	 /* media type, or NULL; borrowed from argv */
	const char *repository;	 /* to push to; borrowed from argv */
	const char *credentials; /* "user:password" or NULL; from argv */
	const char *paths[LOAD_PATHS_MAX]; /* borrowed from argv */
	size_t path_count;    /* of paths; at least 1, but for a push */
	uint64_t connections; /* at least 1 */
	uint64_t threads;     /* at least 1, at most connections */
	uint64_t requests;    /* 0: until the time is over */
	int64_t duration_ms;  /* 0: until the requests are done */
	uint64_t size;	      /* bytes of each body pushed */
	uint64_t chunk;	      /* bytes of each chunk of a chunked body */
	bool tls;	      /* speak it, and believe any certificate */
	bool fresh;	      /* each request on a connection of its own */
};

/* Fill *ret_options from the command line: 1 go on, 0 help was printed, -1
 * with err set (ERR_INVALID) for wrong usage. */
int options_parse(int argc, char **argv, struct options *ret_options,
		  struct err *err);

#endif
