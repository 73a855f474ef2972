/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/bootstrap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth/access_key.h"
#include "auth/password.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/fsx.h"
#include "base/rand.h"
#include "base/sigv4.h"
#include "storage/meta_audit.h"
#include "storage/meta_credentials.h"
#include "storage/meta_logins.h"
#include "storage/meta_policies.h"

#define ADMIN "admin"
#define CREDENTIALS "admin.credentials"
#define PASSWORD_LENGTH 24 /* characters: about 140 bits */
#define SECRET_MIN 16	   /* bytes of a secret that is said */

struct admin_work {
	struct meta *meta;
	struct seal *seal;
	struct span account;
	struct meta_principal user; /* found, or to be made */
	bool missing;		    /* make it */
	bool new_password;	    /* set the hash in user */
	struct span key_id;	    /* of the key to be his, or "" */
	struct span secret;	    /* its secret */
	struct buf sealed;	    /* the same, sealed */
};

/* ---- the rows ---- */

static int make_admin(struct meta_tx *tx, struct admin_work *work,
		      struct err *err)
{
	struct meta_holder holder = {.kind = META_HOLDER_PRINCIPAL};

	if (meta_principal_insert(tx, &work->user, &holder.id, err) < 0)
		return -1;
	work->user.id = holder.id;
	return meta_policy_attach(tx, holder, work->account,
				  SPAN_LIT("administrator"), SPAN_LIT("*"),
				  err) < 0
		       ? -1
		       : 0;
}

/* A key of that id that is there is replaced, so that the secret that is said
 * counts, and nobody else's key is taken. */
static int store_key(struct meta_tx *tx, struct admin_work *work,
		     struct err *err)
{
	struct meta_access_key key = {.principal_id = work->user.id};
	struct meta_access_key old;
	int found = meta_access_key_find(tx, work->key_id, &old, NULL, err);

	if (found < 0)
		return -1;
	if (found && old.principal_id != work->user.id)
		return err_set(err, ERR_INVALID,
			       "BERTH_ADMIN_ACCESS_KEY_ID is somebody else's");
	if (found && meta_access_key_delete(tx, work->key_id, err) < 0)
		return -1;
	snprintf(key.id, sizeof(key.id), "%.*s", SPAN_ARG(work->key_id));
	return meta_access_key_insert(tx, &key, buf_span(&work->sealed), err);
}

static int store_work(struct meta_tx *tx, void *context, struct err *err)
{
	struct admin_work *work = context;

	if (work->missing) {
		if (make_admin(tx, work, err) < 0)
			return -1;
	} else if (work->new_password &&
		   meta_principal_set_password(tx, work->user.id,
					       work->user.password_hash,
					       err) < 0) {
		return -1;
	}
	return work->sealed.len > 0 ? store_key(tx, work, err) : 0;
}

static int find_admin(struct admin_work *work, struct err *err)
{
	struct meta_tx *tx = NULL;

	if (meta_read_begin(work->meta, &tx, err) < 0)
		return -1;
	int found = meta_principal_find(tx, work->account, SPAN_LIT(ADMIN),
					&work->user, err);
	meta_read_end(tx);
	work->missing = found == 0;
	return found < 0 ? -1 : 0;
}

/* ---- what is said, and what is made up ---- */

static int set_password(struct admin_work *work, struct span password,
			struct err *err)
{
	work->new_password = true;
	return password_hash(password, work->user.password_hash, err);
}

/* Give the administrator the password that was said, unless he has it. */
static int take_password(struct admin_work *work, struct span password,
			 struct err *err)
{
	if (password.len == 0)
		return 0;
	if (!work->missing) {
		int same = password_verify(password, work->user.password_hash,
					   err);

		if (same != 0)
			return same < 0 ? -1 : 0;
	}
	return set_password(work, password, err);
}

static bool is_key_id(struct span id)
{
	for (size_t i = 0; i < id.len; i++) {
		char c = id.text[i];
		bool fine = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			    (c >= '0' && c <= '9') || c == '_';

		if (!fine)
			return false;
	}
	return id.len >= 4 && id.len < META_KEY_ID_SIZE;
}

