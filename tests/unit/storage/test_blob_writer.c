/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/blob_writer.h"

#include <stdlib.h>
#include <string.h>

#include "tests/lib/check.h"

#define MIB ((size_t)1 << 20)
#define KIB ((size_t)1 << 10)

/* A target that keeps what is written and can be held up or made to fail. */
struct target {
	struct lock lock;
	struct cond changed;
	char *bytes;	   /* what was written */
	size_t len;	   /* of it */
	size_t writes;	   /* that ended */
	size_t inside;	   /* threads that write now */
	bool held;	   /* writes wait */
	size_t fail_after; /* writes that succeed; SIZE_MAX: all */
	size_t rooms;	   /* calls of room */
};

#define TARGET_MAX (64 * MIB)

static void target_init(struct target *target)
{
	*target = (struct target){.fail_after = SIZE_MAX};
	lock_init(&target->lock);
	cond_init(&target->changed);
	target->bytes = malloc(TARGET_MAX);
	CHECK(target->bytes);
}

static int target_write(void *context, const struct blob_buffer *buffer,
			struct err *err)
{
	struct target *target = context;
	int rc = 0;

	lock_take(&target->lock);
	CHECK(target->inside++ == 0);
	cond_broadcast(&target->changed);
	while (target->held)
		cond_wait(&target->changed, &target->lock);
	/* In order, without a gap, never past the limit. */
	CHECK(buffer->offset == target->len);
	CHECK(buffer->len > 0 && buffer->len <= buffer->limit);
	CHECK((buffer->offset + buffer->limit) % BLOB_BUFFER_ALIGN == 0);
	CHECK((uintptr_t)buffer->data % BLOB_BUFFER_ALIGN == 0);
	if (target->writes >= target->fail_after) {
		rc = err_set(err, ERR_NO_SPACE, "full");
	} else {
		memcpy(target->bytes + target->len, buffer->data, buffer->len);
		target->len += buffer->len;
		target->writes++;
	}
	target->inside--;
	lock_drop(&target->lock);
	return rc;
}

static void hold(struct target *target, bool held)
{
	lock_take(&target->lock);
	target->held = held;
	cond_broadcast(&target->changed);
	lock_drop(&target->lock);
}

static void wait_inside(struct target *target)
{
	lock_take(&target->lock);
	while (target->inside == 0)
		cond_wait(&target->changed, &target->lock);
	lock_drop(&target->lock);
}

static void room(void *context)
{
	struct target *target = context;

	lock_take(&target->lock);
	target->rooms++;
	cond_broadcast(&target->changed);
	lock_drop(&target->lock);
}

static void wait_rooms(struct target *target, size_t rooms)
{
	lock_take(&target->lock);
	while (target->rooms < rooms)
		cond_wait(&target->changed, &target->lock);
	lock_drop(&target->lock);
}

static size_t rooms_of(struct target *target)
{
	lock_take(&target->lock);
	size_t rooms = target->rooms;
	lock_drop(&target->lock);
	return rooms;
}

static struct blob_writer *writer_of(size_t threads, size_t per_flow,
				     size_t memory)
{
	struct blob_writer_config config = {
		.threads = threads,
		.per_flow = per_flow,
		.memory_bytes = memory,
	};
	struct err err = ERR_INIT;
	struct blob_writer *writer;

	CHECK(blob_writer_new(&config, &writer, &err) == 0);
	return writer;
}

static char source[16 * MIB];

static void fill_source(void)
{
	for (size_t i = 0; i < sizeof(source); i++)
		source[i] = (char)(i * 31 + (i >> 12));
}

static size_t append(struct blob_flow *flow, struct target *target, size_t at,
		     size_t len)
{
	struct err err = ERR_INIT;
	size_t taken = SIZE_MAX;

	CHECK(blob_flow_append(flow, span_make(source + at, len), &taken, room,
			       target, &err) == 0);
	return taken;
}

