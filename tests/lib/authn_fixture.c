/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/authn_fixture.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "auth/audit.h"
#include "auth/password.h"
#include "auth/seal.h"
#include "auth/signing.h"
#include "auth/throttle.h"
#include "auth/used.h"
#include "base/buf.h"
#include "base/enc.h"
#include "base/err.h"
#include "base/metrics.h"
#include "storage/meta_audit.h"
#include "tests/lib/check.h"
#include "tests/lib/meta_fixture.h"
#include "tests/lib/sql_faulty.h"
#include "tests/lib/sql_fixture.h"
#include "tests/lib/tmpdir.h"

#define ACCOUNT SPAN_LIT(AUTHN_FIXTURE_ACCOUNT)

static void open_database(struct authn_fixture *fixture,
			  struct sql_driver *driver)
{
	char dir[TMPDIR_SIZE];
	struct err err = ERR_INIT;

	meta_fixture_ms = INT64_C(1700000000000);
	tmpdir_make(dir);
	int dir_fd = open(dir, O_RDONLY | O_DIRECTORY);
	CHECK(seal_open(dir_fd, "server.key", &fixture->seal, &err) == 0);
	close(dir_fd);
	fixture->sql = driver;
	CHECK(meta_open(fixture->sql, &meta_fixture_clock, &fixture->meta,
			&err) == 0);
	CHECK(metrics_new(&fixture->metrics, &err) == 0);
}

static void open_tokens(struct authn_fixture *fixture)
{
	struct signing_config keys = {.meta = fixture->meta,
				      .seal = fixture->seal,
				      .clock = &meta_fixture_clock,
				      .life_ms = INT64_C(1) << 40,
				      .overlap_ms = AUTHN_FIXTURE_LIFE_MS};
	struct err err = ERR_INIT;

	CHECK(signing_new(&keys, &fixture->signing, &err) == 0);
	fixture->tokens =
		(struct token_config){.meta = fixture->meta,
				      .signing = fixture->signing,
				      .clock = &meta_fixture_clock,
				      .service = "berth",
				      .issuer = "berth",
				      .access_life_ms = AUTHN_FIXTURE_LIFE_MS,
				      .refresh_life_ms = AUTHN_FIXTURE_LIFE_MS};
}

static void open_observers(struct authn_fixture *fixture)
{
	struct throttle_config slow = {.meta = fixture->meta,
				       .clock = &meta_fixture_clock,
				       .free_tries = AUTHN_FIXTURE_TRIES,
				       .wait_max_ms = 60000};
	struct audit_config log = {.meta = fixture->meta,
				   .clock = &meta_fixture_clock,
				   .metrics = fixture->metrics,
				   .account = ACCOUNT};
	struct err err = ERR_INIT;

	CHECK(throttle_new(&slow, &fixture->throttle, &err) == 0);
	CHECK(audit_new(&log, &fixture->audit, &err) == 0);
	CHECK(used_new(fixture->meta, &meta_fixture_clock, &fixture->used,
		       &err) == 0);
}

void authn_fixture_open(struct authn_fixture *fixture)
{
	authn_fixture_open_on(fixture, sql_faulty_new(sql_fixture_new()));
}

void authn_fixture_open_on(struct authn_fixture *fixture,
			   struct sql_driver *driver)
{
	struct err err = ERR_INIT;

	open_database(fixture, driver);
	open_tokens(fixture);
	open_observers(fixture);
	fixture->config =
		(struct authn_config){.meta = fixture->meta,
				      .clock = &meta_fixture_clock,
				      .account = AUTHN_FIXTURE_ACCOUNT,
				      .cache_ms = AUTHN_FIXTURE_CACHE_MS,
				      .tokens = &fixture->tokens,
				      .seal = fixture->seal,
				      .throttle = fixture->throttle,
				      .audit = fixture->audit,
				      .used = fixture->used};
	CHECK(authn_new(&fixture->config, &fixture->authn, &err) == 0);
}

void authn_fixture_close(struct authn_fixture *fixture)
{
	authn_free(fixture->authn);
	audit_free(fixture->audit);
	throttle_free(fixture->throttle);
	signing_free(fixture->signing);
	used_free(fixture->used);
	meta_close(fixture->meta);
	metrics_free(fixture->metrics);
	seal_free(fixture->seal);
}

