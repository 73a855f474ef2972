/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_LIB_HTTP_FIXTURE_H
#define TESTS_LIB_HTTP_FIXTURE_H

/*
 * The real listener on a free port of 127.0.0.1, with a small application of
 * its own behind it and without a database: who asks is said by a stand-in for
 * auth/authn.h that knows "Authorization: quick" and, after a job on a
 * verifier, "Authorization: slow"; everything else is refused, "stuck" not
 * before fixture->release is set.
 *
 *   GET, HEAD /memory    an entity in memory, "memory\n" times 100
 *   GET, HEAD /file      an entity in a file of FIXTURE_FILE_SIZE bytes
 *   GET /work            answers "worked\n" from a worker
 *   GET /login           the same for who is known
 *   GET /stall           answers from a worker once fixture->release is set
 *   GET /fields?f=...      a field for each f, up to 64 of them
 *   PUT /echo            gives a buffered body (at most 64 KiB) back
 *   PUT /stream/{id}     counts the bytes of a streamed body; the id says how:
 *                        "plain"; "slow" takes 1000 bytes at a time and is
 *                        woken by a worker; "refuse" fails in open; "fail"
 *                        fails at the first byte; "late" fails in work
 *   GET /v2/{name}/tags/list  the name
 */

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "server/http/server.h"

#define FIXTURE_FILE_SIZE (4u << 20)

struct app {
	struct http_config config;
	struct http_server *server;
	struct router *router;
	struct metrics *metrics;
	struct pool *workers;
	struct pool *verifiers;
	struct entity *memory;
	struct entity *file;
	char file_path[300];
	const char *address; /* where it listens */
	pthread_t stopper;   /* runs if stopping is set */
	bool stopping;
	atomic_bool release;	/* lets GET /stall answer, and "stuck" */
	atomic_size_t stalled;	/* requests that wait for that */
	atomic_size_t opened;	/* streamed uploads */
	atomic_size_t closed;	/* the same, cleaned up */
	atomic_size_t piece;	/* bytes of the last that came of one */
	atomic_size_t verified; /* slow log-ins */
	atomic_size_t shed;	/* descriptors asked back */
};

/* Defaults that suit a test; change them before http_fixture_start(). */
void http_fixture_init(struct app *app);
void http_fixture_start(struct app *app);

/* What its server is made of. */
struct http_parts http_fixture_parts(struct app *app);

/* Have it stop on another thread, and go on. */
void http_fixture_stop_begin(struct app *app);

/* Stop and free everything. */
void http_fixture_stop(struct app *app);

#endif
