/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AUTH_ROTATE_H
#define AUTH_ROTATE_H

/* A change of the server's key, while no server runs. */

#include "base/span.h"

struct err;
struct meta;
struct seal;

/*
 * Make a new key, seal everything in the database anew, and remove the old key
 * from the file; a row of the audit log tells.  Sessions, which are not stored,
 * end.  Killed at any moment it leaves a file with which everything can be
 * opened, and done again it goes on where it was.
 */
int rotate_server_key(struct meta *meta, struct seal *seal, struct span account,
		      struct err *err);

#endif
