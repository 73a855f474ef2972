/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a session sends.  The HTTP library hands over an answer's head and its
 * body one by one, and each would be a segment that costs as much as all the
 * rest of a small answer.  So what is small waits for what comes next, or for
 * the end of the turn; but only where the kernel has sent everything, so that
 * there is room for it then.
 */
#include <errno.h>
#include <linux/sockios.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "base/map.h"
#include "server/http/tls_context.h"

#define HELD_MAX 2048 /* bytes that wait */
#define PIECES_MAX 16 /* sent at a time */

static size_t length(const giovec_t *pieces, int count)
{
	size_t len = 0;

	for (int i = 0; i < count; i++)
		len += pieces[i].iov_len;
	return len;
}

static bool may_hold(const struct tls_link *link, size_t len)
{
	int unsent = 1;

	return link->ready && !link->held && len <= HELD_MAX &&
	       ioctl(link->fd, SIOCOUTQ, &unsent) == 0 && unsent == 0;
}

static bool hold(struct tls_link *link, const giovec_t *pieces, int count,
		 size_t len)
{
	link->held = malloc(len);
	if (!link->held)
		return false;
	link->held_len = 0;
	for (int i = 0; i < count; i++) {
		memcpy(link->held + link->held_len, pieces[i].iov_base,
		       pieces[i].iov_len);
		link->held_len += pieces[i].iov_len;
	}
	list_append(link->holding, &link->place);
	return true;
}

static void let_go(struct tls_link *link, size_t sent)
{
	if (!link->held)
		return;
	if (sent < link->held_len) {
		link->held_len -= sent;
		memmove(link->held, link->held + sent, link->held_len);
		return;
	}
	list_remove(&link->place);
	free(link->held);
	link->held = NULL;
	link->held_len = 0;
}

/* As sendmsg(), not counting what was held before. */
static ssize_t send_all(struct tls_link *link, const giovec_t *pieces,
			int count)
{
	struct iovec parts[PIECES_MAX + 1] = {
		{.iov_base = link->held, .iov_len = link->held_len}};
	size_t held = link->held_len;

	if (count > PIECES_MAX)
		count = PIECES_MAX;
	for (int i = 0; i < count; i++)
		parts[i + 1] = pieces[i];
	struct msghdr message = {.msg_iov = held ? parts : parts + 1,
				 .msg_iovlen = (size_t)count + (held > 0)};
	ssize_t sent = sendmsg(link->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (sent < 0)
		return -1;
	let_go(link, (size_t)sent);
	if ((size_t)sent > held)
		return sent - (ssize_t)held;
	errno = EAGAIN;
	return -1;
}

ssize_t tls_push(gnutls_transport_ptr_t context, const giovec_t *pieces,
		 int count)
{
	struct tls_link *link = context;
	size_t len = length(pieces, count);

	if (may_hold(link, len) && hold(link, pieces, count, len))
		return (ssize_t)len;
	return send_all(link, pieces, count);
}

void tls_link_flush(struct tls_link *link)
{
	if (link->held)
		send_all(link, NULL, 0);
}

void tls_flush(struct list *holding)
{
	struct list *at = holding->next;

	while (at != holding) {
		struct tls_link *link =
			CONTAINER_OF(at, struct tls_link, place);

		at = at->next;
		tls_link_flush(link);
	}
}
