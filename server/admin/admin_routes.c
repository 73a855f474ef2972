/* SPDX-License-Identifier: Apache-2.0 */
/* The admin API, a row for each of its requests.  docs/openapi.json says the
 * same for clients; a test holds the two against each other. */
#include "server/admin/admin.h"

#define V "/api/v1"
/* Bodies are kept whole, also where none is wanted: what is signed covers them.
 */
#define ROUTE(method, path, action, label, handler)                            \
	{                                                                      \
		HTTP_##method, V path, ACTION_##action, DOOR_ADMIN,            \
			BODY_BUFFERED, ADMIN_BODY_MAX, label, &handler         \
	}
#define GET(path, action, label, handler)                                      \
	ROUTE(GET, path, action, label, handler)
#define DELETE(path, action, label, handler)                                   \
	ROUTE(DELETE, path, action, label, handler)
#define PUT(path, action, label, handler)                                      \
	ROUTE(PUT, path, action, label, handler)
#define POST(path, action, label, handler)                                     \
	ROUTE(POST, path, action, label, handler)
#define PATCH(path, action, label, handler)                                    \
	ROUTE(PATCH, path, action, label, handler)

/* What a principal shows, with the actions that it takes to look, make, change
 * and take away. */
#define KEYS(base, list, create, update, remove)                               \
	GET(base "/keys", list, "keys", admin_keys),                           \
		POST(base "/keys", create, "keys", admin_key_create),          \
		PATCH(base "/keys/{id}", update, "key", admin_key_update),     \
		POST(base "/keys/{id}/rotate", create, "key",                  \
		     admin_key_rotate),                                        \
		DELETE(base "/keys/{id}", remove, "key", admin_key_delete)
#define TOKENS(base, list, create, remove)                                     \
	GET(base "/tokens", list, "tokens", admin_tokens),                     \
		POST(base "/tokens", create, "tokens", admin_token_create),    \
		DELETE(base "/tokens/{id}", remove, "token",                   \
		       admin_token_delete)
#define ATTACHMENTS(base)                                                      \
	GET(base "/policies", LIST_ATTACHMENTS, "attachments",                 \
	    admin_attachments),                                                \
		PUT(base "/policies/{policy}", ATTACH_POLICY, "attachment",    \
		    admin_attach),                                             \
		DELETE(base "/policies/{policy}", DETACH_POLICY, "attachment", \
		       admin_detach)

/* What users and robots have in common. */
#define OWNER(base, get)                                                       \
	KEYS(base, LIST_ACCESS_KEYS, CREATE_ACCESS_KEY, UPDATE_ACCESS_KEY,     \
	     DELETE_ACCESS_KEY),                                               \
		TOKENS(base, LIST_TOKENS, CREATE_TOKEN, DELETE_TOKEN),         \
		ATTACHMENTS(base),                                             \
		GET(base "/groups", get, "groups", admin_groups_of),           \
		GET(base "/certificates", LIST_CERTIFICATES, "certificates",   \
		    admin_certificates),                                       \
		POST(base "/certificates", ADD_CERTIFICATE, "certificates",    \
		     admin_certificate_add),                                   \
		DELETE(base "/certificates", REMOVE_CERTIFICATE,               \
		       "certificates", admin_certificate_remove)

