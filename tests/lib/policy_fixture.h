/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_LIB_POLICY_FIXTURE_H
#define TESTS_LIB_POLICY_FIXTURE_H

/*
 * Decisions as rows of a table.  JSON is written with ' for " and ` for '; a
 * document that has no 'Statement' is a list of statements, which is put into
 * one.
 */

#include "auth/policy.h"
#include "base/buf.h"

/* A question with all that counts for it; NULL: there is none. */
struct policy_case {
	const char *identity;	/* policy of who asks */
	const char *group;	/* a second one, that a group brought */
	const char *repository; /* policy of the repository */
	const char *registry;	/* policy of the registry */
	const char *session;	/* policy of the role's session */
	const char *who;	/* "alice", "bob@111111111111", "deploy/ci" (a
				   role's session), "" (anonymous); NULL: alice */
	const char *action;	/* NULL: ecr:BatchGetImage */
	const char *resource; /* a repository's name, or "*"; NULL: team/app */
	/* "name=value;name=value"; "~name" is one that is looked up. */
	const char *keys;
	enum policy_effect want; /* the decision */
};

/* A document as JSON. */
void policy_fixture_document(const char *text, struct buf *out);

/* Compile, or end the case; NULL is none. */
struct policy *policy_fixture_parse(enum policy_kind kind, const char *text);

/* The question of a row, which lives until the next call. */
const struct policy_question *
policy_fixture_question(const struct policy_case *row);

/* Decide a row. */
enum policy_effect policy_fixture_decide(const struct policy_case *row,
					 struct policy_reason *ret_reason);

/* Decide all rows; the case fails, naming the row, where one is not as wanted.
 */
void policy_fixture_check(const struct policy_case *rows, size_t count);

#define POLICY_CHECK(rows)                                                     \
	policy_fixture_check(rows, sizeof(rows) / sizeof((rows)[0]))

/* Statements: of identities, and of repositories. */
#define STATEMENT(effect, action, resource)                                    \
	"{'Effect':'" effect "','Action':'" action "','Resource':'" resource   \
	"'}"
#define ALLOW(action) STATEMENT("Allow", action, "*")
#define DENY(action) STATEMENT("Deny", action, "*")
#define GRANT(principal, action)                                               \
	"{'Effect':'Allow','Principal':" principal ",'Action':'" action "'}"
#define REFUSE(principal, action)                                              \
	"{'Effect':'Deny','Principal':" principal ",'Action':'" action "'}"
#define AWS(name) "{'AWS':'" name "'}"
#define USER(name) AWS("arn:aws:iam::000000000000:user/" name)
#define REPOSITORY(name) "arn:aws:ecr:local:000000000000:repository/" name

#endif
