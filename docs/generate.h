/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DOCS_GENERATE_H
#define DOCS_GENERATE_H

/*
 * The documents that are written from tables: each function appends one whole
 * document.  Failures stick in the buffer.
 */

#include "base/buf.h"

/* docs/OPTIONS.md: the reference of the configuration. */
void generate_options(struct buf *out);

/* docs/ERRORS.md: every kind of failure and what it tells a client. */
void generate_errors(struct buf *out);

/* docs/berthd.8: the manual page of the server. */
void generate_berthd(struct buf *out);

/* docs/berth.1: the manual page of the command line. */
void generate_berth(struct buf *out);

/* docs/berth.bash, .zsh, .fish: what shells complete in a call of berth. */
void generate_bash(struct buf *out);
void generate_zsh(struct buf *out);
void generate_fish(struct buf *out);

/* Append text as roff wants it: a dash is to be a dash, and no line may look
 * like a request. */
void generate_roff(const char *text, struct buf *out);

#endif
