/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_SESSION_H
#define CLI_SESSION_H

/*
 * One run of a command: what was asked for, the registry it speaks to, and
 * where it prints.  One thread.
 */

#include <stdbool.h>

#include "cli/options.h"
#include "cli/progress.h"

struct client;
struct err;

struct session {
	const struct options *options; /* borrowed */
	struct client *client;	       /* owned */
	struct progress progress;      /* of transfers */
	bool terminal;		       /* standard output is one */
};

/* Connects to nothing yet.  Reads the credentials, be it from standard input:
 * ERR_INVALID if there are none where they should be. */
int session_init(const struct options *options, struct session *ret_session,
		 struct err *err);
void session_release(struct session *session);

#endif