static void a_held_up_flow_takes_its_buffers_and_asks_for_patience(void)
{
	struct blob_writer *writer = writer_of(2, 4, 64 * MIB);
	struct target target;
	struct blob_flow flow;
	struct err err = ERR_INIT;

	fill_source();
	target_init(&target);
	blob_flow_init(&flow, writer, target_write, &target, 0);
	hold(&target, true);
	CHECK(append(&flow, &target, 0, sizeof(source)) == 4 * MIB);
	CHECK(flow.size == 4 * MIB);
	CHECK(blob_writer_memory(writer) == 4 * MIB);
	CHECK(rooms_of(&target) == 0);
	hold(&target, false);
	wait_rooms(&target, 1);
	CHECK(blob_flow_flush(&flow, &err) == 0);
	CHECK(target.len == 4 * MIB);
	CHECK(memcmp(target.bytes, source, target.len) == 0);
	CHECK(blob_writer_memory(writer) == 0);
	CHECK(rooms_of(&target) == 1);
	blob_flow_finish(&flow);
	blob_writer_free(writer);
	free(target.bytes);
}

static void a_small_flow_holds_a_small_buffer_and_none_once_flushed(void)
{
	struct blob_writer *writer = writer_of(1, 4, 64 * MIB);
	struct target target;
	struct blob_flow flow;
	struct err err = ERR_INIT;

	target_init(&target);
	blob_flow_init(&flow, writer, target_write, &target, 0);
	CHECK(append(&flow, &target, 0, 0) == 0);
	CHECK(blob_writer_memory(writer) == 0);
	CHECK(append(&flow, &target, 0, 10) == 10);
	CHECK(blob_writer_memory(writer) == BLOB_BUFFER_SMALL);
	CHECK(append(&flow, &target, 10, 100 * KIB) == 100 * KIB);
	CHECK(blob_writer_memory(writer) == BLOB_BUFFER_LARGE);
	CHECK(target.writes == 0);
	CHECK(blob_flow_flush(&flow, &err) == 0);
	CHECK(target.writes == 1);
	CHECK(blob_writer_memory(writer) == 0);
	CHECK(append(&flow, &target, 10 + 100 * KIB, 10) == 10);
	CHECK(blob_writer_memory(writer) == BLOB_BUFFER_SMALL);
	blob_flow_finish(&flow);
	CHECK(target.len == 20 + 100 * KIB);
	CHECK(blob_writer_memory(writer) == 0);
	blob_writer_free(writer);
	free(target.bytes);
}

static void buffers_end_on_block_boundaries(void)
{
	struct blob_writer *writer = writer_of(1, 4, 64 * MIB);
	struct target target;
	struct blob_flow flow;
	struct err err = ERR_INIT;

	target_init(&target);
	target.len = 5;
	blob_flow_init(&flow, writer, target_write, &target, 5);
	hold(&target, true);
	CHECK(append(&flow, &target, 5, 3 * MIB) == 3 * MIB);
	hold(&target, false);
	CHECK(blob_flow_flush(&flow, &err) == 0);
	CHECK(target.len == 3 * MIB + 5);
	/* One up to the first boundary, two whole ones, and the rest. */
	CHECK(target.writes == 4);
	blob_flow_finish(&flow);
	blob_writer_free(writer);
	free(target.bytes);
}

static void a_failed_write_sticks_and_wakes_the_waiting(void)
{
	struct blob_writer *writer = writer_of(2, 2, 64 * MIB);
	struct target target;
	struct blob_flow flow;
	struct err err = ERR_INIT;
	size_t taken = 77;

	target_init(&target);
	target.fail_after = 1;
	blob_flow_init(&flow, writer, target_write, &target, 0);
	hold(&target, true);
	CHECK(append(&flow, &target, 0, 5 * MIB) == 2 * MIB);
	hold(&target, false);
	wait_rooms(&target, 1);
	while (blob_flow_append(&flow, span_make(source, 1), &taken, room,
				&target, &err) == 0)
		continue;
	CHECK(err.code == ERR_NO_SPACE);
	err_clear(&err);
	taken = 77;
	CHECK(blob_flow_append(&flow, span_make(source, 1), &taken, room,
			       &target, &err) == -1);
	CHECK(err.code == ERR_NO_SPACE && taken == 77);
	err_clear(&err);
	CHECK(blob_flow_flush(&flow, &err) == -1);
	CHECK(err.code == ERR_NO_SPACE);
	CHECK(blob_writer_memory(writer) == 0);
	CHECK(target.len == MIB);
	blob_flow_finish(&flow);
	blob_writer_free(writer);
	free(target.bytes);
}

