/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/blob_buffer.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "base/err.h"

void blob_buffers_init(struct blob_buffers *buffers, size_t ceiling)
{
	*buffers = (struct blob_buffers){.ceiling = ceiling};
}

void blob_buffers_release(struct blob_buffers *buffers)
{
	assert(buffers->taken == 0);
	blob_buffer_free_list(blob_buffers_trim(buffers));
}

bool blob_buffers_fit(const struct blob_buffers *buffers, size_t capacity)
{
	return buffers->taken + capacity <= buffers->ceiling;
}

/* Mapped rather than allocated: only so does freeing one surely give its memory
 * back to the kernel. */
static int buffer_new(size_t capacity, struct blob_buffer **ret_buffer,
		      struct err *err)
{
	struct blob_buffer *buffer = malloc(sizeof(*buffer));
	if (!buffer)
		return err_set(err, ERR_NO_MEMORY, "no memory for a buffer");
	/* cppcheck-suppress invalidFunctionArg; anonymous memory wants -1 */
	void *data = mmap(NULL, capacity, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (data == MAP_FAILED) {
		int error = errno;

		free(buffer);
		return err_sys(err, error, "mapping a buffer");
	}
	*buffer = (struct blob_buffer){.data = data, .capacity = capacity};
	*ret_buffer = buffer;
	return 0;
}

static struct blob_buffer **kept_list(struct blob_buffers *buffers,
				      size_t capacity)
{
	return capacity == BLOB_BUFFER_LARGE ? &buffers->large
					     : &buffers->small;
}

int blob_buffers_take(struct blob_buffers *buffers, size_t capacity,
		      uint64_t offset, struct blob_buffer **ret_buffer,
		      struct err *err)
{
	struct blob_buffer **list = kept_list(buffers, capacity);
	struct blob_buffer *buffer = *list;

	if (buffer)
		*list = buffer->next;
	else if (buffer_new(capacity, &buffer, err) < 0)
		return -1;
	buffer->next = NULL;
	buffer->len = 0;
	buffer->offset = offset;
	buffer->limit = capacity - (size_t)(offset % BLOB_BUFFER_ALIGN);
	buffers->taken += capacity;
	*ret_buffer = buffer;
	return 0;
}

void blob_buffers_put(struct blob_buffers *buffers, struct blob_buffer *buffer)
{
	struct blob_buffer **list = kept_list(buffers, buffer->capacity);

	assert(buffers->taken >= buffer->capacity);
	buffers->taken -= buffer->capacity;
	buffer->next = *list;
	*list = buffer;
}

bool blob_buffers_kept(const struct blob_buffers *buffers)
{
	return buffers->small || buffers->large;
}

struct blob_buffer *blob_buffers_trim(struct blob_buffers *buffers)
{
	struct blob_buffer *list = buffers->small;
	struct blob_buffer **end = &list;

	while (*end)
		end = &(*end)->next;
	*end = buffers->large;
	buffers->small = NULL;
	buffers->large = NULL;
	return list;
}

void blob_buffer_free_list(struct blob_buffer *list)
{
	while (list) {
		struct blob_buffer *next = list->next;

		munmap(list->data, list->capacity);
		free(list);
		list = next;
	}
}