const struct route admin_routes[] = {
	GET("", LOGIN, "about", admin_about),
	GET("/whoami", LOGIN, "whoami", admin_whoami),
	PUT("/me/password", SELF, "password", admin_password_change),
	KEYS("/me", SELF, SELF, SELF, SELF),
	TOKENS("/me", SELF, SELF, SELF),

	GET("/users", LIST_USERS, "users", admin_principals),
	POST("/users", CREATE_USER, "users", admin_user_create),
	GET("/users/{user}", GET_USER, "user", admin_principal),
	PATCH("/users/{user}", UPDATE_USER, "user", admin_principal_update),
	DELETE("/users/{user}", DELETE_USER, "user", admin_delete),
	PUT("/users/{user}/password", UPDATE_USER, "password",
	    admin_password_set),
	OWNER("/users/{user}", GET_USER),

	GET("/robots", LIST_ROBOTS, "robots", admin_principals),
	POST("/robots", CREATE_ROBOT, "robots", admin_robot_create),
	GET("/robots/{robot}", GET_ROBOT, "robot", admin_principal),
	PATCH("/robots/{robot}", UPDATE_ROBOT, "robot", admin_principal_update),
	DELETE("/robots/{robot}", DELETE_ROBOT, "robot", admin_delete),
	OWNER("/robots/{robot}", GET_ROBOT),

	GET("/roles", LIST_ROLES, "roles", admin_principals),
	POST("/roles", CREATE_ROLE, "roles", admin_role_create),
	GET("/roles/{role}", GET_ROLE, "role", admin_principal),
	PATCH("/roles/{role}", UPDATE_ROLE, "role", admin_principal_update),
	DELETE("/roles/{role}", DELETE_ROLE, "role", admin_delete),
	GET("/roles/{role}/trust", GET_ROLE, "trust", admin_trust),
	PUT("/roles/{role}/trust", UPDATE_ROLE, "trust", admin_trust_put),
	ATTACHMENTS("/roles/{role}"),

	GET("/groups", LIST_GROUPS, "groups", admin_groups),
	POST("/groups", CREATE_GROUP, "groups", admin_group_create),
	GET("/groups/{group}", GET_GROUP, "group", admin_group),
	PATCH("/groups/{group}", UPDATE_GROUP, "group", admin_group_update),
	DELETE("/groups/{group}", DELETE_GROUP, "group", admin_delete),
	GET("/groups/{group}/members", GET_GROUP, "members",
	    admin_group_members),
	PUT("/groups/{group}/members/{member}", ADD_TO_GROUP, "member",
	    admin_member_add),
	DELETE("/groups/{group}/members/{member}", REMOVE_FROM_GROUP, "member",
	       admin_member_remove),
	ATTACHMENTS("/groups/{group}"),

	GET("/policies", LIST_POLICIES, "policies", admin_policies),
	POST("/policies/simulate", SIMULATE_POLICY, "simulate", admin_simulate),
	GET("/policies/{policy}", GET_POLICY, "policy", admin_policy),
	PUT("/policies/{policy}", PUT_POLICY, "policy", admin_policy_put),
	DELETE("/policies/{policy}", DELETE_POLICY, "policy",
	       admin_policy_delete),

	GET("/repositories", LOGIN, "repositories", admin_repositories),
	GET("/repositories/{name}", DESCRIBE_REPOSITORIES, "repository",
	    admin_repository),
	GET("/images/{name}", DESCRIBE_IMAGES, "images", admin_images),
	GET("/repository-policies/{name}", GET_REPOSITORY_POLICY,
	    "repository_policy", admin_repository_policy),
	PUT("/repository-policies/{name}", SET_REPOSITORY_POLICY,
	    "repository_policy", admin_repository_policy_put),
	DELETE("/repository-policies/{name}", DELETE_REPOSITORY_POLICY,
	       "repository_policy", admin_repository_policy_delete),
	GET("/registry/policy", GET_REGISTRY_POLICY, "registry_policy",
	    admin_registry_policy),
	PUT("/registry/policy", PUT_REGISTRY_POLICY, "registry_policy",
	    admin_registry_policy_put),
	DELETE("/registry/policy", DELETE_REGISTRY_POLICY, "registry_policy",
	       admin_registry_policy_delete),

	GET("/issuers", LIST_ISSUERS, "issuers", admin_issuers),
	PUT("/issuers", PUT_ISSUER, "issuers", admin_issuer_put),
	DELETE("/issuers", DELETE_ISSUER, "issuers", admin_issuer_delete),

	GET("/audit", READ_AUDIT, "audit", admin_audit),
	GET("/audit/export", READ_AUDIT, "audit", admin_audit_export),
	POST("/audit/verify", READ_AUDIT, "audit", admin_audit_verify),
	GET("/audit/head", READ_AUDIT, "audit", admin_audit_head),

	POST("/signing-keys/rotate", ROTATE_SIGNING_KEY, "signing_key",
	     admin_rotate),
};

const size_t admin_route_count = sizeof(admin_routes) / sizeof(admin_routes[0]);
