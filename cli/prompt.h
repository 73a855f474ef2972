/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_PROMPT_H
#define CLI_PROMPT_H

/* Questions to whoever sits at the terminal (/dev/tty).  One thread. */

#include <stdbool.h>
#include <stdio.h>

struct buf;
struct err;

/* Read a line without its end, appended to out, and leave no copy of it:
 * ERR_INVALID if there is none.  For standard input, too. */
int prompt_read(FILE *in, struct buf *out, struct err *err);

/* Ask on the terminal before something is deleted, unless yes: 0, or -1 with
 * what to do to tell. */
int prompt_delete(bool yes, const char *question, struct err *err);

/* Ask for a line, appended to out: ERR_INVALID if there is no terminal. */
int prompt_line(const char *question, struct buf *out, struct err *err);

/* The same without showing what is typed. */
int prompt_secret(const char *question, struct buf *out, struct err *err);

/* A new password, typed twice. */
int prompt_new_secret(const char *question, struct buf *out, struct err *err);

#endif