/* ---- principals ---- */

static int insert_work(struct meta_tx *tx, void *context, struct err *err)
{
	struct meta_principal *row = context;

	return meta_principal_insert(tx, row, &row->id, err);
}

static int update_work(struct meta_tx *tx, void *context, struct err *err)
{
	return meta_principal_update(tx, context, err);
}

static int remove_work(struct meta_tx *tx, void *context, struct err *err)
{
	const int64_t *id = context;

	return meta_principal_delete(tx, *id, err);
}

void authn_fixture_insert(struct authn_fixture *fixture,
			  struct meta_principal *row)
{
	meta_fixture_write(fixture->meta, insert_work, row);
}

void authn_fixture_update(struct authn_fixture *fixture,
			  struct meta_principal *row)
{
	meta_fixture_write(fixture->meta, update_work, row);
	authn_forget(fixture->authn);
}

void authn_fixture_remove(struct authn_fixture *fixture, int64_t id)
{
	meta_fixture_write(fixture->meta, remove_work, &id);
	authn_forget(fixture->authn);
}

struct meta_principal authn_fixture_add(struct authn_fixture *fixture,
					enum meta_principal_kind kind,
					const char *name, const char *password)
{
	struct meta_principal row = {.kind = kind,
				     .account = AUTHN_FIXTURE_ACCOUNT};
	struct err err = ERR_INIT;

	snprintf(row.name, sizeof(row.name), "%s", name);
	if (password)
		CHECK(password_hash(span_of(password), row.password_hash,
				    &err) == 0);
	authn_fixture_insert(fixture, &row);
	return row;
}

/* ---- requests ---- */

void authn_fixture_basic(struct span credentials, struct buf *header)
{
	buf_clear(header);
	buf_append_text(header, "Basic ");
	enc_base64(credentials.text, credentials.len, header);
}

static struct authn_request request_of(struct span header)
{
	return (struct authn_request){.header = header,
				      .source = SPAN_LIT("192.0.2.1"),
				      .id = SPAN_LIT("id")};
}

enum err_code authn_fixture_verify(struct authn_fixture *fixture,
				   struct span header,
				   struct principal *ret_principal)
{
	struct authn_request shown = request_of(header);
	struct err err = ERR_INIT;

	*ret_principal = (struct principal){.kind = PRINCIPAL_NONE};
	int rc = authn_verify(fixture->authn, &shown, ret_principal, &err);
	CHECK((rc == 0) == (err.code == ERR_NONE));
	CHECK((rc == 0) == (ret_principal->kind != PRINCIPAL_NONE));
	return err.code;
}

enum authn_answer authn_fixture_quick(struct authn_fixture *fixture,
				      struct span header)
{
	struct authn_request shown = request_of(header);
	struct principal principal = {.kind = PRINCIPAL_NONE};
	struct err err = ERR_INIT;
	enum authn_answer answer =
		authn_quick(fixture->authn, &shown, &principal, &err);

	CHECK((answer == AUTHN_REFUSED) == (err.code != ERR_NONE));
	CHECK((answer == AUTHN_KNOWN) == (principal.kind != PRINCIPAL_NONE));
	principal_release(&principal);
	return answer;
}

static int write_line(void *context, const struct meta_audit_row *row,
		      struct err *err)
{
	(void)err;
	buf_appendf(context, "%.*s %.*s %.*s\n", SPAN_ARG(row->entry.kind),
		    SPAN_ARG(row->entry.actor), SPAN_ARG(row->entry.detail));
	return 0;
}

void authn_fixture_failures(struct authn_fixture *fixture, struct buf *out)
{
	struct meta_audit_filter all = {.after = 0};
	struct err err = ERR_INIT;
	bool more = false;

	audit_free(fixture->audit);
	fixture->audit = NULL;
	struct meta_tx *tx = meta_fixture_read(fixture->meta);
	CHECK(meta_audit_page(tx, ACCOUNT, &all, 1000, write_line, out, &more,
			      &err) == 0);
	meta_read_end(tx);
}
