/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_CLIENT_H
#define CLI_CLIENT_H

/*
 * Requests to one registry, over libcurl.  Certificates are verified, the
 * credentials go to no other address than the registry's own, also where it
 * redirects to one, and a server that stands still for a minute is given up.
 * One thread.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/span.h"

struct client;
struct err;

/* Which registry, and who asks. */
struct client_config {
	const char *url;  /* "http://127.0.0.1:5000"; copied; may not be "" */
	const char *user; /* or NULL: no credentials; copied */
	const char *password;  /* copied */
	const char *ca_file;   /* PEM file of trusted authorities, or NULL */
	bool (*stopped)(void); /* true: give up what is under way; or NULL */
};

/* Needs no connection yet.  client_free accepts NULL. */
int client_new(const struct client_config *config, struct client **ret_client,
	       struct err *err);
void client_free(struct client *client);

/* Told how far a transfer is; both in bytes, total 0 while unknown. */
typedef void client_progress_fn(void *context, uint64_t done, uint64_t total);

/* One request; a zeroed member is one that is not there. */
struct client_request {
	const char *method;	  /* "GET" */
	const char *path;	  /* "/v2/..." or an absolute address */
	const char *accept;	  /* or NULL */
	const char *content_type; /* of the body, or NULL */
	struct span body;	  /* sent from memory; or */
	int body_fd;	  /* from this file (if has_body_fd), from its start */
	bool has_body_fd; /* body_fd counts */
	uint64_t body_size; /* bytes of that file */
	int sink_fd;	    /* the reply's body goes here (if has_sink_fd) */
	bool has_sink_fd;   /* sink_fd counts */
	uint64_t reply_max; /* bytes of a good reply's body; 0: 8 MiB */
	client_progress_fn *progress; /* or NULL */
	void *context;		      /* handed to progress */
};

/* What came back; release with client_reply_release. */
struct client_reply {
	long status;		 /* 200 */
	struct buf body;	 /* unless it went to a file */
	struct buf content_type; /* without parameters */
	struct buf location;	 /* of Location */
	struct buf digest;	 /* of Docker-Content-Digest */
	struct buf link;	 /* of Link */
};

/* Accepts a zeroed one. */
void client_reply_release(struct client_reply *reply);

/* Send a request and read the reply, whatever its status.  -1 ERR_UNAVAILABLE
 * if none came. */
int client_ask(struct client *client, const struct client_request *request,
	       struct client_reply *ret_reply, struct err *err);

/*
 * The same, where one status is wanted.  -1 with what to do in
 * err_for_client(): ERR_UNAVAILABLE if none came; what the registry said if its
 * status is another than want, ERR_NOT_FOUND for 404, ERR_INVALID for the rest.
 */
int client_expect(struct client *client, const struct client_request *request,
		  long want, struct client_reply *ret_reply, struct err *err);

/* Tell a reply of a status that is not wanted: -1, as client_expect(). */
int client_tell(const struct client_reply *reply,
		const struct client_request *request, struct err *err);

#endif
