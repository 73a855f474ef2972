/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_LIST_H
#define BASE_LIST_H

/* An intrusive doubly linked list; its head is an entry in no struct. */

#include <stdbool.h>

struct list {
	struct list *next; /* the first, in a head */
	struct list *prev; /* the last, in a head */
};

static inline void list_init(struct list *head)
{
	head->next = head;
	head->prev = head;
}

static inline bool list_empty(const struct list *head)
{
	return head->next == head;
}

static inline void list_insert_before(struct list *at, struct list *entry)
{
	entry->prev = at->prev;
	entry->next = at;
	at->prev->next = entry;
	at->prev = entry;
}

static inline void list_append(struct list *head, struct list *entry)
{
	list_insert_before(head, entry);
}

static inline void list_prepend(struct list *head, struct list *entry)
{
	list_insert_before(head->next, entry);
}

/* Take an entry out; it is a list of its own then. */
static inline void list_remove(struct list *entry)
{
	entry->prev->next = entry->next;
	entry->next->prev = entry->prev;
	list_init(entry);
}

#endif
