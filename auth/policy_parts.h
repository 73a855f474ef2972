/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AUTH_POLICY_PARTS_H
#define AUTH_POLICY_PARTS_H

/*
 * What policy documents are compiled to.  For auth/policy*.c and condition.c
 * alone.  Everything lies in the policy's arena and is immutable once made.
 */

#include <stdatomic.h>

#include "auth/condition.h"
#include "auth/policy.h"
#include "base/arena.h"

/* Whom an entry of Principal means. */
enum policy_who_kind {
	POLICY_WHO_ANYBODY,   /* "*" */
	POLICY_WHO_ACCOUNT,   /* all of an account */
	POLICY_WHO_ARN,	      /* one user, robot, role or session */
	POLICY_WHO_FEDERATED, /* a web identity of that issuer */
	POLICY_WHO_SERVICE,   /* a service of Amazon's: nobody here */
};

struct policy_who {
	enum policy_who_kind kind; /* what text is */
	struct span text;	   /* account, ARN, issuer without scheme */
};

struct policy_statement {
	struct span sid; /* or "" */
	bool deny;	 /* else it allows */

	bool not_principal;	       /* all but who */
	const struct policy_who *who;  /* of Principal or NotPrincipal */
	size_t who_count;	       /* of who; 0 in identity policies */
	bool not_action;	       /* all but actions */
	struct policy_texts actions;   /* patterns */
	bool not_resource;	       /* all but resources */
	struct policy_texts resources; /* patterns; none: any resource */

	const struct condition *conditions; /* all must hold */
	size_t condition_count;		    /* of conditions */
};

struct policy {
	atomic_uint references;			   /* counted */
	struct arena arena;			   /* holds the rest */
	const struct policy_statement *statements; /* in their order */
	size_t statement_count;			   /* of statements */
};

/* Where parsing is. */
struct policy_parser {
	enum policy_kind kind; /* of the document */
	bool variables;	       /* its version has ${...} */
	size_t statement;      /* from 1; 0: outside of any */
	struct arena *arena;   /* what is made lies there */
	struct err *err;       /* of the caller */
};

/* ERR_INVALID, telling the statement and, to the client, the name that is
 * wrong ("": none).  Returns -1. */
int policy_invalid(const struct policy_parser *parser, struct span name,
		   const char *what);

/* ERR_NO_MEMORY. */
int policy_no_memory(const struct policy_parser *parser);

/* Copy a text of an element that may hold variables (or may not). */
int policy_read_text(const struct policy_parser *parser, struct span text,
		     bool variables, struct policy_text *ret_text);

/* Read Principal or NotPrincipal into the statement. */
struct json_t;
int policy_read_who(const struct policy_parser *parser,
		    const struct json_t *value,
		    struct policy_statement *statement);

#endif
