/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORAGE_SQL_STATE_H
#define STORAGE_SQL_STATE_H

/* What PostgreSQL's codes and bytes mean to us.  Pure; any thread. */

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/span.h"

/* The code of a failure of that state ("23505"); *ret_breaks is whether the
 * connection is of no use after it. */
enum err_code sql_state_code(const char *state, bool *ret_breaks);

/* The integer of a binary column: a boolean, an int4 of a literal, an int8, by
 * its size and sign; 0 for any other size. */
int64_t sql_state_integer(struct span bytes);

#endif
