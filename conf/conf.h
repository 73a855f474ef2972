/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONF_CONF_H
#define CONF_CONF_H

/*
 * The configuration of berthd: options.def's defaults, then the file, then the
 * command line.  A struct conf is built whole and checked, then constant: any
 * thread may read it until it is freed.  Its members are the rows of the table,
 * SECTION_NAME, explained there; a duration's ends in _ms.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "conf/args.h"

struct err;

/* The values of each CHOICE, in the order of its row. */
enum conf_anonymous {
	CONF_ANONYMOUS_NONE,
	CONF_ANONYMOUS_PULL,
	CONF_ANONYMOUS_FULL
};
enum conf_log_level {
	CONF_LOG_DEBUG,
	CONF_LOG_INFO,
	CONF_LOG_WARN,
	CONF_LOG_ERROR
};
enum conf_log_format { CONF_LOG_AUTO, CONF_LOG_TEXT, CONF_LOG_JSON };
enum conf_blobs { CONF_BLOBS_DISK, CONF_BLOBS_MEMORY };
enum conf_create { CONF_CREATE_ALWAYS, CONF_CREATE_NEVER };
enum conf_client_auth {
	CONF_CLIENT_AUTH_NONE,
	CONF_CLIENT_AUTH_REQUEST,
	CONF_CLIENT_AUTH_REQUIRE
};
enum conf_challenge { CONF_CHALLENGE_BEARER, CONF_CHALLENGE_BASIC };

#define CONF_PROXIES_MAX 64 /* blocks in server.trusted_proxies */
#define CONF_HOST_SIZE 64   /* bytes of a numeric address, with its NUL */

struct conf {
#define CONF_MEMBER_TEXT(member) char *member;
#define CONF_MEMBER_BOOL(member) bool member;
#define CONF_MEMBER_NUMBER(member) int64_t member;
#define CONF_MEMBER_SIZE(member) uint64_t member;
#define CONF_MEMBER_DURATION(member) int64_t member##_ms;
#define CONF_MEMBER_CHOICE(member) int member;
#define OPTION(section, name, type, ...) CONF_MEMBER_##type(section##_##name)
#include "conf/options.def"
#undef OPTION
	char listen_host[CONF_HOST_SIZE]; /* of server_listen, numeric */
	uint16_t listen_port;		  /* of server_listen; 0: any */
	bool listen_ipv6;		  /* listen_host is an IPv6 address */
};

/*
 * Build the configuration that args ask for.  args->config may be NULL: no
 * file.  Fails with ERR_INVALID, and the file, line and option in the text, for
 * anything unknown, malformed, out of range, said twice or at odds with the
 * rest; with the code of the system call for a file that cannot be read.
 */
int conf_load(const struct conf_args *args, struct conf **ret_conf,
	      struct err *err);

/*
 * Load anew what conf_load() built.  What needs a restart keeps the value of
 * current, and the names of such options that the file changed are appended to
 * restart, separated by ", ".  On failure current stays what counts.
 */
int conf_reload(const struct conf_args *args, const struct conf *current,
		struct conf **ret_conf, struct buf *restart, struct err *err);

/* Free a configuration; NULL is fine. */
void conf_free(struct conf *conf);

/* For CLEANUP(): frees what the pointer declared holds. */
static inline void conf_free_at(struct conf **conf)
{
	conf_free(*conf);
}

#endif
