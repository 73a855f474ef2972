/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/meta_users.h"

#include "base/err.h"
#include "storage/meta_tx.h"

int meta_user_find(struct meta_tx *tx, struct span account, struct span name,
		   struct meta_user *ret_user, struct err *err)
{
	CLEANUP(meta_query_close) struct meta_query query = META_QUERY_INIT;
	struct meta_user user = {.id = 0};

	if (meta_query_open(&query, tx,
			    "SELECT id, administrator, disabled, password_hash "
			    "FROM users WHERE account = $1 AND name = $2",
			    err) < 0)
		return -1;
	meta_query_text(&query, account);
	meta_query_text(&query, name);

	int rc = meta_query_step(&query, err);
	if (rc <= 0)
		return rc;
	user.id = meta_column_i64(&query, 0);
	user.administrator = meta_column_i64(&query, 1) != 0;
	user.disabled = meta_column_i64(&query, 2) != 0;
	if (meta_column_copy(&query, 3, user.password_hash,
			     sizeof(user.password_hash), err) < 0)
		return -1;
	*ret_user = user;
	return 1;
}

int meta_user_insert(struct meta_tx *tx, struct span account, struct span name,
		     const struct meta_user *user, struct err *err)
{
	CLEANUP(meta_query_close) struct meta_query query = META_QUERY_INIT;
	int64_t id = 0;

	if (meta_counter_add(tx, SPAN_LIT("user"), 1, &id, err) < 0)
		return -1;
	if (meta_query_open(&query, tx,
			    "INSERT INTO users (id, account, name, "
			    "password_hash, administrator, disabled, "
			    "created_ms) VALUES ($1, $2, $3, $4, $5, $6, $7) "
			    "ON CONFLICT DO NOTHING",
			    err) < 0)
		return -1;
	meta_query_i64(&query, id);
	meta_query_text(&query, account);
	meta_query_text(&query, name);
	meta_query_text(&query, span_of(user->password_hash));
	meta_query_i64(&query, user->administrator);
	meta_query_i64(&query, user->disabled);
	meta_query_i64(&query, meta_tx_now_ms(tx));

	int64_t rows = meta_query_run(&query, err);
	if (rows < 0)
		return -1;
	if (rows == 0)
		return err_set(err, ERR_EXISTS, "the user's name is taken");
	return 0;
}

int meta_user_set_password(struct meta_tx *tx, int64_t id, const char *hash,
			   struct err *err)
{
	CLEANUP(meta_query_close) struct meta_query query = META_QUERY_INIT;

	if (meta_query_open(&query, tx,
			    "UPDATE users SET password_hash = $2 "
			    "WHERE id = $1",
			    err) < 0)
		return -1;
	meta_query_i64(&query, id);
	meta_query_text(&query, span_of(hash));

	int64_t rows = meta_query_run(&query, err);
	if (rows < 0)
		return -1;
	if (rows == 0)
		return err_set(err, ERR_NOT_FOUND, "there is no such user");
	return 0;
}
