/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORAGE_UPLOAD_TABLE_H
#define STORAGE_UPLOAD_TABLE_H

/*
 * The uploads in memory by id: each is held by one request or idle.  For the
 * registry and the upload_*.c files only.  Any thread; nothing here waits but
 * for a short lock.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "base/map.h"
#include "base/rand.h"
#include "base/span.h"

struct blob_stage;
struct err;
struct hasher;
struct registry;
struct registry_at;
struct upload_table;

struct upload {
	struct map_node node; /* in the table, by id; guarded by its lock */
	struct list idle;     /* in the table's list of idle ones; the same */
	bool held;	      /* a request has it; the same */
	bool session;	      /* has a row, and outlives its request */
	char id[RAND_UUID_SIZE];   /* the key in the table; also of the stage */
	struct registry *registry; /* borrowed */
	char *account;		   /* whose it is, and of what; owned */
	char *region;		   /* owned */
	char *repository;	   /* owned */
	char *actor;		   /* owned */
	struct blob_stage *stage;  /* owned; the holder's */
	struct hasher *hasher;	   /* of the content so far; the holder's */
	_Atomic uint64_t offset;   /* bytes so far */
	bool torn;		   /* the hash lacks bytes of the stage */
	_Atomic int64_t touched_ms; /* monotonic; when its row was last told */
};

/* An empty table; ERR_NO_MEMORY, or no randomness. */
int upload_table_new(struct upload_table **ret_table, struct err *err);

/* Closes the stages of idle uploads; none is held by now. */
void upload_table_free(struct upload_table *table);

/* How many uploads are held by requests, and idle. */
void upload_table_count(struct upload_table *table, int64_t *ret_held,
			int64_t *ret_idle);

/* Add one that is held; its id is new. */
void upload_table_add(struct upload_table *table, struct upload *upload);

/* The same for an id that may be in the table already: false then. */
bool upload_table_try_add(struct upload_table *table, struct upload *upload);

enum upload_found {
	UPLOAD_FOUND,
	UPLOAD_FOUND_NONE,    /* not in the table */
	UPLOAD_FOUND_BUSY,    /* held by another request */
	UPLOAD_FOUND_FOREIGN, /* not the caller's */
};

/* Whether an upload may be used by who asks. */
typedef bool upload_owned_fn(const struct upload *upload,
			     const struct registry_at *at);

/* Hold the upload of that id. */
enum upload_found upload_table_take(struct upload_table *table, struct span id,
				    upload_owned_fn *owned,
				    const struct registry_at *at,
				    struct upload **ret_upload);

/* Read its offset, held or not. */
enum upload_found upload_table_peek(struct upload_table *table, struct span id,
				    upload_owned_fn *owned,
				    const struct registry_at *at,
				    uint64_t *ret_offset);

/* Make a held one idle.  Where that makes too many, the longest idle is
 * returned, held: the caller closes it. */
struct upload *upload_table_put(struct upload_table *table,
				struct upload *upload);

/* Hold the idle upload of that id, whoever's: NULL if there is none; *ret_known
 * tells whether it is in the table at all. */
struct upload *upload_table_take_idle(struct upload_table *table,
				      struct span id, bool *ret_known);

/* An upload of that id is in the table. */
bool upload_table_knows(struct upload_table *table, struct span id);

/* Take a held one out. */
void upload_table_remove(struct upload_table *table, struct upload *upload);

/* Close a held upload and keep its stage (storage/upload.c). */
void upload_close(struct upload *upload);

#endif
