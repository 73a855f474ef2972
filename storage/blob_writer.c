/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/blob_writer.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/map.h"
#include "base/thread.h"

/* How long spare buffers are kept when nothing is written. */
#define KEEP_MS 1000

struct blob_writer {
	struct blob_writer_config config; /* immutable */
	pthread_t *threads;		  /* owned */
	size_t started;			  /* of them; new and free only */

	struct lock lock; /* guards the rest, and the flows */
	struct cond work; /* something for the threads to do */
	bool stopping;
	struct blob_buffers buffers;
	struct list queued;  /* flows with a buffer to write and none writing */
	struct list idle;    /* flows with a part-filled buffer, oldest first */
	struct list waiting; /* flows that want room, oldest first */
	struct list roomy;   /* flows whose room is to be called */
	uint64_t puts;	     /* buffers that came back, ever */
	bool watched;	     /* a thread will look at the spare ones */
};

/* ---- under the lock ---- */

static bool flow_failed(const struct blob_flow *flow)
{
	return flow->failure.code != ERR_NONE;
}

/* Have a waiting flow's room called. */
static void wake(struct blob_writer *writer, struct blob_flow *flow)
	REQUIRES(&writer->lock)
{
	list_remove(&flow->waiting);
	list_append(&writer->roomy, &flow->waiting);
	cond_signal(&writer->work);
}

/* Have the waiting flows told for which there is room now, no more of them than
 * there is memory for. */
static void wake_waiting(struct blob_writer *writer) REQUIRES(&writer->lock)
{
	size_t spare = writer->buffers.ceiling - writer->buffers.taken;
	struct list *at = writer->waiting.next;

	while (at != &writer->waiting && spare >= BLOB_BUFFER_SMALL) {
		struct blob_flow *flow =
			CONTAINER_OF(at, struct blob_flow, waiting);

		at = at->next;
		if (flow->on_way >= writer->config.per_flow)
			continue;
		spare -= BLOB_BUFFER_SMALL;
		wake(writer, flow);
	}
}

static void put_buffer(struct blob_writer *writer, struct blob_buffer *buffer)
	REQUIRES(&writer->lock)
{
	blob_buffers_put(&writer->buffers, buffer);
	writer->puts++;
	if (!writer->watched)
		cond_signal(&writer->work);
	wake_waiting(writer);
}

static void drop_current(struct blob_writer *writer, struct blob_flow *flow)
	REQUIRES(&writer->lock)
{
	struct blob_buffer *buffer = STEAL(flow->current);

	list_remove(&flow->idle);
	if (buffer)
		put_buffer(writer, buffer);
}

static void drop_queued(struct blob_writer *writer, struct blob_flow *flow)
	REQUIRES(&writer->lock)
{
	list_remove(&flow->queued);
	while (flow->first) {
		struct blob_buffer *buffer = flow->first;

		flow->first = buffer->next;
		flow->on_way--;
		put_buffer(writer, buffer);
	}
	flow->last = NULL;
}

static void fail(struct blob_writer *writer, struct blob_flow *flow,
		 const struct err *failure) REQUIRES(&writer->lock)
{
	if (!flow_failed(flow))
		flow->failure = *failure;
	drop_queued(writer, flow);
	if (!flow->filling)
		drop_current(writer, flow);
	if (flow->room)
		wake(writer, flow);
}

/* Queue the current buffer to be written by whoever writes the flow next. */
static void enqueue(struct blob_writer *writer, struct blob_flow *flow)
	REQUIRES(&writer->lock)
{
	if (flow_failed(flow)) {
		drop_current(writer, flow);
		return;
	}
	struct blob_buffer *buffer = STEAL(flow->current);

	list_remove(&flow->idle);
	flow->grown = buffer->len == buffer->limit;
	buffer->next = NULL;
	if (flow->last)
		flow->last->next = buffer;
	else
		flow->first = buffer;
	flow->last = buffer;
	flow->on_way++;
}

/* Queue the current buffer for the threads. */
static void submit(struct blob_writer *writer, struct blob_flow *flow)
	REQUIRES(&writer->lock)
{
	enqueue(writer, flow);
	if (flow->first && !flow->writing && list_empty(&flow->queued)) {
		list_append(&writer->queued, &flow->queued);
		cond_signal(&writer->work);
	}
}

