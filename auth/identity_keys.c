/* SPDX-License-Identifier: Apache-2.0 */
/* Access keys. */
#include <openssl/crypto.h>
#include <stdio.h>

#include "auth/access_key.h"
#include "auth/identity_credentials.h"
#include "auth/identity_internal.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/jsonx.h"
#include "storage/meta_credentials.h"

#define SEALED_MAX 1024 /* bytes */

struct create {
	struct identity_change change;
	struct meta_access_key row;
	struct buf sealed;
	struct span rotated; /* the id of the one it replaces, or "" */
};

static int make_key(const struct identity *identity, struct create *create,
		    struct identity_key *ret_key, struct err *err)
{
	if (access_key_make(ACCESS_KEY_PREFIX, ret_key->id, ret_key->secret,
			    err) < 0 ||
	    access_key_seal(identity->seal, ret_key->id,
			    span_of(ret_key->secret), &create->sealed, err) < 0)
		return -1;
	snprintf(create->row.id, sizeof(create->row.id), "%s", ret_key->id);
	return buf_check(&create->sealed, err);
}

static int note(struct meta_tx *tx, const struct identity_change *change,
		const char *kind, struct span id, struct err *err)
{
	CLEANUP(buf_release) struct buf detail = BUF_INIT(IDENTITY_DETAIL_MAX);
	struct identity_entry entry = {.kind = kind, .detail = &detail};

	buf_append_char(&detail, '{');
	jsonx_member(&detail, "id", id);
	buf_append_char(&detail, '}');
	return identity_note(tx, change, &entry, err);
}

static int no_key(struct err *err)
{
	err_set(err, ERR_NOT_FOUND, "no such access key");
	return err_tell(err, "there is no such access key here");
}

/* The key of that id, if it is the owner's. */
static int find_key(struct meta_tx *tx, const struct identity_change *change,
		    struct span id, struct meta_access_key *ret_key,
		    struct err *err)
{
	struct meta_principal owner;

	if (identity_find(tx, change->identity->scope.account, change->who,
			  &owner, err) < 0)
		return -1;
	int found = meta_access_key_find(tx, id, ret_key, NULL, err);
	if (found < 0)
		return -1;
	return found == 0 || ret_key->principal_id != owner.id ? no_key(err)
							       : 0;
}

static int count_key(void *context, const struct meta_access_key *key,
		     struct err *err)
{
	size_t *count = context;

	(void)key;
	(void)err;
	++*count;
	return 0;
}

static int check_cap(struct meta_tx *tx, int64_t principal_id, struct err *err)
{
	size_t count = 0;

	if (meta_access_key_list(tx, principal_id, count_key, &count, err) < 0)
		return -1;
	if (count < IDENTITY_KEYS_MAX)
		return 0;
	err_set(err, ERR_CONFLICT, "too many access keys");
	return err_tell(err, "there are %d access keys already; delete one",
			IDENTITY_KEYS_MAX);
}

static int create_work(struct meta_tx *tx, void *context, struct err *err)
{
	struct create *create = context;
	struct identity_change *change = &create->change;
	struct meta_principal owner;

	if (identity_find(tx, change->identity->scope.account, change->who,
			  &owner, err) < 0 ||
	    check_cap(tx, owner.id, err) < 0)
		return -1;
	create->row.principal_id = owner.id;
	if (meta_access_key_insert(tx, &create->row, buf_span(&create->sealed),
				   err) < 0)
		return -1;
	return note(tx, change, "key.create", span_of(create->row.id), err);
}

static int rotate_work(struct meta_tx *tx, void *context, struct err *err)
{
	struct create *create = context;
	struct meta_access_key old;

	if (find_key(tx, &create->change, create->rotated, &old, err) < 0)
		return -1;
	create->row.principal_id = old.principal_id;
	memcpy(create->row.description, old.description,
	       sizeof(old.description));
	if (meta_access_key_insert(tx, &create->row, buf_span(&create->sealed),
				   err) < 0 ||
	    meta_access_key_disable(tx, create->rotated, true, err) < 0 ||
	    note(tx, &create->change, "key.create", span_of(create->row.id),
		 err) < 0)
		return -1;
	return note(tx, &create->change, "key.disable", create->rotated, err);
}

static int run_create(struct create *create, struct identity_key *ret_key,
		      struct err *err)
{
	struct identity_key key = {.id = ""};
	int done = make_key(create->change.identity, create, &key, err);

	if (done == 0)
		done = identity_write(&create->change,
				      create->rotated.len > 0 ? rotate_work
							      : create_work,
				      create, err);
	if (done == 0)
		*ret_key = key;
	OPENSSL_cleanse(&key, sizeof(key));
	buf_release(&create->sealed);
	return done;
}

int identity_key_create(const struct identity *identity,
			const struct identity_by *by, struct identity_who who,
			struct span description, struct identity_key *ret_key,
			struct err *err)
{
	struct create create = {
		.change = {.identity = identity, .by = by, .who = who},
		.sealed = BUF_INIT(SEALED_MAX)};

	if (identity_check_description(description, err) < 0)
		return -1;
	snprintf(create.row.description, sizeof(create.row.description), "%.*s",
		 SPAN_ARG(description));
	return run_create(&create, ret_key, err);
}

int identity_key_rotate(const struct identity *identity,
			const struct identity_by *by, struct identity_who who,
			struct span id, struct identity_key *ret_key,
			struct err *err)
{
	struct create create = {
		.change = {.identity = identity, .by = by, .who = who},
		.sealed = BUF_INIT(SEALED_MAX),
		.rotated = id};

	if (id.len == 0)
		return no_key(err);
	return run_create(&create, ret_key, err);
}

/* ---- those that are there ---- */

struct alter {
	struct identity_change change;
	struct span id;
	bool disabled;
};

static int disable_work(struct meta_tx *tx, void *context, struct err *err)
{
	const struct alter *alter = context;
	struct meta_access_key key;

	if (find_key(tx, &alter->change, alter->id, &key, err) < 0)
		return -1;
	if (key.disabled == alter->disabled)
		return 0;
	if (meta_access_key_disable(tx, alter->id, alter->disabled, err) < 0)
		return -1;
	return note(tx, &alter->change,
		    alter->disabled ? "key.disable" : "key.enable", alter->id,
		    err);
}

int identity_key_disable(const struct identity *identity,
			 const struct identity_by *by, struct identity_who who,
			 struct span id, bool disabled, struct err *err)
{
	struct alter alter = {
		.change = {.identity = identity, .by = by, .who = who},
		.id = id,
		.disabled = disabled};

	return identity_write(&alter.change, disable_work, &alter, err);
}

static int delete_work(struct meta_tx *tx, void *context, struct err *err)
{
	const struct alter *alter = context;
	struct meta_access_key key;

	if (find_key(tx, &alter->change, alter->id, &key, err) < 0 ||
	    meta_access_key_delete(tx, alter->id, err) < 0)
		return -1;
	return note(tx, &alter->change, "key.delete", alter->id, err);
}

int identity_key_delete(const struct identity *identity,
			const struct identity_by *by, struct identity_who who,
			struct span id, struct err *err)
{
	struct alter alter = {
		.change = {.identity = identity, .by = by, .who = who},
		.id = id};

	return identity_write(&alter.change, delete_work, &alter, err);
}