static int check_key(const struct admin_work *work, struct err *err)
{
	if (work->key_id.len == 0 && work->secret.len == 0)
		return 0;
	if (work->key_id.len == 0 || work->secret.len == 0)
		return err_set(err, ERR_INVALID,
			       "BERTH_ADMIN_ACCESS_KEY_ID and "
			       "BERTH_ADMIN_SECRET_ACCESS_KEY must be set "
			       "together");
	if (!is_key_id(work->key_id))
		return err_set(err, ERR_INVALID,
			       "BERTH_ADMIN_ACCESS_KEY_ID must be 4 to %d "
			       "letters, digits and _",
			       META_KEY_ID_SIZE - 1);
	if (work->secret.len < SECRET_MIN ||
	    work->secret.len > SIGV4_SECRET_MAX)
		return err_set(err, ERR_INVALID,
			       "BERTH_ADMIN_SECRET_ACCESS_KEY must have %d to "
			       "%d bytes",
			       SECRET_MIN, SIGV4_SECRET_MAX);
	return 0;
}

/* Seal the key that was said, unless he has it as it is. */
static int take_key(struct admin_work *work, struct err *err)
{
	CLEANUP(buf_wipe) struct buf has = BUF_INIT(SIGV4_SECRET_MAX);
	CLEANUP(buf_release) struct buf sealed = BUF_INIT(1024);
	struct meta_access_key key;
	struct meta_tx *tx = NULL;

	if (work->key_id.len == 0)
		return 0;
	if (meta_read_begin(work->meta, &tx, err) < 0)
		return -1;
	int found = meta_access_key_find(tx, work->key_id, &key, &sealed, err);
	meta_read_end(tx);
	if (found < 0)
		return -1;
	if (found && access_key_open(work->seal, key.id, buf_span(&sealed),
				     &has, err) < 0)
		return -1;
	if (found && !key.disabled && key.principal_id == work->user.id &&
	    span_equal(buf_span(&has), work->secret))
		return 0;
	buf_clear(&sealed);
	buf_append_span(&sealed, work->key_id);
	return access_key_seal(work->seal, buf_text(&sealed), work->secret,
			       &work->sealed, err);
}

/* The file first: a user whose password nobody knows would be worse than a
 * file that names no user. */
static int write_file(const struct admin_work *work, const char *password,
		      int data_dir_fd, struct err *err)
{
	CLEANUP(buf_wipe) struct buf text = BUF_INIT(1024);

	buf_reserve(&text, 1024);
	buf_appendf(&text, "user=%s\npassword=%s\n", ADMIN, password);
	if (work->key_id.len > 0)
		buf_appendf(&text,
			    "access_key_id=%.*s\nsecret_access_key=%.*s\n",
			    SPAN_ARG(work->key_id), SPAN_ARG(work->secret));
	if (buf_check(&text, err) < 0)
		return -1;
	return fsx_replace_file(data_dir_fd, CREDENTIALS, text.data, text.len,
				0600, err);
}

struct random_secrets {
	char password[PASSWORD_LENGTH + 1];
	char key_id[ACCESS_KEY_ID_SIZE];
	char secret[ACCESS_KEY_SECRET_SIZE];
};

static void wipe_secrets(struct random_secrets *secrets)
{
	explicit_bzero(secrets, sizeof(*secrets));
}

static int store_random(struct admin_work *work, const char *password,
			int data_dir_fd, struct err *err)
{
	if (take_key(work, err) < 0 ||
	    set_password(work, span_of(password), err) < 0 ||
	    write_file(work, password, data_dir_fd, err) < 0)
		return -1;
	return meta_write(work->meta, store_work, work, err);
}

static int make_random(struct admin_work *work, int data_dir_fd,
		       struct err *err)
{
	CLEANUP(wipe_secrets) struct random_secrets made;

	if (rand_password(made.password, PASSWORD_LENGTH, err) < 0 ||
	    access_key_make(ACCESS_KEY_PREFIX, made.key_id, made.secret, err) <
		    0)
		return -1;
	if (work->key_id.len == 0) {
		work->key_id = span_of(made.key_id);
		work->secret = span_of(made.secret);
	}
	int done = store_random(work, made.password, data_dir_fd, err);

	work->key_id = span_make(NULL, 0);
	work->secret = span_make(NULL, 0);
	return done;
}

static int take_over(struct admin_work *work, struct span password,
		     struct err *err)
{
	if (take_password(work, password, err) < 0 || take_key(work, err) < 0)
		return -1;
	if (!work->new_password && work->sealed.len == 0)
		return 0;
	return meta_write(work->meta, store_work, work, err);
}

