/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONF_EXPLAIN_H
#define CONF_EXPLAIN_H

/*
 * The option table told to people.  Failures stick in the buffer, to be seen by
 * buf_check().
 */

#include "base/buf.h"

/* Append what --help prints: the flags, then every option. */
void conf_help(struct buf *out);

/* Append an example file: every option with its default, commented out. */
void conf_example(struct buf *out);

/*
 * Append text in lines of at most width columns, each after prefix.  Breaks at
 * blanks only.
 */
void conf_wrap(const char *text, const char *prefix, size_t width,
	       struct buf *out);

#endif
