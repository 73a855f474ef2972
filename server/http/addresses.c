/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http/addresses.h"

#include <netinet/in.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/lock.h"
#include "base/map.h"

#define KEY_MAX 16 /* bytes of an IPv6 address */

struct addresses {
	struct lock lock;
	struct map map; /* of struct client; guarded by lock */
};

struct client {
	struct map_node node;
	char key[KEY_MAX];
	size_t count;
};

static struct span key_of(const struct sockaddr_storage *address)
{
	if (address->ss_family == AF_INET) {
		const struct sockaddr_in *in = (const void *)address;

		return span_make((const char *)&in->sin_addr,
				 sizeof(in->sin_addr));
	}
	if (address->ss_family == AF_INET6) {
		const struct sockaddr_in6 *in = (const void *)address;

		return span_make((const char *)&in->sin6_addr,
				 sizeof(in->sin6_addr));
	}
	return SPAN_LIT("");
}

int addresses_new(struct addresses **ret_addresses, struct err *err)
{
	struct addresses *addresses = calloc(1, sizeof(*addresses));

	if (!addresses)
		return err_set(err, ERR_NO_MEMORY, "no memory for addresses");
	if (map_init(&addresses->map, err) < 0) {
		free(addresses);
		return -1;
	}
	lock_init(&addresses->lock);
	*ret_addresses = addresses;
	return 0;
}

void addresses_free(struct addresses *addresses)
{
	struct map_node *node;

	if (!addresses)
		return;
	while ((node = map_any(&addresses->map))) {
		map_remove(&addresses->map, node);
		free(CONTAINER_OF(node, struct client, node));
	}
	map_release(&addresses->map);
	lock_release(&addresses->lock);
	free(addresses);
}

static struct client *find(const struct addresses *addresses, struct span key)
{
	struct map_node *node = map_find(&addresses->map, key);

	return node ? CONTAINER_OF(node, struct client, node) : NULL;
}

static struct client *make(struct addresses *addresses, struct span key)
{
	struct client *client = calloc(1, sizeof(*client));

	if (!client)
		return NULL;
	memcpy(client->key, key.text, key.len);
	map_insert(&addresses->map, &client->node,
		   span_make(client->key, key.len));
	return client;
}

bool addresses_enter(struct addresses *addresses,
		     const struct sockaddr_storage *address, size_t max)
{
	struct span key = key_of(address);
	bool entered = false;

	lock_take(&addresses->lock);
	struct client *client = find(addresses, key);

	if (!client)
		client = make(addresses, key);
	if (client && (max == 0 || client->count < max)) {
		client->count++;
		entered = true;
	}
	lock_drop(&addresses->lock);
	return entered;
}

void addresses_leave(struct addresses *addresses,
		     const struct sockaddr_storage *address)
{
	lock_take(&addresses->lock);
	struct client *client = find(addresses, key_of(address));

	if (client && --client->count == 0) {
		map_remove(&addresses->map, &client->node);
		free(client);
	}
	lock_drop(&addresses->lock);
}
