/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AUTH_AUTHN_H
#define AUTH_AUTHN_H

/*
 * Who sent a request.  By its Authorization header:
 *
 *   Basic   a password, an API token, or a session token as the password
 *   Bearer  an access token of /token, or an API token
 *   AWS4-HMAC-SHA256  a signature over the request, with an access key or a
 *           role's temporary key
 *
 * or, without that header, by the client certificate of its connection.  Some
 * of it costs a look-up, a password costs scrypt: so the question comes in two
 * steps, one that never waits and answers for what was verified lately, and one
 * for a thread that may wait.
 *
 * A failed login never falls through to anonymous or to another method.  An
 * unknown name and a wrong password take the same time and give the same
 * answer.  Any thread.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "auth/principal.h"
#include "base/span.h"

struct audit;
struct authn;
struct clock_source;
struct err;
struct meta;
struct seal;
struct throttle;
struct token_config;
struct used;

struct authn_config {
	struct meta *meta;		  /* borrowed */
	const struct clock_source *clock; /* borrowed */
	const char *account;		  /* whose principals; borrowed */
	int64_t cache_ms; /* how long what was looked up counts; 0: never; an
			     access token counts as long as it says */
	const struct token_config *tokens; /* whose access tokens count;
					      borrowed */
	struct seal *seal;		   /* opens secrets; borrowed */
	struct throttle *throttle;	   /* slows guessing down; borrowed */
	struct audit *audit;		   /* is told of failures; borrowed */
	struct used *used; /* is told of what was used; borrowed */
};

/* Config's strings must outlive it.  Fails with ERR_NO_MEMORY, or where there
 * is no randomness.  authn_free accepts NULL. */
int authn_new(const struct authn_config *config, struct authn **ret_authn,
	      struct err *err);
void authn_free(struct authn *authn);

/* What a request shows of itself; all is borrowed for the call. */
struct authn_request {
	struct span header; /* the value of Authorization, "" if absent */
	struct span source; /* the client's address, without a port */
	struct span id;	    /* the request's, for the audit log */
	const struct span *certificate; /* names in a verified client
					   certificate: "DNS:...", "URI:..." */
	size_t certificate_count;	/* of them */
	/* For signatures: the request as it was sent. */
	struct span method; /* "POST" */
	struct span path;   /* as it was sent */
	struct span query;  /* the same, without the "?" */
	struct span body;   /* whole */
	/* The index'th value of a header field; its text is NULL if there is
	 * none. */
	struct span (*field)(void *context, const char *name, size_t index);
	void *context; /* handed to field */
};

enum authn_answer {
	AUTHN_REFUSED = -1, /* err says why */
	AUTHN_KNOWN = 0,    /* *ret_principal is set; release it */
	AUTHN_LOOK_UP,	    /* call authn_verify() on a thread that may wait */
	AUTHN_PASSWORD,	    /* the same, but it takes a core and 16 MiB */
	AUTHN_BODY,	    /* the same, when the body is there: it is signed */
};

/* Without waiting. */
enum authn_answer authn_quick(struct authn *authn,
			      const struct authn_request *request,
			      struct principal *ret_principal, struct err *err);

/*
 * The whole check.  0 with *ret_principal to be released, or -1:
 * ERR_UNAUTHENTICATED, for signatures one of the ERR_SIGNATURE_ codes,
 * ERR_TOO_MANY with err->after_s (too many failures), others when the database
 * fails.
 */
int authn_verify(struct authn *authn, const struct authn_request *request,
		 struct principal *ret_principal, struct err *err);

/* Forget what was verified: after any change of identities. */
void authn_forget(struct authn *authn);

/* About every second, one thread at a time: hash anew what was hashed at less
 * cost than password_set_cost() says.  May wait. */
void authn_tidy(struct authn *authn);

#endif
