/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_SCRATCH_H
#define CLI_SCRATCH_H

/* Folders that a command makes for itself.  One thread. */

#include "base/buf.h"

struct err;

/* Make a fresh folder in $TMPDIR, or else in that of a file, and say where. */
int scratch_make(const char *beside, struct buf *ret_path, struct err *err);

/* A file without a name, in $TMPDIR or /tmp, to be closed by the caller. */
int scratch_file(int *ret_fd, struct err *err);

/* Remove a folder with all that is in it; nothing is followed through links. */
int scratch_remove(const char *path, struct err *err);

#endif
