/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/meta_writer.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/failpoint.h"
#include "base/list.h"
#include "base/lock.h"
#include "base/map.h"
#include "base/thread.h"
#include "storage/meta_tx.h"
#include "storage/migrate.h"
#include "storage/sql_driver.h"

enum request_state {
	REQUEST_WAITING, /* to be run, or to be run again */
	REQUEST_HELD,	 /* its work held; committed with its group */
	REQUEST_REFUSED, /* failed: its err is set */
};

/* On the stack of the thread that waits for it. */
struct request {
	struct list queued;	  /* in the queue; guarded by lock */
	struct cond finished;	  /* signalled once done */
	bool done;		  /* guarded by lock */
	enum request_state state; /* the writer thread's until done */
	meta_work_fn *work;	  /* what to do */
	void *context;		  /* handed to work */
	struct err *err;	  /* the caller's */
};

struct meta_writer {
	struct sql_driver *driver;	  /* borrowed */
	const struct clock_source *clock; /* borrowed */
	pthread_t thread;
	struct lock lock;
	struct cond work_waits;	   /* the queue or stop changed */
	struct list queue;	   /* of struct request; guarded by lock */
	bool stop;		   /* guarded by lock */
	struct meta_counts counts; /* guarded by lock */

	/* The rest is the writer thread's. */
	struct sql_conn *conn; /* owned; NULL while there is none */
	int64_t retry_at_ms;   /* monotonic: not tried again before */
	int64_t event;	       /* the last event that was acknowledged */
	struct err why_lost;   /* the last failure to connect */
};

static void disconnect(struct meta_writer *writer)
{
	writer->driver->ops->disconnect(STEAL(writer->conn));
}

static void drop_if_broken(struct meta_writer *writer)
{
	if (writer->conn && !writer->driver->ops->usable(writer->conn))
		disconnect(writer);
}

/*
 * What was acknowledged must still be there: a database that was replaced by an
 * older copy, or a fail-over that lost commits, is not written to.
 */
static int verify(struct meta_writer *writer, struct sql_conn *conn,
		  struct err *err)
{
	struct meta_tx tx = {.ops = writer->driver->ops, .conn = conn};
	int64_t version = 0;
	int64_t event = 0;

	if (migrate_version(writer->driver, conn, &version, err) < 0)
		return -1;
	if (version != meta_schema_version())
		return err_set(err, ERR_UNSUPPORTED,
			       "the schema has become %" PRId64
			       " while this program runs",
			       version);
	if (meta_counter_read(&tx, SPAN_LIT("event"), &event, err) < 0)
		return -1;
	if (event < writer->event)
		return err_set(err, ERR_CORRUPT,
			       "the database went back to event %" PRId64
			       " from %" PRId64
			       ": acknowledged changes are lost; restart to "
			       "go on without them",
			       event, writer->event);
	return 0;
}

static int reconnect(struct meta_writer *writer, struct err *err)
{
	struct sql_conn *conn = NULL;

	if (writer->driver->ops->connect(writer->driver, SQL_WRITE, &conn,
					 err) < 0)
		return -1;
	if (verify(writer, conn, err) < 0) {
		writer->driver->ops->disconnect(conn);
		return -1;
	}
	writer->conn = conn;
	return 0;
}

/* What people can do something about is told as it is. */
static enum err_code code_of_lost(const struct err *why)
{
	return why->code == ERR_NO_SPACE || why->code == ERR_CORRUPT
		       ? why->code
		       : ERR_UNAVAILABLE;
}

static int ensure_connected(struct meta_writer *writer, struct err *err)
{
	int64_t now = clock_monotonic_ms(writer->clock);

	if (writer->conn)
		return 0;
	if (now >= writer->retry_at_ms) {
		struct err why = ERR_INIT;

		if (reconnect(writer, &why) == 0)
			return 0;
		writer->why_lost = why;
		writer->retry_at_ms = clock_monotonic_ms(writer->clock) +
				      META_WRITER_RETRY_MS;
	}
	return err_set(err, code_of_lost(&writer->why_lost),
		       "no connection to write with: %s",
		       writer->why_lost.text);
}

