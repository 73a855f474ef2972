/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_HTTP_FORWARDED_H
#define SERVER_HTTP_FORWARDED_H

/*
 * Whom a request really comes from, where proxies stand before the server.
 * Only those that are configured as trusted are believed: X-Forwarded-For is
 * read from its end on, one trusted address after the other, and the first that
 * is not trusted is the client; what stands before it anybody may have written.
 * Where there is no such field the same holds for Forwarded.
 */

#include <stddef.h>

#include "base/ip.h"

struct err;
struct request;

#define FORWARDED_PROXIES_MAX 64 /* blocks of addresses */

struct forwarded {
	struct ip_block proxies[FORWARDED_PROXIES_MAX]; /* that are trusted */
	size_t count;					/* of proxies */
};

/* Set request->peer and ->secure to what a trusted proxy says of them.  What
 * cannot be read is not believed, nor what stands before it. */
void forwarded_apply(const struct forwarded *forwarded,
		     struct request *request);

#endif
