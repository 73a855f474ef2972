/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_LIB_IDENTITY_FIXTURE_H
#define TESTS_LIB_IDENTITY_FIXTURE_H

/*
 * Identities to test with: an open database with the user "admin" who is an
 * administrator, "eve" who is nothing, the robot "robot", the role "role" and
 * the group "team"; and every change there is, as one row of a table.
 */

#include <stddef.h>

#include "auth/identity.h"
#include "storage/meta.h"

struct sql_driver;

extern struct identity identity_fixture; /* after identity_fixture_open() */
extern const struct identity_by identity_fixture_by; /* "admin" */

#define FIXTURE_USER(text)                                                     \
	((struct identity_who){.kind = IDENTITY_USER, .name = SPAN_LIT(text)})
#define FIXTURE_ROBOT(text)                                                    \
	((struct identity_who){.kind = IDENTITY_ROBOT, .name = SPAN_LIT(text)})
#define FIXTURE_ROLE(text)                                                     \
	((struct identity_who){.kind = IDENTITY_ROLE, .name = SPAN_LIT(text)})
#define FIXTURE_GROUP(text)                                                    \
	((struct identity_who){.kind = IDENTITY_GROUP, .name = SPAN_LIT(text)})

#define FIXTURE_TRUST                                                          \
	"{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\","    \
	"\"Principal\":{\"AWS\":\"*\"},\"Action\":\"sts:AssumeRole\"}]}"
#define FIXTURE_POLICY                                                         \
	"{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\","    \
	"\"Action\":\"ecr:*\",\"Resource\":\"*\"}]}"
#define FIXTURE_REPOSITORY_POLICY                                              \
	"{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\","    \
	"\"Principal\":\"*\",\"Action\":\"ecr:BatchGetImage\"}]}"
#define FIXTURE_REGISTRY_POLICY                                                \
	"{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\","    \
	"\"Principal\":\"*\",\"Action\":\"ecr:BatchGetImage\","                \
	"\"Resource\":\"*\"}]}"

/* Open it over a driver (taken), or a new one where that is NULL. */
void identity_fixture_open(struct sql_driver *driver);
void identity_fixture_close(void);

/* How often whoever remembers identities was told, since it was asked last. */
int identity_fixture_changed(void);

/* The newest entry of the audit log, as "KIND by ACTOR on TARGET BEFORE AFTER
 * DETAIL"; and how many there are. */
const char *identity_fixture_entry(void);
int64_t identity_fixture_entries(void);

/* One change (identity_changes.def), which succeeds on a fresh fixture; run()
 * makes it, with secrets that it was given in output (else untouched). */
struct identity_fixture_change {
	const char *name; /* the function */
	int (*run)(void *output, struct err *err);
};
#define FIXTURE_OUTPUT_SIZE 256
extern const struct identity_fixture_change identity_fixture_changes[];
extern const size_t identity_fixture_change_count;

/* The row of that name. */
const struct identity_fixture_change *identity_fixture_find(const char *name);

#endif
