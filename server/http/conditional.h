/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_HTTP_CONDITIONAL_H
#define SERVER_HTTP_CONDITIONAL_H

/*
 * Conditions on what the client holds already (RFC 9110, section 13).  Our
 * entity tags are the digest in quotes, always strong.  Pure; any thread.
 */

#include <stdbool.h>

#include "base/span.h"

/* True if an If-None-Match field names that digest or "*": weak comparison, so
 * W/"..." counts too.  A malformed field ends the list where it breaks. */
bool conditional_none_match(struct span field, struct span digest);

/* True if an If-Range field lets the range count: it is absent or exactly the
 * strong tag of that digest.  A date never is. */
bool conditional_if_range(struct span field, struct span digest);

#endif
