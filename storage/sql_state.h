/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORAGE_SQL_STATE_H
#define STORAGE_SQL_STATE_H

/* What PostgreSQL's SQLSTATE codes mean to us.  Pure; any thread. */

#include <stdbool.h>

#include "base/err.h"

/* The code of a failure of that state ("23505"); *ret_breaks is whether the
 * connection is of no use after it. */
enum err_code sql_state_code(const char *state, bool *ret_breaks);

#endif
