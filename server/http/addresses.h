/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_HTTP_ADDRESSES_H
#define SERVER_HTTP_ADDRESSES_H

/* How many connections each client address has.  Any thread. */

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

struct addresses;
struct err;

/* An empty table. */
int addresses_new(struct addresses **ret_addresses, struct err *err);
/* NULL is fine. */
void addresses_free(struct addresses *addresses);

/* Count one more of that address, unless it has max already (0: no limit) or
 * there is no memory to count it: false. */
bool addresses_enter(struct addresses *addresses,
		     const struct sockaddr_storage *address, size_t max);

/* One that was counted is gone. */
void addresses_leave(struct addresses *addresses,
		     const struct sockaddr_storage *address);

#endif
