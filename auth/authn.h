/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AUTH_AUTHN_H
#define AUTH_AUTHN_H

/*
 * Who sent a request, by its Authorization header.  A password costs scrypt and
 * a database look-up, so the question comes in two steps: one that never waits
 * and answers for what was verified lately, and one for a worker thread.
 *
 * A failed login never falls through to anonymous.  An unknown name and a wrong
 * password take the same time and give the same answer.  Any thread.
 */

#include <stdint.h>

#include "auth/principal.h"
#include "base/span.h"

struct authn;
struct clock_source;
struct err;
struct meta;

struct authn_config {
	struct meta *meta;		  /* borrowed */
	const struct clock_source *clock; /* borrowed */
	const char *account;		  /* whose users; borrowed */
	int64_t cache_ms; /* how long a verified password counts; 0 = never */
};

/* Config's strings must outlive it.  Fails with ERR_NO_MEMORY, or where there
 * is no randomness.  authn_free accepts NULL. */
int authn_new(const struct authn_config *config, struct authn **ret_authn,
	      struct err *err);
void authn_free(struct authn *authn);

/*
 * Without waiting: 1 with *ret_principal, 0 if authn_verify() must be asked, -1
 * refused (ERR_UNAUTHENTICATED).  header is the field's value, "" if absent.
 */
int authn_quick(struct authn *authn, struct span header,
		struct principal *ret_principal, struct err *err);

/* The whole check; may wait, and takes a core and 16 MiB: the caller decides
 * how many run at once.  0 or -1 (ERR_UNAUTHENTICATED; others when the database
 * fails). */
int authn_verify(struct authn *authn, struct span header,
		 struct principal *ret_principal, struct err *err);

/* The value of WWW-Authenticate for a 401; a literal. */
const char *authn_challenge(const struct authn *authn);

/* Forget what was verified: after any change of users. */
void authn_forget(struct authn *authn);

#endif
