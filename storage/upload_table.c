/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/upload_table.h"

#include <stdlib.h>

#include "base/lock.h"
#include "storage/registry_internal.h"

/* Each holds a descriptor or two and the state of a hash; an upload that a
 * client is busy with is idle only between two requests. */
#define IDLE_MAX 256

struct upload_table {
	struct lock lock;
	struct map by_id;   /* of struct upload; guarded by lock */
	struct list idle;   /* longest idle first; guarded by lock */
	int64_t idle_count; /* guarded by lock */
};

int upload_table_new(struct upload_table **ret_table, struct err *err)
{
	struct upload_table *table = calloc(1, sizeof(*table));

	if (!table)
		return err_set(err, ERR_NO_MEMORY, "upload table");
	if (map_init(&table->by_id, err) < 0) {
		free(table);
		return -1;
	}
	lock_init(&table->lock);
	list_init(&table->idle);
	*ret_table = table;
	return 0;
}

static struct upload *find(struct upload_table *table, struct span id)
	REQUIRES(table->lock)
{
	struct map_node *node = map_find(&table->by_id, id);

	return node ? CONTAINER_OF(node, struct upload, node) : NULL;
}

static void make_held(struct upload_table *table, struct upload *upload)
	REQUIRES(table->lock)
{
	list_remove(&upload->idle);
	table->idle_count--;
	upload->held = true;
}

bool upload_table_try_add(struct upload_table *table, struct upload *upload)
{
	struct span id = span_of(upload->id);

	lock_take(&table->lock);
	bool fresh = !find(table, id);
	if (fresh) {
		upload->held = true;
		map_insert(&table->by_id, &upload->node, id);
	}
	lock_drop(&table->lock);
	return fresh;
}

void upload_table_add(struct upload_table *table, struct upload *upload)
{
	(void)upload_table_try_add(table, upload);
}

enum upload_found upload_table_take(struct upload_table *table, struct span id,
				    upload_owned_fn *owned,
				    const struct registry_at *at,
				    struct upload **ret_upload)
{
	enum upload_found found = UPLOAD_FOUND;

	lock_take(&table->lock);
	struct upload *upload = find(table, id);
	if (!upload) {
		found = UPLOAD_FOUND_NONE;
	} else if (!owned(upload, at)) {
		found = UPLOAD_FOUND_FOREIGN;
	} else if (upload->held) {
		found = UPLOAD_FOUND_BUSY;
	} else {
		make_held(table, upload);
		*ret_upload = upload;
	}
	lock_drop(&table->lock);
	return found;
}

enum upload_found upload_table_peek(struct upload_table *table, struct span id,
				    upload_owned_fn *owned,
				    const struct registry_at *at,
				    uint64_t *ret_offset)
{
	enum upload_found found = UPLOAD_FOUND;

	lock_take(&table->lock);
	struct upload *upload = find(table, id);
	if (!upload)
		found = UPLOAD_FOUND_NONE;
	else if (!owned(upload, at))
		found = UPLOAD_FOUND_FOREIGN;
	else
		*ret_offset = atomic_load(&upload->offset);
	lock_drop(&table->lock);
	return found;
}

struct upload *upload_table_put(struct upload_table *table,
				struct upload *upload)
{
	struct upload *surplus = NULL;

	lock_take(&table->lock);
	upload->held = false;
	list_append(&table->idle, &upload->idle);
	table->idle_count++;
	if (table->idle_count > IDLE_MAX) {
		surplus = CONTAINER_OF(table->idle.next, struct upload, idle);
		make_held(table, surplus);
	}
	lock_drop(&table->lock);
	return surplus;
}

struct upload *upload_table_take_idle(struct upload_table *table,
				      struct span id, bool *ret_known)
{
	lock_take(&table->lock);
	struct upload *upload = find(table, id);
	*ret_known = upload != NULL;
	if (upload && upload->held)
		upload = NULL;
	if (upload)
		make_held(table, upload);
	lock_drop(&table->lock);
	return upload;
}

bool upload_table_knows(struct upload_table *table, struct span id)
{
	lock_take(&table->lock);
	bool known = find(table, id) != NULL;
	lock_drop(&table->lock);
	return known;
}

void upload_table_remove(struct upload_table *table, struct upload *upload)
{
	lock_take(&table->lock);
	map_remove(&table->by_id, &upload->node);
	lock_drop(&table->lock);
}

void upload_table_count(struct upload_table *table, int64_t *ret_held,
			int64_t *ret_idle)
{
	lock_take(&table->lock);
	*ret_idle = table->idle_count;
	*ret_held = (int64_t)table->by_id.count - table->idle_count;
	lock_drop(&table->lock);
}

void upload_table_free(struct upload_table *table)
{
	bool known = false;

	if (!table)
		return;
	for (;;) {
		struct map_node *node = map_any(&table->by_id);

		if (!node)
			break;
		upload_close(upload_table_take_idle(table, node->key, &known));
	}
	map_release(&table->by_id);
	lock_release(&table->lock);
	free(table);
}
