/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_OCI_OCI_H
#define SERVER_OCI_OCI_H

/* What the handlers of the OCI distribution API share. */

#include <stddef.h>

#include "base/span.h"
#include "server/http/request.h"
#include "server/http/router.h"
#include "storage/registry.h"

struct err;
struct registry_page;

/* The rows of the API (server/oci/oci_routes.c). */
extern const struct route oci_routes[];
extern const size_t oci_route_count;

/* The handlers, by file. */
extern const struct handler oci_base;		 /* base.c: GET /v2/ */
extern const struct handler oci_extensions;	 /* base.c */
extern const struct handler oci_token_get;	 /* token.c */
extern const struct handler oci_token_post;	 /* token.c */
extern const struct handler oci_keys;		 /* token.c */
extern const struct handler oci_catalog;	 /* catalog.c */
extern const struct handler oci_tags;		 /* tags.c */
extern const struct handler oci_referrers;	 /* referrers.c */
extern const struct handler oci_manifest_get;	 /* manifests.c */
extern const struct handler oci_manifest_put;	 /* manifests.c */
extern const struct handler oci_manifest_delete; /* manifests.c */
extern const struct handler oci_blob_get;	 /* blobs.c */
extern const struct handler oci_blob_delete;	 /* blobs.c */
extern const struct handler oci_upload_post;	 /* upload_start.c */
extern const struct handler oci_upload_patch;	 /* uploads.c */
extern const struct handler oci_upload_put;	 /* uploads.c */
extern const struct handler oci_upload_get;	 /* uploads.c */
extern const struct handler oci_upload_delete;	 /* uploads.c */

/* Tell a failure in the form of the specification (oci_error.c). */
void oci_error(struct request *request, const struct err *err);

/* The code of the specification for a failure: "MANIFEST_UNKNOWN". */
const char *oci_error_code(enum err_code code);

/* Its HTTP status. */
int oci_error_status(enum err_code code);

/* The repository that the path names and who asks: -1 ERR_NAME_INVALID. */
int oci_at(const struct request *request, struct registry_at *ret_at,
	   struct err *err);

/* The same for a push, with whether it may make the repository; on a worker. */
int oci_at_push(struct request *request, struct registry_at *ret_at,
		struct err *err);

/* The page that ?n= and ?last= ask for, within registry.page_max; the spans
 * borrow from the request.  -1 ERR_PAGE_INVALID, ERR_INVALID. */
int oci_page(struct request *request, struct registry_page *ret_page,
	     struct err *err);

/* A Link to the page of n behind last, of the same listing; query is what it
 * was asked with besides ("" or "artifactType=..."), already encoded. */
void oci_link_next(struct request *request, size_t n, struct span last,
		   const char *query);

/* Location of a resource of this server: relative, or below
 * server.external_url. */
void oci_location(struct request *request, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Say that what is pushed will not outlive the server, where that is so. */
void oci_warn_volatile(struct request *request);

/* The key of a cached answer: its repository's part comes first. */
struct oci_key {
	struct span repository; /* its start: the generation */
	struct span whole;	/* with the kind and the name */
};

/* Keys of a kind ('m', 'b') and a name, in the request's arena; false if there
 * is no memory or no cache. */
bool oci_key_make(struct request *request, char kind, struct span name,
		  struct oci_key *ret_key);

#endif
