/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http/wheel.h"

void wheel_init(struct wheel *wheel, int64_t tick_ms, int64_t now_ms)
{
	for (int i = 0; i < WHEEL_SLOTS; i++)
		list_init(&wheel->slots[i]);
	wheel->tick_ms = tick_ms;
	wheel->turn = now_ms / tick_ms;
}

void wheel_place(struct wheel *wheel, struct list *entry, int64_t when_ms)
{
	/* The tick after the moment: never early. */
	int64_t turn = when_ms / wheel->tick_ms + 1;

	if (turn <= wheel->turn)
		turn = wheel->turn + 1;
	if (turn >= wheel->turn + WHEEL_SLOTS)
		turn = wheel->turn + WHEEL_SLOTS - 1;
	list_append(&wheel->slots[turn % WHEEL_SLOTS], entry);
}

void wheel_take_due(struct wheel *wheel, int64_t now_ms, struct list *ret_due)
{
	int64_t last = now_ms / wheel->tick_ms;

	/* After a long sleep once around is enough. */
	if (last - wheel->turn > WHEEL_SLOTS)
		wheel->turn = last - WHEEL_SLOTS;
	while (wheel->turn < last) {
		struct list *slot = &wheel->slots[++wheel->turn % WHEEL_SLOTS];

		while (!list_empty(slot)) {
			struct list *entry = slot->next;

			list_remove(entry);
			list_append(ret_due, entry);
		}
	}
}