/* Sixteen small buffers fill the ceiling; nobody flushes them. */
#define SLOW 40

static void idle_flows_do_not_keep_the_others_waiting(void)
{
	struct blob_writer *writer = writer_of(2, 4, MIB);
	static struct target targets[SLOW];
	static struct blob_flow flows[SLOW];
	struct err err = ERR_INIT;
	static size_t waits[SLOW];

	for (size_t i = 0; i < SLOW; i++) {
		target_init(&targets[i]);
		blob_flow_init(&flows[i], writer, target_write, &targets[i], 0);
	}
	for (size_t round = 0; round < 5; round++) {
		for (size_t i = 0; i < SLOW; i++) {
			while (append(&flows[i], &targets[i], round, 1) == 0)
				wait_rooms(&targets[i], ++waits[i]);
			CHECK(blob_writer_memory(writer) <= MIB);
		}
	}
	for (size_t i = 0; i < SLOW; i++) {
		CHECK(blob_flow_flush(&flows[i], &err) == 0);
		CHECK(targets[i].len == 5);
		CHECK(memcmp(targets[i].bytes, source, 5) == 0);
		blob_flow_finish(&flows[i]);
		free(targets[i].bytes);
	}
	CHECK(blob_writer_memory(writer) == 0);
	blob_writer_free(writer);
}

static void no_room_is_called_once_a_flow_is_finished(void)
{
	for (size_t i = 0; i < 50; i++) {
		struct blob_writer *writer = writer_of(2, 1, 2 * MIB);
		struct target target;
		struct blob_flow flow;

		target_init(&target);
		blob_flow_init(&flow, writer, target_write, &target, 0);
		hold(&target, true);
		CHECK(append(&flow, &target, 0, 3 * MIB) == MIB);
		wait_inside(&target);
		hold(&target, false);
		blob_flow_finish(&flow);
		size_t rooms = rooms_of(&target);
		blob_writer_free(writer);
		CHECK(rooms_of(&target) == rooms && rooms <= 1);
		CHECK(target.len == MIB);
		free(target.bytes);
	}
}

static void a_flow_failed_from_outside_stays_so(void)
{
	struct blob_writer *writer = writer_of(1, 1, MIB);
	struct target target;
	struct blob_flow flow;
	struct err failure = ERR_INIT;
	struct err err = ERR_INIT;

	target_init(&target);
	blob_flow_init(&flow, writer, target_write, &target, 0);
	CHECK(append(&flow, &target, 0, 100) == 100);
	err_set(&failure, ERR_IO, "an fsync failed");
	blob_flow_fail(&flow, &failure);
	err_clear(&failure);
	err_set(&failure, ERR_NO_SPACE, "and then more");
	blob_flow_fail(&flow, &failure);
	CHECK(blob_flow_flush(&flow, &err) == -1);
	CHECK(err.code == ERR_IO);
	CHECK(target.writes == 0 && blob_writer_memory(writer) == 0);
	blob_flow_finish(&flow);
	blob_writer_free(writer);
	free(target.bytes);
}

static const struct check_case cases[] = {
	CHECK_CASE(a_held_up_flow_takes_its_buffers_and_asks_for_patience),
	CHECK_CASE(a_small_flow_holds_a_small_buffer_and_none_once_flushed),
	CHECK_CASE(buffers_end_on_block_boundaries),
	CHECK_CASE(a_failed_write_sticks_and_wakes_the_waiting),
	CHECK_CASE(idle_flows_do_not_keep_the_others_waiting),
	CHECK_CASE(no_room_is_called_once_a_flow_is_finished),
	CHECK_CASE(a_flow_failed_from_outside_stays_so),
};

int main(int argc, char **argv)
{
	return CHECK_RUN(argc, argv, cases);
}
