/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONF_CHECK_H
#define CONF_CHECK_H

/*
 * What the type of an option cannot say: the form of addresses and names, and
 * what options ask of each other.  Pure.
 */

#include <stddef.h>

struct conf;
struct err;

/* Checks conf, and may fill in what is derived; ERR_INVALID if it is wrong. */
typedef int conf_check_fn(struct conf *conf, struct err *err);

struct conf_check {
	const char *section;  /* of the option to blame */
	const char *name;     /* the same */
	conf_check_fn *check; /* says what is wrong, without the option */
};

/* Every check, in the order in which to run them. */
const struct conf_check *conf_checks(size_t *ret_count);

#endif
