/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORAGE_BLOB_NAME_H
#define STORAGE_BLOB_NAME_H

/*
 * The names that blob drivers take: what passes here cannot lead out of the
 * directory it is joined to.  Pure; any thread.
 */

#include <stdbool.h>

struct err;

/* True for a name of one component: [a-z0-9._-], not starting with a dot. */
bool blob_name_is_component(const char *name);

/* A stage id: one component that fits BLOB_STAGE_ID_SIZE.  ERR_INVALID. */
int blob_name_check_id(const char *id, struct err *err);

/* A storage key: components parted by single slashes, that fit BLOB_KEY_SIZE
 * and are at most BLOB_NAME_DEPTH.  ERR_INVALID. */
#define BLOB_NAME_DEPTH 8
int blob_name_check_key(const char *key, struct err *err);

#endif
