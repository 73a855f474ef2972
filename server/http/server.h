/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_HTTP_SERVER_H
#define SERVER_HTTP_SERVER_H

/*
 * The listener: one acceptor, one event loop per core, pools of workers,
 * readers and verifiers, and the pipeline that every request passes: framing
 * and limits, request id, route, who asks, may they, body, handler, log and
 * metrics.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server/http/tls.h"

struct app;
struct audit;
struct authn;
struct authz;
struct clock_source;
struct err;
struct http_server;
struct metrics;
struct pool;
struct router;

struct http_config {
	const char *listen;  /* "127.0.0.1:5000", "[::1]:0"; port 0: any */
	size_t event_loops;  /* 0: one per core */
	size_t header_bytes; /* of all header lines: more is 431 */
	size_t target_bytes; /* of the request line's target: more is 414 */
	size_t connections;  /* at most; further ones wait to be accepted */
	size_t connections_per_address; /* 0: no limit; more are closed */
	size_t requests; /* in flight: more get 503 with Retry-After */
	int64_t header_timeout_ms;    /* from the first byte to the last header:
					 408 */
	int64_t idle_timeout_ms;      /* between requests: closed */
	int64_t body_idle_timeout_ms; /* without a byte of the body: 408 */
	int64_t body_timeout_ms;      /* for a whole body: 408 */
	int64_t drain_timeout_ms;     /* for requests in flight at the stop */
	uint64_t body_max;   /* of buffered bodies whose route sets no limit */
	uint64_t bodies_max; /* of all buffered bodies at a time: more get 503
				with Retry-After */
	bool access_log;     /* a line for every request */
	const char *trusted_proxies;  /* blocks of addresses, with commas; NULL
					 or "": none */
	int64_t requests_per_address; /* in a second; 0: no limit; more get 429
					 with Retry-After */
	int64_t requests_per_principal; /* the same */
	int64_t burst_ms;		/* whose worth a client may save up */
	struct tls_config tls;		/* without a certificate: plain HTTP */
};

/* What a challenge says; strings are borrowed. */
struct http_access {
	const char *external_url; /* below which clients reach us, or "" */
	const char *service;	  /* the audience of tokens */
	bool basic;		  /* ask for passwords rather than tokens */
};

struct http_parts {
	struct app *app;	   /* handed to handlers */
	struct router *router;	   /* which handler answers */
	struct authn *authn;	   /* who asks */
	struct authz *authz;	   /* may they */
	struct audit *audit;	   /* is told when they may not; NULL: nobody */
	struct http_access access; /* how they are asked to log in */
	struct pool *workers;	   /* run what changes something */
	struct pool *readers;	   /* run what only reads and may wait */
	struct pool *verifiers;	   /* check passwords: none else has to wait */
	struct metrics *metrics;   /* where requests are counted */
	const struct clock_source *clock; /* of every deadline */
	/* Asked when the process has no descriptor left: give up to count
	 * cached ones back.  NULL is fine.  Any thread. */
	void (*shed_files)(struct app *app, size_t count);
};

/* Bind and listen (parts and config's strings are borrowed), without accepting
 * yet: ERR_EXISTS if the address is taken; tls_new() says what else. */
int http_server_new(const struct http_config *config,
		    const struct http_parts *parts,
		    struct http_server **ret_server, struct err *err);

/* The address that it listens on, with the real port; borrowed. */
const char *http_server_address(const struct http_server *server);

/* Start accepting; returns at once. */
int http_server_start(struct http_server *server, struct err *err);

/* Limits and deadlines from a reloaded configuration: config->listen and
 * ->event_loops are not looked at.  What TLS uses is read again: -1 if that
 * fails, and the connections to come get what was there before. */
int http_server_reconfigure(struct http_server *server,
			    const struct http_config *config, struct err *err);

/* Stop accepting, let requests in flight end (up to the drain timeout), close
 * idle connections, stop the loops. */
void http_server_stop(struct http_server *server);

/* After the workers: what wakes a loop may look at it for a moment longer. */
void http_server_free(struct http_server *server);

#endif
