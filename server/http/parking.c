/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http/parking.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"
#include "server/http/front.h"

#define TLS_HANDSHAKE 0x16 /* the type of a TLS record */
#define HELLO_SIZE 4096	   /* bytes of a handshake that are read away */
#define PAGE(text)                                                             \
	"HTTP/1.1 400 Bad Request\r\n"                                         \
	"Content-Type: text/plain\r\n"                                         \
	"Content-Length: 33\r\n"                                               \
	"Connection: close\r\n\r\n" text
#define TAKEN_MAX 64 /* events asked for at a time */

enum hello hello_peek(int fd)
{
	unsigned char byte = 0;
	ssize_t got = recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);

	if (got == 1 && byte == TLS_HANDSHAKE)
		return HELLO_TLS;
	if (got == 1)
		return byte == 'P' ? HELLO_UPLOAD : HELLO_HTTP;
	if (got < 0 &&
	    (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
		return HELLO_NONE;
	return HELLO_END;
}

/* What is left unread when a socket is closed turns into a reset, which may
 * overtake the answer. */
void hello_refuse(int fd, bool tls)
{
	static const char *const pages[] = {
		PAGE("this port speaks HTTP, not HTTPS\n"),
		PAGE("this port speaks HTTPS, not HTTP\n")};
	char hello[HELLO_SIZE];

	(void)recv(fd, hello, sizeof(hello), MSG_DONTWAIT);
	(void)send(fd, pages[tls], strlen(pages[tls]),
		   MSG_DONTWAIT | MSG_NOSIGNAL);
	shutdown(fd, SHUT_RDWR);
}

int parking_open(struct parking *parking, struct err *err)
{
	parking->count = 0;
	parking->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (parking->epoll_fd < 0)
		return err_sys(err, errno, "epoll of new connections");
	return 0;
}

void parking_release(struct parking *parking)
{
	if (parking->epoll_fd >= 0)
		close(parking->epoll_fd);
	parking->epoll_fd = -1;
}

int parking_put(struct parking *parking, struct connection *connection,
		bool to_send)
{
	struct epoll_event event = {.events = to_send ? EPOLLOUT
						      : EPOLLIN | EPOLLRDHUP,
				    .data.ptr = connection};

	if (epoll_ctl(parking->epoll_fd, EPOLL_CTL_ADD, connection->fd,
		      &event) < 0)
		return -1;
	parking->count++;
	return 0;
}

size_t parking_take(struct parking *parking,
		    struct connection **ret_connections, size_t max)
{
	struct epoll_event events[TAKEN_MAX];
	int found = 0;

	if (parking->count == 0)
		return 0;
	found = epoll_wait(parking->epoll_fd, events,
			   (int)(max < TAKEN_MAX ? max : TAKEN_MAX), 0);
	for (int i = 0; i < found; i++) {
		struct connection *connection = events[i].data.ptr;

		epoll_ctl(parking->epoll_fd, EPOLL_CTL_DEL, connection->fd,
			  NULL);
		parking->count--;
		ret_connections[i] = connection;
	}
	return found > 0 ? (size_t)found : 0;
}
