/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_LIB_HTTP_CLIENT_H
#define TESTS_LIB_HTTP_CLIENT_H

/*
 * A blocking HTTP/1.1 client that sends exactly the bytes that it is told, for
 * tests of what no well-behaved client does.  A failure fails the case; so does
 * an answer that has not come after ten seconds.
 */

#include <stdbool.h>
#include <stddef.h>

#define HTTP_ANSWER_HEAD_SIZE 16384 /* bytes of status line and fields */

struct http_client {
	int fd;		 /* -1 once closed */
	char *held;	 /* bytes read ahead; owned */
	size_t held_len; /* how many */
};

struct http_answer {
	int status; /* 0: the connection ended without an answer */
	char head[HTTP_ANSWER_HEAD_SIZE]; /* as it came, with a NUL */
	char *body;			  /* owned; ends in a NUL; never NULL */
	size_t body_len;		  /* bytes */
	bool whole; /* as many bytes as its Content-Length said */
};

/* Connect to "host:port". */
void http_client_open(struct http_client *client, const char *address);
void http_client_close(struct http_client *client);

/* Send bytes; a peer that has closed is no failure. */
void http_client_send(struct http_client *client, const void *data, size_t len);
void http_client_text(struct http_client *client, const char *text);

/* Read one answer; no_body for one to HEAD.  Release it with
 * http_answer_release(). */
void http_client_read(struct http_client *client, bool no_body,
		      struct http_answer *ret_answer);
void http_answer_release(struct http_answer *answer);

/* Read exactly that text; anything else fails the case. */
void http_client_wait(struct http_client *client, const char *text);

/* Read to the end, and say whether that text is in it. */
bool http_client_sees(struct http_client *client, const char *text);

/* Read at most len bytes more, and keep them: how many came. */
size_t http_client_take(struct http_client *client, size_t len);

/* True if the peer closes, or has closed, without sending more. */
bool http_client_ended(struct http_client *client);

/* The value of a field, or NULL; *out has room for size bytes. */
const char *http_answer_field(const struct http_answer *answer,
			      const char *name, char *out, size_t size);

/* Open, send a request without a body, read the answer, close. */
void http_get(const char *address, const char *method, const char *target,
	      const char *fields, struct http_answer *ret_answer);

#endif
