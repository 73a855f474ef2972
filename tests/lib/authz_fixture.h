/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_LIB_AUTHZ_FIXTURE_H
#define TESTS_LIB_AUTHZ_FIXTURE_H

/*
 * Principals, policies and questions to test authz with, on an open database.
 * Policies are written as policy_fixture.h wants, or behind "raw:" as they are
 * to be stored.  What changes something has authz forget.
 */

#include "auth/authz.h"
#include "base/buf.h"
#include "storage/meta_principals.h"
#include "tests/lib/check.h"
#include "tests/lib/meta_fixture.h"
#include "tests/lib/policy_fixture.h"

extern struct meta *authz_fixture_meta;	     /* open */
extern struct sql_driver *authz_fixture_sql; /* below it; sql_faulty.h */
extern struct authz *authz_fixture;	     /* open */

void authz_fixture_open_with(enum anonymous_access anonymous);
void authz_fixture_open(void); /* anonymous clients may nothing */
void authz_fixture_close(void);

/* A new one: a password's user, a robot, a session of a role. */
struct principal authz_fixture_add(enum meta_principal_kind kind,
				   const char *name);
struct principal authz_fixture_alice(void); /* a user */

/* Attach a policy of that name for all repositories, which is ready-made if
 * there is no text; take it away. */
void authz_fixture_give(int64_t id, const char *name, const char *text);
void authz_fixture_take(int64_t id, const char *name);

/* Set the policy of a repository, made if need be, or of the registry; NULL
 * removes it. */
void authz_fixture_repository(const char *name, const char *text);
void authz_fixture_registry(const char *text);

/* A document as it is stored. */
void authz_fixture_document(const char *text, struct buf *out);

/* A question, asked from 192.0.2.1. */
struct authz_question authz_fixture_about(const struct principal *who,
					  enum action action,
					  const char *repository);

/* Ask: the code it is refused with, or ERR_NONE. */
enum err_code authz_fixture_check(const struct principal *who,
				  enum action action, const char *repository);

/* The same about a manifest; and what authz_quick() says. */
enum err_code authz_fixture_pull(const struct principal *who,
				 const char *repository);
int authz_fixture_quick(const struct principal *who, const char *repository);

#endif
