/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AUTH_ACTION_H
#define AUTH_ACTION_H

/*
 * What a request does, as far as permission goes.  Every route names one; the
 * value 0 is no action, and a route that has it does not start.
 */

#include "base/span.h"

enum action {
	ACTION_UNSET = 0,
	ACTION_PUBLIC, /* anybody, without asking who it is */
	ACTION_LOGIN,  /* anybody who is known, or anonymous where allowed */
	ACTION_SELF,   /* anybody who is known, about himself; no credential
			  that is limited to some scope */
	ACTION_BY_HANDLER, /* the handler asks itself: who it is, be it
			      anonymous, is known by then */
#define ACTION(name, policy, scope) ACTION_##name,
#include "auth/actions.def"
#undef ACTION
	ACTION_COUNT,
};

/* Which permission in a token's scope covers an action. */
enum scope_right {
	SCOPE_RIGHT_NONE = 0,	 /* none */
	SCOPE_RIGHT_PULL = 1,	 /* repository:NAME:pull */
	SCOPE_RIGHT_PUSH = 2,	 /* repository:NAME:push */
	SCOPE_RIGHT_DELETE = 4,	 /* repository:NAME:delete */
	SCOPE_RIGHT_CATALOG = 8, /* registry:catalog:* */
};

/* "ecr:BatchGetImage"; of the first five "public" and the like. */
const char *action_name(enum action action);
enum scope_right action_scope(enum action action);

/* The action of that name in any case, or ACTION_UNSET. */
enum action action_find(struct span name);

#endif
