/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/bootstrap.h"

#include <stdio.h>
#include <stdlib.h>

#include "auth/password.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/fsx.h"
#include "base/rand.h"
#include "storage/meta_policies.h"

#define ADMIN "admin"
#define CREDENTIALS "admin.credentials"
#define PASSWORD_LENGTH 24 /* characters: about 140 bits */

struct admin_work {
	struct span account;
	struct meta_principal user; /* found, or to be made */
	bool missing;		    /* make it */
};

static int make_admin(struct meta_tx *tx, struct admin_work *work,
		      struct err *err)
{
	struct meta_holder holder = {.kind = META_HOLDER_PRINCIPAL};

	if (meta_principal_insert(tx, &work->user, &holder.id, err) < 0)
		return -1;
	return meta_policy_attach(tx, holder, work->account,
				  SPAN_LIT("administrator"), SPAN_LIT("*"),
				  err) < 0
		       ? -1
		       : 0;
}

static int store_work(struct meta_tx *tx, void *context, struct err *err)
{
	struct admin_work *work = context;

	if (work->missing)
		return make_admin(tx, work, err);
	return meta_principal_set_password(tx, work->user.id,
					   work->user.password_hash, err);
}

static int find_admin(struct meta *meta, struct admin_work *work,
		      struct err *err)
{
	struct meta_tx *tx = NULL;

	if (meta_read_begin(meta, &tx, err) < 0)
		return -1;
	int found = meta_principal_find(tx, work->account, SPAN_LIT(ADMIN),
					&work->user, err);
	meta_read_end(tx);
	work->missing = found == 0;
	return found < 0 ? -1 : 0;
}

static int store(struct meta *meta, struct admin_work *work,
		 struct span password, struct err *err)
{
	if (password_hash(password, work->user.password_hash, err) < 0)
		return -1;
	return meta_write(meta, store_work, work, err);
}

/* The file first: a user whose password nobody knows would be worse than a
 * file that names no user. */
static int make_random(struct meta *meta, struct admin_work *work,
		       int data_dir_fd, struct err *err)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT(256);
	char password[PASSWORD_LENGTH + 1];

	if (rand_password(password, PASSWORD_LENGTH, err) < 0)
		return -1;
	buf_appendf(&text, "user=%s\npassword=%s\n", ADMIN, password);
	if (buf_check(&text, err) < 0 ||
	    fsx_replace_file(data_dir_fd, CREDENTIALS, text.data, text.len,
			     0600, err) < 0)
		return -1;
	return store(meta, work, span_of(password), err);
}

/* Give the administrator the password that was said, unless he has it. */
static int take_over(struct meta *meta, struct admin_work *work,
		     struct span password, struct err *err)
{
	if (password.len == 0)
		return 0;
	if (!work->missing) {
		int same = password_verify(password, work->user.password_hash,
					   err);

		if (same != 0)
			return same < 0 ? -1 : 0;
	}
	return store(meta, work, password, err);
}

int bootstrap_admin(struct meta *meta, const char *account, int data_dir_fd,
		    bool *ret_written, struct err *err)
{
	struct admin_work work = {
		.account = span_of(account),
		.user = {.kind = META_USER, .name = ADMIN},
	};
	const char *said = getenv("BERTH_ADMIN_PASSWORD");
	struct span password = span_of(said);

	snprintf(work.user.account, sizeof(work.user.account), "%s", account);
	if (find_admin(meta, &work, err) < 0)
		return -1;

	bool written = work.missing && password.len == 0;
	int done = written ? make_random(meta, &work, data_dir_fd, err)
			   : take_over(meta, &work, password, err);
	if (done == 0)
		*ret_written = written;
	return done;
}
