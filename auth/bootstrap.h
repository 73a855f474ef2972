/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AUTH_BOOTSTRAP_H
#define AUTH_BOOTSTRAP_H

/*
 * The first administrator.  If the account has no user "admin" one is made: its
 * password comes from BERTH_ADMIN_PASSWORD, else it is a random one, written to
 * admin.credentials (mode 0600, "user=admin" and "password=..." on lines of
 * their own) in the data directory before the user exists.  If there is one
 * already and BERTH_ADMIN_PASSWORD says another password, that is set.
 */

#include <stdbool.h>

struct err;
struct meta;

/* *ret_written: a credentials file was written just now. */
int bootstrap_admin(struct meta *meta, const char *account, int data_dir_fd,
		    bool *ret_written, struct err *err);

#endif
