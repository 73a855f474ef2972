/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AUTH_ACTION_H
#define AUTH_ACTION_H

/*
 * What a request does, as far as permission goes.  Every route names one; the
 * value 0 is no action, and a route that has it does not start.
 */
enum action {
	ACTION_UNSET = 0,
	ACTION_PUBLIC,	/* anybody, without asking who it is */
	ACTION_LOGIN,	/* anybody who is known, or anonymous where allowed */
	ACTION_PULL,	/* read a repository */
	ACTION_PUSH,	/* write to a repository */
	ACTION_DELETE,	/* remove from a repository */
	ACTION_CATALOG, /* list the repositories */
	ACTION_METRICS, /* read the server's metrics */
	ACTION_COUNT,
};

/* "pull"; never NULL. */
const char *action_name(enum action action);

#endif
