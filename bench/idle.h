/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BENCH_IDLE_H
#define BENCH_IDLE_H

#include "bench/connection.h"

struct err;

/*
 * Open the load's connections, make one GET of the first path on each, print
 * a line of JSON with their number, and hold them until standard input ends;
 * then print how many the server had closed. Blocks.
 */
int idle_run(const struct load *load, struct err *err);

#endif
