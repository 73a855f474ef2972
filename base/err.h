/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

/*
 * What went wrong, for the caller to act on, the operator to read, and the
 * client to be told.
 *
 * A struct err is a plain value owned by whoever declared it; it holds no
 * allocation, so there is nothing to free and reporting ENOMEM cannot fail.
 * A function that takes one returns -1 exactly when it has set it, and never
 * touches it otherwise.  Passing NULL is a bug.
 */

#define ERR_TEXT_SIZE 200 /* bytes of each text, with the final NUL */

enum err_code {
	ERR_NONE,
#define ERR(name, summary) ERR_##name,
#include "base/errors.def"
#undef ERR
	ERR_CODE_COUNT,
};

struct err {
	enum err_code code;	  /* ERR_NONE until set */
	int os;			  /* errno of the failing call, or 0 */
	char text[ERR_TEXT_SIZE]; /* one line, for our own log only */
	char tell[ERR_TEXT_SIZE]; /* what the client is told; "" = summary */
	int after_s; /* seconds after which to try again; 0: not said */
};

#define ERR_INIT ((struct err){.code = ERR_NONE})

/*
 * Record a failure and return -1, so that "return err_set(...)" reads as one
 * thought.  Setting an err twice is a bug: add context with err_wrap().
 * fmt must not carry bytes chosen by a client; the log adds the request.
 */
int err_set(struct err *err, enum err_code code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4), cold));

/*
 * The same for a system call that failed with errno os_error: the code comes
 * from it (ENOSPC and EDQUOT: NO_SPACE; ENOMEM: NO_MEMORY; ENOENT: NOT_FOUND;
 * EEXIST: EXISTS; EMFILE and ENFILE: UNAVAILABLE; EROFS: UNAVAILABLE;
 * ETIMEDOUT: TIMEOUT; every other: IO).  Must be the first statement after the
 * call.
 */
int err_sys(struct err *err, int os_error, const char *fmt, ...)
	__attribute__((format(printf, 3, 4), cold));

/* Put "context: " before the text of a failure already set; returns -1. */
int err_wrap(struct err *err, const char *fmt, ...)
	__attribute__((format(printf, 2, 3), cold));

/* Say what the client of a failure already set is told; returns -1.  Bytes that
 * the client itself sent may stand in it: it is escaped where it is sent. */
int err_tell(struct err *err, const char *fmt, ...)
	__attribute__((format(printf, 2, 3), cold));

/*
 * The compiler shall see that these return -1: otherwise it must think that
 * "if (get(&value, err) < 0) return -1;" may leave value unset, and warns.
 */
static inline int err_failed(void)
{
	return -1;
}

#define err_set(...) (err_set(__VA_ARGS__), err_failed())
#define err_sys(...) (err_sys(__VA_ARGS__), err_failed())
#define err_wrap(...) (err_wrap(__VA_ARGS__), err_failed())
#define err_tell(...) (err_tell(__VA_ARGS__), err_failed())

/* Forget a failure that the caller has dealt with. */
void err_clear(struct err *err);

/* The text for the client: what err_tell() said, else the code's summary. */
const char *err_for_client(const struct err *err);

/* "MANIFEST_UNKNOWN"; never NULL. */
const char *err_code_name(enum err_code code);

/* The summary of errors.def; never NULL. */
const char *err_code_summary(enum err_code code);

#endif