static int group_begin(struct meta_writer *writer, struct err *err)
{
	if (FAILPOINT("meta:begin"))
		return err_sys(err, errno, "failpoint meta:begin");
	if (ensure_connected(writer, err) < 0)
		return -1;
	if (writer->driver->ops->begin(writer->conn, err) == 0)
		return 0;
	if (writer->driver->ops->usable(writer->conn))
		return -1;
	/* An idle connection that the database has closed meanwhile is no
	 * failure: nothing was asked of it yet. */
	disconnect(writer);
	err_clear(err);
	if (ensure_connected(writer, err) < 0)
		return -1;
	if (writer->driver->ops->begin(writer->conn, err) == 0)
		return 0;
	drop_if_broken(writer);
	return -1;
}

static int request_work(struct meta_writer *writer, struct request *request,
			int64_t now_ms, int64_t *event)
{
	struct meta_tx tx = {
		.ops = writer->driver->ops,
		.conn = writer->conn,
		.now_ms = now_ms,
	};

	if (request->work(&tx, request->context, request->err) < 0)
		return -1;
	if (tx.failed)
		return err_set(request->err, ERR_INTERNAL,
			       "a write ignores a statement that failed");
	if (tx.event > *event)
		*event = tx.event;
	return 0;
}

/* Run one of several: 0 held or refused without a trace, -1 the transaction is
 * lost for all of them. */
static int request_run_nested(struct meta_writer *writer,
			      struct request *request, int64_t now_ms,
			      int64_t *event)
{
	const struct sql_driver_ops *ops = writer->driver->ops;
	struct err ignored = ERR_INIT;

	if (ops->savepoint(writer->conn, &ignored) < 0)
		return -1;
	if (request_work(writer, request, now_ms, event) < 0) {
		request->state = REQUEST_REFUSED;
		return ops->rollback_to(writer->conn, &ignored);
	}
	if (ops->release(writer->conn, &ignored) < 0)
		return -1;
	request->state = REQUEST_HELD;
	return 0;
}

/* The refused ones too: what they were refused for may be what another of the
 * group had changed, and that never was. */
static void group_fail(struct request **group, size_t count,
		       const struct err *err)
{
	for (size_t i = 0; i < count; i++) {
		*group[i]->err = *err;
		group[i]->state = REQUEST_REFUSED;
	}
}

static int group_commit(struct meta_writer *writer, struct err *err)
{
	if (FAILPOINT("meta:before_commit")) {
		err_sys(err, errno, "failpoint meta:before_commit");
		writer->driver->ops->rollback(writer->conn);
		return -1;
	}
	if (writer->driver->ops->commit(writer->conn, err) < 0) {
		disconnect(writer);
		return -1;
	}
	if (FAILPOINT("meta:after_commit")) {
		disconnect(writer);
		return err_set(err, ERR_UNAVAILABLE,
			       "failpoint meta:after_commit");
	}
	return 0;
}

static void group_end(struct meta_writer *writer, struct request **group,
		      size_t count, int64_t event)
{
	struct err err = ERR_INIT;
	uint64_t held = 0;

	for (size_t i = 0; i < count; i++)
		held += group[i]->state == REQUEST_HELD;
	if (held == 0) {
		writer->driver->ops->rollback(writer->conn);
		drop_if_broken(writer);
		return;
	}

	int rc = group_commit(writer, &err);
	if (rc < 0)
		group_fail(group, count, &err);
	else if (event > writer->event)
		writer->event = event;

	lock_take(&writer->lock);
	if (rc == 0) {
		writer->counts.writes += held;
		writer->counts.commits++;
	} else {
		writer->counts.failures++;
	}
	lock_drop(&writer->lock);
}

static void run_alone(struct meta_writer *writer, struct request *request)
{
	struct err err = ERR_INIT;
	int64_t event = 0;

	if (group_begin(writer, &err) < 0) {
		group_fail(&request, 1, &err);
		return;
	}
	int64_t now_ms = clock_wall_ms(writer->clock);
	if (request_work(writer, request, now_ms, &event) < 0)
		request->state = REQUEST_REFUSED;
	else
		request->state = REQUEST_HELD;
	group_end(writer, &request, 1, event);
}

/*
 * The transaction is gone before its commit (a full disk ends SQLite's): the
 * request that met this keeps its failure, and the others, of which nothing is
 * left, run again, one by one, so that it cannot harm them twice.
 */
