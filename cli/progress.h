/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

/*
 * How far transfers are, on standard error: on a terminal a line that is
 * written over with percent and speed, otherwise one line for each transfer
 * that ended.  One thread.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/digest.h"

struct progress {
	bool quiet;		     /* print nothing */
	bool terminal;		     /* write over the line */
	char name[DIGEST_TEXT_SIZE]; /* of what is moved, shortened */
	uint64_t total;		     /* bytes of it */
	int64_t started_ms;	     /* monotonic */
	int64_t shown_ms;	     /* when the line was last written */
};

/* Nothing is under way yet. */
void progress_init(struct progress *progress, bool quiet, bool terminal);

/* A transfer of size bytes of that content starts. */
void progress_begin(struct progress *progress, const struct digest *digest,
		    uint64_t size);

/* A client_progress_fn; the context is the progress. */
void progress_tell(void *context, uint64_t done, uint64_t total);

/* It ended: "pushed", "fetched", "there already", or NULL if it failed. */
void progress_end(struct progress *progress, const char *what);

/* A line of its own about some content. */
void progress_note(struct progress *progress, const struct digest *digest,
		   const char *text);

/* SIGINT and SIGTERM end transfers, so that what is temporary is removed. */
void progress_catch_signals(void);
bool progress_interrupted(void);

/* "1.5 MiB" */
#define PROGRESS_SIZE_TEXT 32 /* bytes, with the NUL */
void progress_format_size(uint64_t bytes, char ret_text[PROGRESS_SIZE_TEXT]);

#endif
