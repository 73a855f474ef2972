/* SPDX-License-Identifier: Apache-2.0 */
/* Passwords of users. */
#include "auth/identity_credentials.h"
#include "auth/identity_internal.h"
#include "auth/password.h"
#include "auth/throttle.h"
#include "base/err.h"

struct set {
	struct identity_change change;
	char hash[PASSWORD_HASH_SIZE];
	const char *expected; /* what it must have been; NULL: anything */
};

static int set_work(struct meta_tx *tx, void *context, struct err *err)
{
	const struct set *set = context;
	struct identity_entry entry = {.verb = "password"};
	struct meta_principal row;

	if (identity_find(tx, set->change.identity->scope.account,
			  set->change.who, &row, err) < 0)
		return -1;
	if (set->expected && strcmp(set->expected, row.password_hash) != 0)
		return err_set(err, ERR_CONFLICT,
			       "the password was changed meanwhile");
	if (meta_principal_set_password(tx, row.id, set->hash, err) < 0)
		return -1;
	return identity_note(tx, &set->change, &entry, err);
}

static int set_password(struct set *set, struct span password, struct err *err)
{
	if (identity_check_password(password, err) < 0 ||
	    password_hash(password, set->hash, err) < 0)
		return -1;
	return identity_write(&set->change, set_work, set, err);
}

int identity_set_password(const struct identity *identity,
			  const struct identity_by *by, struct span user,
			  struct span password, struct err *err)
{
	struct set set = {
		.change = {.identity = identity,
			   .by = by,
			   .who = {.kind = IDENTITY_USER, .name = user}}};

	return set_password(&set, password, err);
}

static int read_user(const struct identity *identity, struct identity_who who,
		     struct meta_principal *ret_row, struct err *err)
{
	struct meta_tx *tx = NULL;

	if (meta_read_begin(identity->meta, &tx, err) < 0)
		return -1;
	int found =
		identity_find(tx, identity->scope.account, who, ret_row, err);
	meta_read_end(tx);
	return found;
}

/* A session that was left open is no way to guess the password without being
 * slowed down. */
static int check_old(const struct identity *identity,
		     const struct identity_by *by, const char *hash,
		     struct span old, struct err *err)
{
	struct throttle *throttle = identity->throttle;

	if (throttle && throttle_ask(throttle, by->actor, by->source, err) < 0)
		return -1;
	int right = hash[0] != '\0' ? password_verify(old, hash, err) : 0;
	if (right < 0)
		return -1;
	if (right > 0)
		return 0;
	if (throttle)
		throttle_failed(throttle, by->actor, by->source);
	err_set(err, ERR_DENIED, "the old password is not right");
	return err_tell(err, "the old password is not right");
}

int identity_change_password(const struct identity *identity,
			     const struct identity_by *by, struct span user,
			     struct span old, struct span password,
			     struct err *err)
{
	struct set set = {
		.change = {.identity = identity,
			   .by = by,
			   .who = {.kind = IDENTITY_USER, .name = user}}};
	struct meta_principal row;

	if (identity_check_password(password, err) < 0 ||
	    read_user(identity, set.change.who, &row, err) < 0 ||
	    check_old(identity, by, row.password_hash, old, err) < 0)
		return -1;
	set.expected = row.password_hash;
	return set_password(&set, password, err);
}
