/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_DOCKER_CONFIG_H
#define CLI_DOCKER_CONFIG_H

/*
 * Credentials where docker keeps them, so that one login serves both:
 * config.json in $DOCKER_CONFIG or ~/.docker, and the credential helpers that
 * it names (credHelpers for a registry, credsStore for all).  What else the
 * file holds is kept; it is replaced at once, with mode 0600.  One thread.
 */

#include "base/buf.h"

struct err;

/* The registry's name in the file: its URL without the scheme and what follows
 * the port.  Appended. */
void docker_config_host(const char *url, struct buf *out);

/* Who logged in there: 1 with both appended, 0 nobody, -1. */
int docker_config_get(const char *url, struct buf *user, struct buf *password,
		      struct err *err);

/* Keep credentials: in the helper that is named for it, else in the file.
 * *ret_where says where, for people: a path, or the helper's name. */
int docker_config_put(const char *url, const char *user, const char *password,
		      struct buf *ret_where, struct err *err);

/* Forget them: 1, or 0 if there were none. */
int docker_config_remove(const char *url, struct err *err);

#endif
