/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_HTTP_FRONT_H
#define SERVER_HTTP_FRONT_H

/* What the acceptor and all event loops share. */

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/list.h"
#include "server/http/pipeline.h"

struct exchange;
struct lane;
struct loop;

struct front {
	struct pipeline pipeline;	  /* borrowed by every exchange */
	struct addresses *addresses;	  /* connections per address; owned */
	struct tls *tls;		  /* NULL: plain HTTP; owned */
	const struct clock_source *clock; /* borrowed */
	size_t pool_bytes;		  /* of memory for a connection */
	atomic_size_t open;		  /* connections, at present */
	/* Limits and times; a reload may change them at any time. */
	atomic_size_t connections_max;
	atomic_size_t per_address_max; /* 0: no limit */
	_Atomic int64_t header_ms;     /* to the last header field */
	_Atomic int64_t idle_ms;       /* between requests */
	_Atomic int64_t body_idle_ms;  /* without a byte moved */
	_Atomic int64_t body_ms;       /* for a whole body */
};

/* Where a connection stands; decides what its deadline means. */
enum phase {
	PHASE_IDLE,    /* no request has begun, as far as we know */
	PHASE_HELLO,   /* the handshake has begun */
	PHASE_HEADERS, /* a request has begun */
	PHASE_BODY,    /* its body comes in */
	PHASE_WORK,    /* it is being worked on: no deadline */
	PHASE_SEND,    /* its answer goes out */
	PHASE_LINGER,  /* refused; what still comes in is thrown away */
	PHASE_DEAD,    /* shut down; the transport will notice */
};

#define PEER_SIZE 48 /* bytes of an address in text, with its NUL */

/* A connection; its event loop's, once it was given to one. */
struct connection {
	struct connection *next;	 /* in the loop's list of new ones */
	struct list place;		 /* in the loop's wheel */
	struct loop *loop;		 /* borrowed */
	struct exchange *exchange;	 /* the one that runs, or NULL */
	void *wire;			 /* the transport's, once it has one */
	struct lane *lane;		 /* the transport's, with wire */
	struct tls_link *tls;		 /* owned; NULL on plain HTTP */
	struct list shaking;		 /* in the loop's handshakes */
	int fd;				 /* the transport closes it */
	struct sockaddr_storage address; /* of the client */
	socklen_t address_len;		 /* bytes of it that count */
	char peer[PEER_SIZE];  /* the same in text, without the port */
	enum phase phase;      /* set by loop_phase(), and when shut down */
	int64_t deadline_ms;   /* when that phase must have ended */
	int64_t body_until_ms; /* when the whole body must be there */
	uint64_t progress;     /* bytes that the kernel had counted at the last
				  look, 0 if bytes of a body waited then;
				  UINT64_MAX: never looked */
};

/* Give a connection's share back and free it; its socket is closed already, or
 * is so by the caller. */
void front_forget(struct front *front, struct connection *connection);

#endif