static void work_release(struct admin_work *work)
{
	buf_release(&work->sealed);
}

/* The block that the process was started with can be read in /proc for as long
 * as it lives. */
static void wipe_environment(void)
{
	static const char *const names[] = {"BERTH_ADMIN_PASSWORD",
					    "BERTH_ADMIN_ACCESS_KEY_ID",
					    "BERTH_ADMIN_SECRET_ACCESS_KEY"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char *value = getenv(names[i]);

		if (value)
			explicit_bzero(value, strlen(value));
		unsetenv(names[i]);
	}
}

static int follow_environment(struct admin_work *work, int data_dir_fd,
			      bool *ret_written, struct err *err)
{
	struct span password = span_of(getenv("BERTH_ADMIN_PASSWORD"));

	work->key_id = span_of(getenv("BERTH_ADMIN_ACCESS_KEY_ID"));
	work->secret = span_of(getenv("BERTH_ADMIN_SECRET_ACCESS_KEY"));
	if (check_key(work, err) < 0 || find_admin(work, err) < 0)
		return -1;

	bool written = work->missing && password.len == 0;
	int done = written ? make_random(work, data_dir_fd, err)
			   : take_over(work, password, err);
	if (done == 0)
		*ret_written = written;
	return done;
}

static struct admin_work work_for(struct meta *meta, const char *account)
{
	struct admin_work work = {.meta = meta,
				  .account = span_of(account),
				  .user = {.kind = META_USER, .name = ADMIN},
				  .sealed = BUF_INIT(1024)};

	snprintf(work.user.account, sizeof(work.user.account), "%s", account);
	return work;
}

int bootstrap_admin(struct meta *meta, struct seal *seal, const char *account,
		    int data_dir_fd, bool *ret_written, struct err *err)
{
	CLEANUP(work_release) struct admin_work work = work_for(meta, account);

	work.seal = seal;
	int done = follow_environment(&work, data_dir_fd, ret_written, err);

	wipe_environment();
	return done;
}

/* ---- when nobody knows the password any more ---- */

static int enable(struct meta_tx *tx, struct admin_work *work, struct err *err)
{
	struct meta_principal user = work->user;
	struct meta_holder holder = {.kind = META_HOLDER_PRINCIPAL,
				     .id = user.id};

	user.disabled = false;
	user.expires_ms = 0;
	if (meta_principal_update(tx, &user, err) < 0 ||
	    meta_principal_set_password(tx, user.id, user.password_hash, err) <
		    0 ||
	    meta_token_delete_all(tx, user.id, META_TOKEN_API, err) < 0 ||
	    meta_token_delete_all(tx, user.id, META_TOKEN_REFRESH, err) < 0)
		return -1;
	return meta_policy_attach(tx, holder, work->account,
				  SPAN_LIT("administrator"), SPAN_LIT("*"),
				  err) < 0
		       ? -1
		       : 0;
}

static int reset_work(struct meta_tx *tx, void *context, struct err *err)
{
	struct admin_work *work = context;
	struct meta_audit entry = {.kind = SPAN_LIT("admin.reset"),
				   .outcome = SPAN_LIT("ok"),
				   .actor = SPAN_LIT("berthd"),
				   .target = SPAN_LIT(ADMIN)};
	int done = work->missing ? make_admin(tx, work, err)
				 : enable(tx, work, err);

	if (done < 0 || meta_login_sweep(tx, INT64_MAX, SIZE_MAX, err) < 0)
		return -1;
	return meta_audit_append(tx, work->account, &entry, err);
}

int bootstrap_reset(struct meta *meta, const char *account, int data_dir_fd,
		    struct err *err)
{
	CLEANUP(work_release) struct admin_work work = work_for(meta, account);
	CLEANUP(wipe_secrets) struct random_secrets made;

	if (find_admin(&work, err) < 0)
		return -1;
	if (work.user.kind != META_USER)
		return err_set(err, ERR_EXISTS,
			       "the name %s is not a user's; remove what has "
			       "it",
			       ADMIN);
	if (rand_password(made.password, PASSWORD_LENGTH, err) < 0 ||
	    set_password(&work, span_of(made.password), err) < 0 ||
	    write_file(&work, made.password, data_dir_fd, err) < 0)
		return -1;
	return meta_write(meta, reset_work, &work, err);
}
