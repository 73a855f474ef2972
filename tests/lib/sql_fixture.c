/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/sql_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "storage/sql_driver.h"
#include "tests/lib/tmpdir.h"

#define ADDRESS_SIZE 1024
#define CASES_MAX 64

static bool on_postgres;
static char dir[TMPDIR_SIZE];
static char address[ADDRESS_SIZE];
static char schema[64];
static pid_t schema_owner;

void sql_fixture_use(bool postgres)
{
	on_postgres = postgres;
}

static void use_sqlite(void)
{
	sql_fixture_use(false);
}

static void use_postgres(void)
{
	sql_fixture_use(true);
}

int sql_fixture_run(int argc, char **argv, const struct check_case *cases,
		    size_t count)
{
	static struct check_case all[2 * CASES_MAX];
	static char names[2 * CASES_MAX][128];
	size_t engines = getenv("BERTH_TEST_POSTGRES") ? 2 : 1;
	size_t total = 0;

	CHECK(count <= CASES_MAX);
	for (size_t engine = 0; engine < engines; engine++)
		for (size_t i = 0; i < count; i++) {
			snprintf(names[total], sizeof(names[total]), "%s_on_%s",
				 cases[i].name, engine ? "postgres" : "sqlite");
			all[total] = (struct check_case){
				.name = names[total],
				.run = cases[i].run,
				.before = engine ? use_postgres : use_sqlite,
			};
			total++;
		}
	return check_run(argc, argv, all, total);
}

bool sql_fixture_postgres(void)
{
	return on_postgres;
}

static void run_script(const char *script)
{
	struct err err = ERR_INIT;
	struct sql_driver *driver = NULL;
	struct sql_conn *conn = NULL;

	CHECK(sql_pg_new(getenv("BERTH_TEST_POSTGRES"), &driver, &err) == 0);
	if (driver->ops->connect(driver, SQL_WRITE, &conn, &err) < 0 ||
	    driver->ops->exec(conn, script, &err) < 0)
		fprintf(stderr, "%s: %s\n", script, err.text);
	driver->ops->disconnect(conn);
	driver->ops->free(driver);
}

static void drop_schema(void)
{
	char script[160];

	if (schema_owner != getpid())
		return;
	snprintf(script, sizeof(script), "DROP SCHEMA %s CASCADE", schema);
	run_script(script);
}

static void make_schema(void)
{
	static int made;
	const char *base = getenv("BERTH_TEST_POSTGRES");
	char script[160];

	CHECK(made == 0);
	made++;
	snprintf(schema, sizeof(schema), "berth_test_%ld", (long)getpid());
	snprintf(script, sizeof(script), "CREATE SCHEMA %s", schema);
	run_script(script);
	schema_owner = getpid();
	atexit(drop_schema);
	snprintf(address, sizeof(address), "%s%coptions=-csearch_path%%3D%s",
		 base, strchr(base, '?') ? '&' : '?', schema);
}

struct sql_driver *sql_fixture_again(void)
{
	struct err err = ERR_INIT;
	struct sql_driver *driver = NULL;
	int rc = on_postgres ? sql_pg_new(address, &driver, &err)
			     : sql_sqlite_new(dir, "berth.db", &driver, &err);

	if (rc < 0)
		fprintf(stderr, "%s\n", err.text);
	CHECK(rc == 0);
	return driver;
}

struct sql_driver *sql_fixture_new(void)
{
	if (on_postgres)
		make_schema();
	else
		tmpdir_make(dir);
	return sql_fixture_again();
}

const char *sql_fixture_dir(void)
{
	return dir;
}
