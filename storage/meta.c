/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/meta.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/lock.h"
#include "storage/meta_tx.h"
#include "storage/meta_writer.h"
#include "storage/migrate.h"
#include "storage/sql_driver.h"

/* Read connections kept for the next reader; each has its own statements. */
#define IDLE_MAX 16

struct meta {
	struct sql_driver *driver;	  /* owned */
	const struct clock_source *clock; /* borrowed */
	struct meta_writer *writer;	  /* owned */
	struct lock lock;
	struct meta_tx *idle; /* owned, last used first; guarded by lock */
	size_t idle_count;    /* guarded by lock */
};

int64_t meta_schema_version(void)
{
	return (int64_t)migrate_count;
}

/* The lock that keeps other servers from migrating lasts as long as its
 * connection, so this one is not kept. */
static int migrate(struct sql_driver *driver, const struct clock_source *clock,
		   struct err *err)
{
	struct sql_conn *conn = NULL;

	if (driver->ops->connect(driver, SQL_WRITE, &conn, err) < 0)
		return -1;

	int rc = migrate_run(driver, conn, migrate_list, migrate_count, clock,
			     err);
	driver->ops->disconnect(conn);
	return rc;
}

int meta_open(struct sql_driver *driver, const struct clock_source *clock,
	      struct meta **ret_meta, struct err *err)
{
	struct meta_writer *writer = NULL;
	struct meta *meta = calloc(1, sizeof(*meta));

	if (!meta) {
		driver->ops->free(driver);
		return err_set(err, ERR_NO_MEMORY, "the metadata");
	}
	if (migrate(driver, clock, err) < 0 ||
	    meta_writer_new(driver, clock, &writer, err) < 0) {
		driver->ops->free(driver);
		free(meta);
		return -1;
	}
	meta->driver = driver;
	meta->clock = clock;
	meta->writer = writer;
	lock_init(&meta->lock);
	*ret_meta = meta;
	return 0;
}

static void reader_free(struct meta_tx *tx)
{
	tx->ops->disconnect(tx->conn);
	free(tx);
}

static struct meta_tx *idle_pop(struct meta *meta)
{
	lock_take(&meta->lock);
	struct meta_tx *tx = meta->idle;
	if (tx) {
		meta->idle = tx->next;
		meta->idle_count--;
	}
	lock_drop(&meta->lock);
	return tx;
}

static bool idle_push(struct meta *meta, struct meta_tx *tx)
{
	lock_take(&meta->lock);
	bool room = meta->idle_count < IDLE_MAX;
	if (room) {
		tx->next = meta->idle;
		meta->idle = tx;
		meta->idle_count++;
	}
	lock_drop(&meta->lock);
	return room;
}

void meta_close(struct meta *meta)
{
	if (!meta)
		return;
	meta_writer_free(meta->writer);
	for (struct meta_tx *tx = idle_pop(meta); tx; tx = idle_pop(meta))
		reader_free(tx);
	meta->driver->ops->free(meta->driver);
	lock_release(&meta->lock);
	free(meta);
}

bool meta_exclusive(const struct meta *meta)
{
	return meta->driver->exclusive;
}

const char *meta_driver_name(const struct meta *meta)
{
	return meta->driver->ops->name;
}

static int reader_new(struct meta *meta, struct meta_tx **ret_tx,
		      struct err *err)
{
	struct meta_tx *tx = calloc(1, sizeof(*tx));

	if (!tx)
		return err_set(err, ERR_NO_MEMORY, "a read connection");
	tx->ops = meta->driver->ops;
	tx->meta = meta;
	if (tx->ops->connect(meta->driver, SQL_READ, &tx->conn, err) < 0) {
		free(tx);
		return -1;
	}
	*ret_tx = tx;
	return 0;
}

static int reader_begin(struct meta_tx *tx, struct err *err)
{
	if (tx->ops->begin(tx->conn, err) < 0)
		return -1;
	tx->failed = false;
	tx->now_ms = clock_wall_ms(tx->meta->clock);
	return 0;
}

int meta_read_begin(struct meta *meta, struct meta_tx **ret_tx, struct err *err)
{
	struct meta_tx *tx = NULL;
	struct err stale = ERR_INIT;

	/* Idle connections may have been closed by the database: those are
	 * dropped until one holds or none is left. */
	while ((tx = idle_pop(meta))) {
		if (reader_begin(tx, &stale) == 0) {
			*ret_tx = tx;
			return 0;
		}
		err_clear(&stale);
		reader_free(tx);
	}
	if (reader_new(meta, &tx, err) < 0)
		return -1;
	if (reader_begin(tx, err) < 0) {
		reader_free(tx);
		return -1;
	}
	*ret_tx = tx;
	return 0;
}

void meta_read_end(struct meta_tx *tx)
{
	if (!tx)
		return;
	tx->ops->rollback(tx->conn);
	if (!tx->ops->usable(tx->conn) || !idle_push(tx->meta, tx))
		reader_free(tx);
}

int meta_write(struct meta *meta, meta_work_fn *work, void *context,
	       struct err *err)
{
	return meta_writer_run(meta->writer, work, context, err);
}

void meta_read_counts(struct meta *meta, struct meta_counts *ret_counts)
{
	meta_writer_counts(meta->writer, ret_counts);
}

int meta_ping(struct meta *meta, struct err *err)
{
	struct meta_tx *tx = NULL;
	int64_t version = 0;

	if (meta_read_begin(meta, &tx, err) < 0)
		return -1;

	int rc = migrate_version(meta->driver, tx->conn, &version, err);
	meta_read_end(tx);
	return rc;
}
