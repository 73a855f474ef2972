/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_LIB_AUTHN_FIXTURE_H
#define TESTS_LIB_AUTHN_FIXTURE_H

/*
 * Everything that finds out who asks, on a new database of sql_fixture.h that
 * can fail, and the clock of meta_fixture.h.  Failures here are failed checks.
 */

#include <stdbool.h>

#include "auth/authn.h"
#include "auth/token.h"
#include "base/err.h"
#include "storage/meta_principals.h"

struct audit;
struct buf;
struct metrics;
struct seal;
struct signing;
struct sql_driver;
struct throttle;
struct used;

#define AUTHN_FIXTURE_ACCOUNT "000000000000"
#define AUTHN_FIXTURE_CACHE_MS 1000
#define AUTHN_FIXTURE_LIFE_MS 300000 /* of access tokens */
#define AUTHN_FIXTURE_TRIES 5	     /* that cost nothing */

struct authn_fixture {
	struct sql_driver *sql; /* of sql_faulty.h; meta's */
	struct meta *meta;
	struct metrics *metrics;
	struct seal *seal;
	struct signing *signing;
	struct token_config tokens;
	struct throttle *throttle;
	struct audit *audit;
	struct used *used;
	struct authn_config config; /* what authn was made of */
	struct authn *authn;
};

void authn_fixture_open(struct authn_fixture *fixture);
/* The same with a driver of one's own, which is taken. */
void authn_fixture_open_on(struct authn_fixture *fixture,
			   struct sql_driver *driver);
void authn_fixture_close(struct authn_fixture *fixture);

/* A principal, with a password unless that is NULL; the same with all else as
 * in row; store row's description, disabled, expires_ms; remove it. */
struct meta_principal authn_fixture_add(struct authn_fixture *fixture,
					enum meta_principal_kind kind,
					const char *name, const char *password);
void authn_fixture_insert(struct authn_fixture *fixture,
			  struct meta_principal *row);
void authn_fixture_update(struct authn_fixture *fixture,
			  struct meta_principal *row);
void authn_fixture_remove(struct authn_fixture *fixture, int64_t id);

/* "Basic " and that, in base64, replacing what is in header. */
void authn_fixture_basic(struct span credentials, struct buf *header);

/* What comes of a request from 192.0.2.1 with that header: the principal is to
 * be released, and is PRINCIPAL_NONE unless it is ERR_NONE. */
enum err_code authn_fixture_verify(struct authn_fixture *fixture,
				   struct span header,
				   struct principal *ret_principal);
enum authn_answer authn_fixture_quick(struct authn_fixture *fixture,
				      struct span header);

/* The details of the audit log's failures, a line each, once all is written:
 * the writer has ended then, until the fixture is closed. */
void authn_fixture_failures(struct authn_fixture *fixture, struct buf *out);

#endif
