/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_HTTPC_H
#define BASE_HTTPC_H

/*
 * Fetching a document over HTTPS, from addresses that other people choose.
 * Which address it may be is decided when the connection is made, so that no
 * name can point elsewhere after it was looked at; no redirect is followed, no
 * proxy of the environment used.  libcurl is loaded at the first request: it
 * costs megabytes that most servers need not pay.  Waits; any thread.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

struct buf;
struct err;
struct ip;

struct httpc_request {
	const char *url;	/* "https://host/path" */
	const char *ca_file;	/* PEM file of authorities; "" or NULL: the
				   system's */
	bool private_addresses; /* loopback, link-local and private addresses
				   are fine, and plain HTTP with loopback is */
	int64_t deadline_ms;	/* from now, for all of it */
};

/*
 * GET it; the body is appended to out, whose ceiling is the answer's.  0 only
 * for status 200.  ERR_INVALID for a URL that is none of ours to fetch,
 * ERR_DENIED for an address that is not allowed, ERR_TOO_LARGE, ERR_TIMEOUT,
 * ERR_UNSUPPORTED without libcurl, ERR_UNAVAILABLE for all else that can go
 * wrong.
 */
int httpc_get(const struct httpc_request *request, struct buf *out,
	      struct err *err);

/* True if everybody on the internet has the address in common: it is neither
 * private nor of this machine, of a link, a test or a group. */
bool httpc_is_public(const struct ip *ip);

#endif
