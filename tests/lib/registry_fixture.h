/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_LIB_REGISTRY_FIXTURE_H
#define TESTS_LIB_REGISTRY_FIXTURE_H

/*
 * A registry to test with, on drivers that can be made to fail and on the clock
 * of meta_fixture.h.  Every case runs with blobs on disk and in memory, each on
 * the databases of sql_fixture.h.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/digest.h"
#include "base/err.h"
#include "base/rand.h"
#include "storage/meta_blobs.h"
#include "storage/registry.h"
#include "tests/lib/blob_faulty.h"
#include "tests/lib/check.h"
#include "tests/lib/sql_faulty.h"
#include "tests/lib/tmpdir.h"

struct upload;

#define FIXTURE_LOG_SIZE 1024 /* bytes of a log as text, with its NUL */

struct registry_fixture {
	struct registry_config config; /* for the next opening */
	struct registry *registry;     /* owned */
	struct meta *meta;	       /* owned */
	struct sql_driver *sql;	       /* sql_faulty.h; the metadata's */
	struct blob_driver *blobs;     /* blob_faulty.h; owned */
	char dir[TMPDIR_SIZE];	       /* of disk blobs and of the reserve */
	int dir_fd;		       /* owned */
	atomic_size_t changes;	       /* calls of changed() */
	_Atomic int64_t events_seen;   /* number of the newest event then */
};

/* Repository "team/app" as "eve", and others. */
extern const struct registry_at fixture_at;
extern const struct registry_at fixture_other_repository;
extern const struct registry_at fixture_other_actor;

int registry_fixture_run(int argc, char **argv, const struct check_case *cases,
			 size_t count);

#define REGISTRY_FIXTURE_RUN(argc, argv, cases)                                \
	registry_fixture_run(argc, argv, cases,                                \
			     sizeof(cases) / sizeof((cases)[0]))

/* The case has its blobs on disk. */
bool registry_fixture_on_disk(void);

/* Open it with a configuration that allows everything, and close it. */
void registry_fixture_open(struct registry_fixture *fixture);
void registry_fixture_close(struct registry_fixture *fixture);

/* Close everything and open it again as a new process would, with
 * fixture->config; blobs in memory stay. */
void registry_fixture_reopen(struct registry_fixture *fixture);

/* ---- pushing ---- */

struct digest fixture_digest(const char *text);

/* Append the whole text to an upload that is held. */
int fixture_append(struct upload *upload, const char *text, struct err *err);

/* Push a blob in one session: 0 / -1. */
int fixture_try_push(struct registry_fixture *fixture,
		     const struct registry_at *at, const char *text,
		     struct err *err);

/* The same, and it must hold. */
struct digest fixture_push(struct registry_fixture *fixture,
			   const struct registry_at *at, const char *text);

/* Open a session that holds that text. */
void fixture_start(struct registry_fixture *fixture,
		   const struct registry_at *at, const char *text,
		   char ret_id[RAND_UUID_SIZE]);

/* ---- looking ---- */

/* The repository holds the blob and it reads back as the text: ERR_NONE, or why
 * not. */
enum err_code fixture_pull(struct registry_fixture *fixture,
			   const struct registry_at *at, const char *text);

/* What the store itself holds. */
size_t fixture_published(struct registry_fixture *fixture);
size_t fixture_stages(struct registry_fixture *fixture);

/* The event log: "kind repository tag;" for each. */
void fixture_events(struct registry_fixture *fixture,
		    char ret_log[FIXTURE_LOG_SIZE]);

/* The row of a blob: its state, or -1 if there is none that is not deleting. */
int fixture_state(struct registry_fixture *fixture, const struct digest *digest,
		  struct meta_blob *ret_blob);

/* Move it there as a collection would. */
void fixture_condemn(struct registry_fixture *fixture,
		     const struct digest *digest);
void fixture_begin_delete(struct registry_fixture *fixture,
			  const struct digest *digest);

#endif
