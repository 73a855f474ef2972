/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_LIB_TMPDIR_H
#define TESTS_LIB_TMPDIR_H

/*
 * A fresh directory for one case, below $TMPDIR or /tmp.  It is removed with
 * all that is in it when the process that made it exits; a failure to make one
 * fails the case.
 */

#define TMPDIR_SIZE 256 /* bytes of a path, with its NUL */

void tmpdir_make(char ret_path[TMPDIR_SIZE]);

#endif