/* Write the oldest buffer of a flow that nobody writes; the lock is dropped
 * meanwhile. */
static void write_first(struct blob_writer *writer, struct blob_flow *flow)
	REQUIRES(&writer->lock)
{
	struct blob_buffer *buffer = flow->first;
	struct err failure = ERR_INIT;

	list_remove(&flow->queued);
	flow->first = buffer->next;
	if (!flow->first)
		flow->last = NULL;
	flow->writing = true;
	lock_drop(&writer->lock);
	int rc = flow->write(flow->target, buffer, &failure);
	lock_take(&writer->lock);
	flow->writing = false;
	flow->on_way--;
	if (rc < 0)
		fail(writer, flow, &failure);
	else if (flow->first)
		list_append(&writer->queued, &flow->queued);
	put_buffer(writer, buffer);
	cond_broadcast(&flow->changed);
}

static void call_room(struct blob_writer *writer, struct blob_flow *flow)
	REQUIRES(&writer->lock)
{
	blob_room_fn *room = STEAL(flow->room);

	list_remove(&flow->waiting);
	flow->calling++;
	lock_drop(&writer->lock);
	room(flow->context);
	lock_take(&writer->lock);
	flow->calling--;
	cond_broadcast(&flow->changed);
}

/* Get the memory of one waiting flow from the flow that has been idle for
 * longest. */
static void reclaim(struct blob_writer *writer) REQUIRES(&writer->lock)
{
	if (!list_empty(&writer->idle))
		submit(writer,
		       CONTAINER_OF(writer->idle.next, struct blob_flow, idle));
}

/* ---- the threads ---- */

static void trim(struct blob_writer *writer) REQUIRES(&writer->lock)
{
	struct blob_buffer *list = blob_buffers_trim(&writer->buffers);

	lock_drop(&writer->lock);
	blob_buffer_free_list(list);
	lock_take(&writer->lock);
}

static void wait_for_work(struct blob_writer *writer) REQUIRES(&writer->lock)
{
	if (!blob_buffers_kept(&writer->buffers)) {
		cond_wait(&writer->work, &writer->lock);
		return;
	}
	int64_t deadline_ms = clock_monotonic_ms(&clock_system) + KEEP_MS;
	uint64_t puts = writer->puts;

	writer->watched = true;
	bool woken = cond_wait_until(&writer->work, &writer->lock, deadline_ms);
	writer->watched = false;
	if (!woken && puts == writer->puts)
		trim(writer);
}

static void *writer_main(void *argument)
{
	struct blob_writer *writer = argument;

	pthread_setname_np(pthread_self(), "blob-writer");
	lock_take(&writer->lock);
	for (;;) {
		struct list *roomy = writer->roomy.next;
		struct list *queued = writer->queued.next;

		if (roomy != &writer->roomy)
			call_room(writer, CONTAINER_OF(roomy, struct blob_flow,
						       waiting));
		else if (queued != &writer->queued)
			write_first(
				writer,
				CONTAINER_OF(queued, struct blob_flow, queued));
		else if (writer->stopping)
			break;
		else
			wait_for_work(writer);
	}
	lock_drop(&writer->lock);
	return NULL;
}

static int start_threads(struct blob_writer *writer, struct err *err)
{
	while (writer->started < writer->config.threads) {
		if (thread_start(NULL, writer_main, writer,
				 &writer->threads[writer->started], err) < 0)
			return err_wrap(err, "blob writer");
		writer->started++;
	}
	return 0;
}

int blob_writer_new(const struct blob_writer_config *config,
		    struct blob_writer **ret_writer, struct err *err)
{
	assert(config->threads > 0 && config->per_flow > 0);
	assert(config->memory_bytes >= BLOB_BUFFER_LARGE);

