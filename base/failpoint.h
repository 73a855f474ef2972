/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_FAILPOINT_H
#define BASE_FAILPOINT_H

/*
 * Named steps at which a test kills the program or lets a call fail; they are
 * compiled only with -DBERTH_FAILPOINTS=ON.  The environment variable
 * BERTH_FAILPOINT holds NAME=ACTION[@N], parted by commas: kill (SIGKILL to
 * ourselves), eio, enospc, emfile, pause:MS; with @N only the Nth passing acts
 * (kill), or acts from the Nth on.
 *
 *   if (FAILPOINT("publish:linked")) return err_sys(err, errno, "...");
 */

#include <stdbool.h>

#ifdef BERTH_FAILPOINTS
/* True, with errno set, if the step is to fail; does not return if it is to
 * kill.  Any thread. */
bool failpoint_hit(const char *name);
#define FAILPOINT(name) failpoint_hit(name)
#else
#define FAILPOINT(name) false
#endif

#endif
