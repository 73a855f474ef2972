/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_DOCKER_HELPER_H
#define CLI_DOCKER_HELPER_H

/*
 * docker-credential-NAME, a program that keeps credentials in a key ring: it is
 * run with one word, reads its standard input and writes JSON.  No shell, and
 * no secret in an argument.  One thread.
 */

struct buf;
struct err;

/* 1 with both appended, 0 it has none, -1 it cannot be run or failed. */
int docker_helper_get(const char *name, const char *host, struct buf *user,
		      struct buf *password, struct err *err);
int docker_helper_store(const char *name, const char *host, const char *user,
			const char *password, struct err *err);

/* 1 erased, 0 it had none. */
int docker_helper_erase(const char *name, const char *host, struct err *err);

#endif