	struct blob_writer *writer = calloc(1, sizeof(*writer));
	pthread_t *threads = calloc(config->threads, sizeof(*threads));
	if (!writer || !threads) {
		free(writer);
		free(threads);
		return err_set(err, ERR_NO_MEMORY, "no memory for a writer");
	}
	writer->config = *config;
	writer->threads = threads;
	lock_init(&writer->lock);
	cond_init(&writer->work);
	blob_buffers_init(&writer->buffers, config->memory_bytes);
	list_init(&writer->queued);
	list_init(&writer->idle);
	list_init(&writer->waiting);
	list_init(&writer->roomy);
	if (start_threads(writer, err) < 0) {
		blob_writer_free(writer);
		return -1;
	}
	*ret_writer = writer;
	return 0;
}

void blob_writer_free(struct blob_writer *writer)
{
	if (!writer)
		return;
	lock_take(&writer->lock);
	writer->stopping = true;
	cond_broadcast(&writer->work);
	lock_drop(&writer->lock);
	for (size_t i = 0; i < writer->started; i++)
		pthread_join(writer->threads[i], NULL);
	blob_buffers_release(&writer->buffers);
	cond_release(&writer->work);
	lock_release(&writer->lock);
	free(writer->threads);
	free(writer);
}

size_t blob_writer_memory(struct blob_writer *writer)
{
	lock_take(&writer->lock);
	size_t taken = writer->buffers.taken;
	lock_drop(&writer->lock);
	return taken;
}

/* ---- flows ---- */

void blob_flow_init(struct blob_flow *flow, struct blob_writer *writer,
		    blob_write_fn *write, void *target, uint64_t offset)
{
	*flow = (struct blob_flow){
		.writer = writer,
		.write = write,
		.target = target,
		.size = offset,
		.failure = ERR_INIT,
	};
	list_init(&flow->queued);
	list_init(&flow->idle);
	list_init(&flow->waiting);
	cond_init(&flow->changed);
}

/* Swap a full small buffer for a large one with the same bytes in it; the lock
 * is dropped for the copying. */
static void grow(struct blob_writer *writer, struct blob_flow *flow)
	REQUIRES(&writer->lock)
{
	struct blob_buffer *small = flow->current;
	struct blob_buffer *large;
	struct err ignored = ERR_INIT;

	if (!blob_buffers_fit(&writer->buffers, BLOB_BUFFER_LARGE) ||
	    blob_buffers_take(&writer->buffers, BLOB_BUFFER_LARGE,
			      small->offset, &large, &ignored) < 0)
		return;
	flow->filling = true;
	lock_drop(&writer->lock);
	memcpy(large->data, small->data, small->len);
	large->len = small->len;
	lock_take(&writer->lock);
	flow->filling = false;
	flow->current = large;
	put_buffer(writer, small);
}

/* A new current buffer: 1, 0 no room at present, -1 no memory. */
static int take_current(struct blob_writer *writer, struct blob_flow *flow,
			struct err *err) REQUIRES(&writer->lock)
{
	size_t capacity = flow->grown ? BLOB_BUFFER_LARGE : BLOB_BUFFER_SMALL;

	if (flow->on_way >= writer->config.per_flow)
		return 0;
	if (!blob_buffers_fit(&writer->buffers, capacity))
		capacity = BLOB_BUFFER_SMALL;
	if (!blob_buffers_fit(&writer->buffers, capacity))
		return 0;
	if (blob_buffers_take(&writer->buffers, capacity, flow->size,
			      &flow->current, err) < 0)
		return -1;
	return 1;
}

/* Copy what fits into the current buffer; the lock is dropped meanwhile. */
static size_t fill(struct blob_writer *writer, struct blob_flow *flow,
		   struct span bytes) REQUIRES(&writer->lock)
{
	struct blob_buffer *buffer = flow->current;
	size_t room = buffer->limit - buffer->len;
	size_t count = bytes.len < room ? bytes.len : room;

	flow->filling = true;
	lock_drop(&writer->lock);
	memcpy(buffer->data + buffer->len, bytes.text, count);
	lock_take(&writer->lock);
	flow->filling = false;
	buffer->len += count;
	flow->size += count;
	return count;
}

