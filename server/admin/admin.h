/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_ADMIN_ADMIN_H
#define SERVER_ADMIN_ADMIN_H

/*
 * The admin API below /api/v1, JSON in and out: docs/openapi.json says what.
 * This header has its routes, and what its handlers share.
 *
 * Answers are never stored by anybody on the way, may hold a secret once, and
 * are for no page of another origin: there are no CORS fields, and what a form
 * could send is refused for its content type.
 */

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "auth/identity.h"
#include "base/buf.h"
#include "base/span.h"
#include "server/http/request.h"
#include "server/http/router.h"

struct err;

/* The rows of the API (admin_routes.c). */
extern const struct route admin_routes[];
extern const size_t admin_route_count;

/* Tell a failure: {"error":{"code","message"}}. */
void admin_error(struct request *request, const struct err *err);

/* ---- what a request says ---- */

#define ADMIN_BODY_MAX 65536 /* bytes of a body */

/* Who makes the change that the request asks for. */
struct identity_by admin_by(const struct request *request);

/* Whom the path is about: a principal or group and, in the placeholder behind
 * its name, of what of his.  Below /me it is who asks, a user (ACTION_SELF). */
struct admin_subject {
	struct identity_who who; /* borrowed from the request */
	struct span rest;	 /* the placeholder behind it, or "" */
};
struct admin_subject admin_subject(const struct request *request);

/*
 * The body as an object whose members are among those named (a list that ends
 * in NULL): -1 ERR_INVALID, which names what is wrong.  No body is the empty
 * object, but the content type must be JSON in any case.
 */
int admin_body(struct request *request, const char *const *members,
	       json_t **ret_json, struct err *err);

/* Check that json is an object whose members are among those named: 0 or -1. */
int admin_members(json_t *json, const char *const *members, struct err *err);

/* A body that is a document of its own: its bytes. */
int admin_document(struct request *request, struct span *ret_document,
		   struct err *err);

/* A member that must be there and be a string: 0 or -1. */
int admin_text(const json_t *json, const char *name, struct span *ret_text,
	       struct err *err);

/* "expires_in": 1 with seconds (0 for null: never), 0 if it is absent, -1. */
int admin_life(const json_t *json, int64_t *ret_life_s, struct err *err);

/* Which part of a listing: ?limit= and ?after=. */
struct admin_page {
	struct span after; /* "" for the start */
	size_t limit;	   /* entries at most */
};
int admin_page(struct request *request, struct admin_page *ret_page,
	       struct err *err);

/* A query parameter that must be there: 0 or -1. */
int admin_query(struct request *request, const char *name,
		struct span *ret_value, struct err *err);

/* A query parameter that says whether, false if it is not there: 0 or -1. */
int admin_flag(struct request *request, const char *name, bool *ret_flag,
	       struct err *err);

/* ---- what it is answered ---- */

/* The header fields that stand on every answer, once. */
void admin_protect(struct request *request);

/* Status and the body to append to, after its "{"; or no body: 204. */
struct buf *admin_answer(struct request *request, int status);
void admin_done(struct request *request);

/* Answer with a document, byte for byte as it is stored. */
int admin_answer_document(struct request *request, const struct buf *document,
			  struct err *err);

/* Append a time as text, null for 0. */
void admin_time(struct buf *out, const char *name, int64_t wall_ms);
void admin_bool(struct buf *out, const char *name, bool value);
void admin_integer(struct buf *out, const char *name, int64_t value);

/* A listing in the making: {"users":[..., and its end with "next". */
#define ADMIN_LAST_SIZE 512 /* bytes of the longest name, with its NUL */
struct admin_list {
	struct buf *body;	    /* what is appended to; borrowed */
	char last[ADMIN_LAST_SIZE]; /* the newest entry: where the page ends */
	struct span account;	    /* for names of resources; borrowed */
};
void admin_list_begin(struct request *request, const char *name,
		      struct admin_list *ret_list);

/* A meta_name_fn with a struct admin_list as its context. */
int admin_list_name(void *list, struct span name, struct err *err);
void admin_list_mark(struct admin_list *list, struct span last);
void admin_list_end(struct admin_list *list, bool more);

/* ---- handlers, by file ---- */

extern const struct handler admin_about, admin_whoami; /* about.c */

/* principals.c: users, robots, roles */
extern const struct handler admin_principals, admin_principal,
	admin_principal_update, admin_delete;

/* creation.c */
extern const struct handler admin_user_create, admin_robot_create,
	admin_role_create;

/* passwords.c */
extern const struct handler admin_password_set, admin_password_change;

/* groups.c */
extern const struct handler admin_groups, admin_group, admin_group_create,
	admin_group_update, admin_group_members, admin_member_add,
	admin_member_remove, admin_groups_of;

/* keys.c, tokens.c */
extern const struct handler admin_keys, admin_key_create, admin_key_update,
	admin_key_rotate, admin_key_delete, admin_tokens, admin_token_create,
	admin_token_delete;

/* attachments.c, policies.c */
extern const struct handler admin_attachments, admin_attach, admin_detach,
	admin_policies, admin_policy, admin_policy_put, admin_policy_delete,
	admin_simulate;

/* documents.c */
extern const struct handler admin_trust, admin_trust_put,
	admin_repository_policy, admin_repository_policy_put,
	admin_repository_policy_delete, admin_registry_policy,
	admin_registry_policy_put, admin_registry_policy_delete;

/* repositories.c */
extern const struct handler admin_repositories, admin_repository, admin_images;

/* trust.c */
extern const struct handler admin_issuers, admin_issuer_put,
	admin_issuer_delete, admin_certificates, admin_certificate_add,
	admin_certificate_remove, admin_rotate;

/* audit.c */
extern const struct handler admin_audit, admin_audit_export, admin_audit_verify,
	admin_audit_head;

#endif
