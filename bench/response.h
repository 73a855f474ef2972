/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BENCH_RESPONSE_H
#define BENCH_RESPONSE_H

/*
 * Reads one HTTP/1.1 response from a connection and throws its body away: the
 * kernel drops it (MSG_TRUNC), so that this program is not what limits a
 * pull.  One thread at a time.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct wire;

#define RESPONSE_HEAD_SIZE 16384    /* bytes of the longest head */
#define RESPONSE_LOCATION_SIZE 4096 /* bytes of the longest, with its NUL */

enum response_state {
	RESPONSE_MORE,	 /* wait until the socket is readable again */
	RESPONSE_DONE,	 /* complete; the connection may be used again */
	RESPONSE_BROKEN, /* the connection ended or made no sense */
};

struct response {
	char head[RESPONSE_HEAD_SIZE]; /* as read, perhaps with body behind */
	size_t head_len;	       /* bytes in it */
	bool head_done;		       /* the fields below are valid */
	bool no_body;		  /* it answers a HEAD: set by the caller */
	bool chunked;		  /* the body comes in chunks */
	bool closes;		  /* the peer will close the connection */
	unsigned int status;	  /* such as 200 */
	uint64_t left;		  /* body bytes (of this chunk) to come */
	uint64_t body;		  /* bytes of body so far */
	unsigned int chunk_state; /* see response.c */
	bool chunk_last;	  /* the chunk of size 0 was seen */
	char location[RESPONSE_LOCATION_SIZE]; /* path and query, or "" */
};

/* Get ready for the response to a request; no_body for that to a HEAD. */
void response_begin(struct response *response, bool no_body);

/* Read what the socket has. */
enum response_state response_read(struct response *response, struct wire *wire);

#endif