/* Have a current buffer with room in it: 1, 0 not at present, -1 no memory. */
static int make_current(struct blob_writer *writer, struct blob_flow *flow,
			struct err *err) REQUIRES(&writer->lock)
{
	if (flow->current && flow->current->len == flow->current->limit &&
	    flow->current->capacity == BLOB_BUFFER_SMALL)
		grow(writer, flow);
	if (flow->current && flow->current->len == flow->current->limit)
		submit(writer, flow);
	if (flow->current || flow_failed(flow))
		return 1;
	return take_current(writer, flow, err);
}

/* Take as many bytes as there is room for: -1 if there is no memory.  A full
 * buffer goes on its way when more bytes come: the last one of an upload is
 * better written by whoever flushes it. */
static int take_bytes(struct blob_writer *writer, struct blob_flow *flow,
		      struct span bytes, size_t *ret_taken, struct err *err)
	REQUIRES(&writer->lock)
{
	size_t taken = 0;

	while (taken < bytes.len) {
		int got = make_current(writer, flow, err);

		if (got < 0)
			return -1;
		if (got == 0 || flow_failed(flow))
			break;
		taken += fill(writer, flow,
			      span_make(bytes.text + taken, bytes.len - taken));
	}
	*ret_taken = taken;
	return 0;
}

/* Leave what is in the current buffer for the next append, unless others wait
 * for its memory. */
static void leave_current(struct blob_writer *writer, struct blob_flow *flow)
	REQUIRES(&writer->lock)
{
	if (!flow->current)
		return;
	if (flow_failed(flow))
		drop_current(writer, flow);
	else if (list_empty(&writer->waiting) ||
		 blob_buffers_fit(&writer->buffers, BLOB_BUFFER_SMALL))
		list_append(&writer->idle, &flow->idle);
	else
		submit(writer, flow);
}

static void want_room(struct blob_writer *writer, struct blob_flow *flow,
		      blob_room_fn *room, void *context) REQUIRES(&writer->lock)
{
	flow->room = room;
	flow->context = context;
	list_append(&writer->waiting, &flow->waiting);
	if (flow->on_way < writer->config.per_flow)
		reclaim(writer);
	wake_waiting(writer);
}

int blob_flow_append(struct blob_flow *flow, struct span bytes,
		     size_t *ret_taken, blob_room_fn *room, void *context,
		     struct err *err)
{
	struct blob_writer *writer = flow->writer;
	struct err failure = ERR_INIT;
	size_t taken = 0;

	lock_take(&writer->lock);
	list_remove(&flow->idle);
	if (!flow_failed(flow) &&
	    take_bytes(writer, flow, bytes, &taken, &failure) < 0)
		fail(writer, flow, &failure);
	leave_current(writer, flow);
	failure = flow->failure;
	if (failure.code == ERR_NONE && taken < bytes.len)
		want_room(writer, flow, room, context);
	lock_drop(&writer->lock);

	if (failure.code != ERR_NONE) {
		*err = failure;
		return -1;
	}
	*ret_taken = taken;
	return 0;
}

/* Write what the flow holds, in this thread if no other does. */
static void drain(struct blob_writer *writer, struct blob_flow *flow)
	REQUIRES(&writer->lock)
{
	if (flow->current)
		enqueue(writer, flow);
	flow->grown = false;
	while (flow->on_way > 0) {
		if (flow->writing)
			cond_wait(&flow->changed, &writer->lock);
		else
			write_first(writer, flow);
	}
}

int blob_flow_flush(struct blob_flow *flow, struct err *err)
{
	struct blob_writer *writer = flow->writer;

	lock_take(&writer->lock);
	drain(writer, flow);
	struct err failure = flow->failure;
	lock_drop(&writer->lock);

	if (failure.code == ERR_NONE)
		return 0;
	*err = failure;
	return -1;
}

void blob_flow_fail(struct blob_flow *flow, const struct err *failure)
{
	struct blob_writer *writer = flow->writer;

	lock_take(&writer->lock);
	fail(writer, flow, failure);
	lock_drop(&writer->lock);
}

void blob_flow_finish(struct blob_flow *flow)
{
	struct blob_writer *writer = flow->writer;

	lock_take(&writer->lock);
	drain(writer, flow);
	list_remove(&flow->waiting);
	while (flow->calling > 0)
		cond_wait(&flow->changed, &writer->lock);
	lock_drop(&writer->lock);
	cond_release(&flow->changed);
}
