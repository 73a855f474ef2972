/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_OCI_ACCEPT_H
#define SERVER_OCI_ACCEPT_H

/*
 * Content negotiation as far as a registry has any: a manifest is never
 * converted, so Accept either allows its stored type or does not.
 */

#include <stdbool.h>

#include "base/span.h"

struct request;

/* One Accept value (a list) allows the type: by name, by its kind
 * ("application" and a star) or by stars alone, unless its q is 0.  Pure. */
bool accept_value_allows(struct span value, struct span type);

/* The request's Accept fields allow it, or it has none. */
bool accept_allows(const struct request *request, struct span type);

#endif
