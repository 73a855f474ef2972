/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AUTH_BOOTSTRAP_H
#define AUTH_BOOTSTRAP_H

/*
 * The first administrator.  If the account has no user "admin" one is made: its
 * password comes from BERTH_ADMIN_PASSWORD, else it is a random one, written to
 * admin.credentials (mode 0600, "user=admin", "password=...",
 * "access_key_id=..." and "secret_access_key=..." on lines of their own) in the
 * data directory before the user exists.  If there is one already and
 * BERTH_ADMIN_PASSWORD says another password, that is set.
 *
 * BERTH_ADMIN_ACCESS_KEY_ID and BERTH_ADMIN_SECRET_ACCESS_KEY, both or neither,
 * say his access key, which is made, or given that secret, at any start; where
 * they are absent a random password is accompanied by a random key.
 *
 * What the environment says is overwritten there once it was read, so that
 * nobody finds it in the process later.
 */

#include <stdbool.h>

struct err;
struct meta;
struct seal;

/* *ret_written: a credentials file was written just now.  ERR_INVALID for what
 * the environment says. */
int bootstrap_admin(struct meta *meta, struct seal *seal, const char *account,
		    int data_dir_fd, bool *ret_written, struct err *err);

/*
 * While no server runs: give the administrator, who is made or enabled if need
 * be, a random password, in admin.credentials; attach the policy administrator
 * to him, drop his tokens, and forget all failed logins, which might hold him
 * up.  His access keys stay.  A row of the audit log tells.
 */
int bootstrap_reset(struct meta *meta, const char *account, int data_dir_fd,
		    struct err *err);

#endif