static void group_scatter(struct meta_writer *writer, struct request **group,
			  size_t count, size_t met)
{
	writer->driver->ops->rollback(writer->conn);
	drop_if_broken(writer);
	for (size_t i = 0; i < count; i++) {
		if (i == met && group[i]->state == REQUEST_REFUSED)
			continue;
		err_clear(group[i]->err);
		group[i]->state = REQUEST_WAITING;
		run_alone(writer, group[i]);
	}
}

static void run_group(struct meta_writer *writer, struct request **group,
		      size_t count)
{
	struct err err = ERR_INIT;
	int64_t event = 0;

	if (group_begin(writer, &err) < 0) {
		group_fail(group, count, &err);
		return;
	}
	int64_t now_ms = clock_wall_ms(writer->clock);
	for (size_t i = 0; i < count; i++)
		if (request_run_nested(writer, group[i], now_ms, &event) < 0) {
			group_scatter(writer, group, count, i);
			return;
		}
	group_end(writer, group, count, event);
}

static size_t take_group(struct meta_writer *writer,
			 struct request *group[META_WRITER_GROUP])
	REQUIRES(writer->lock)
{
	size_t count = 0;

	while (count < META_WRITER_GROUP && !list_empty(&writer->queue)) {
		struct request *request = CONTAINER_OF(writer->queue.next,
						       struct request, queued);

		list_remove(&request->queued);
		group[count++] = request;
	}
	return count;
}

static void *writer_main(void *argument)
{
	struct meta_writer *writer = argument;
	struct request *group[META_WRITER_GROUP];

	pthread_setname_np(pthread_self(), "meta-writer");
	lock_take(&writer->lock);
	for (;;) {
		while (list_empty(&writer->queue) && !writer->stop)
			cond_wait(&writer->work_waits, &writer->lock);
		size_t count = take_group(writer, group);
		if (count == 0)
			break;
		lock_drop(&writer->lock);

		if (count == 1)
			run_alone(writer, group[0]);
		else
			run_group(writer, group, count);

		lock_take(&writer->lock);
		for (size_t i = 0; i < count; i++) {
			group[i]->done = true;
			cond_signal(&group[i]->finished);
		}
		bool busy = !list_empty(&writer->queue);
		lock_drop(&writer->lock);

		if (writer->conn)
			writer->driver->ops->tend(writer->conn, busy);
		lock_take(&writer->lock);
	}
	lock_drop(&writer->lock);
	return NULL;
}

int meta_writer_run(struct meta_writer *writer, meta_work_fn *work,
		    void *context, struct err *err)
{
	struct request request = {
		.work = work,
		.context = context,
		.err = err,
	};

	cond_init(&request.finished);
	lock_take(&writer->lock);
	list_append(&writer->queue, &request.queued);
	lock_drop(&writer->lock);
	cond_signal(&writer->work_waits);
	lock_take(&writer->lock);
	while (!request.done)
		cond_wait(&request.finished, &writer->lock);
	lock_drop(&writer->lock);
	cond_release(&request.finished);
	return request.state == REQUEST_HELD ? 0 : -1;
}

void meta_writer_counts(struct meta_writer *writer,
			struct meta_counts *ret_counts)
{
	lock_take(&writer->lock);
	*ret_counts = writer->counts;
	lock_drop(&writer->lock);
}

int meta_writer_new(struct sql_driver *driver, const struct clock_source *clock,
		    struct meta_writer **ret_writer, struct err *err)
{
	struct meta_writer *writer = calloc(1, sizeof(*writer));
	if (!writer)
		return err_set(err, ERR_NO_MEMORY, "the metadata's writer");
	writer->driver = driver;
	writer->clock = clock;
	writer->retry_at_ms = INT64_MIN;
	lock_init(&writer->lock);
	cond_init(&writer->work_waits);
	list_init(&writer->queue);

	if (reconnect(writer, err) < 0 ||
	    thread_start(NULL, writer_main, writer, &writer->thread, err) < 0) {
		disconnect(writer);
		cond_release(&writer->work_waits);
		lock_release(&writer->lock);
		free(writer);
		return -1;
	}
	*ret_writer = writer;
	return 0;
}

void meta_writer_free(struct meta_writer *writer)
{
	if (!writer)
		return;
	lock_take(&writer->lock);
	writer->stop = true;
	cond_signal(&writer->work_waits);
	lock_drop(&writer->lock);
	pthread_join(writer->thread, NULL);
	disconnect(writer);
	cond_release(&writer->work_waits);
	lock_release(&writer->lock);
	free(writer);
}
