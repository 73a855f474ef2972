/* SPDX-License-Identifier: Apache-2.0 */
/* .../keys[/{id}[/rotate]] of users and robots, and one's own */
#include <openssl/crypto.h>

#include "auth/identity_credentials.h"
#include "base/err.h"
#include "base/jsonx.h"
#include "server/admin/admin.h"
#include "server/admin/attachments.h"
#include "server/admin/tokens.h"
#include "server/app.h"
#include "storage/meta_credentials.h"

static void write_key(const struct meta_access_key *key, struct buf *out)
{
	jsonx_member(out, "id", span_of(key->id));
	jsonx_member(out, "description", span_of(key->description));
	admin_bool(out, "disabled", key->disabled);
	admin_time(out, "created", key->created_ms);
	admin_time(out, "used", key->used_ms);
	buf_append_char(out, '}');
}

static int add(void *context, const struct meta_access_key *key,
	       struct err *err)
{
	struct buf *out = context;

	(void)err;
	jsonx_comma(out);
	buf_append_char(out, '{');
	write_key(key, out);
	return 0;
}

static int list(struct request *request, struct err *err)
{
	CLEANUP(meta_read_end_at) struct meta_tx *tx = NULL;
	struct admin_subject subject = admin_subject(request);
	struct meta_principal owner;

	if (meta_read_begin(request->app->meta, &tx, err) < 0 ||
	    identity_find(tx, request->app->scope.account, subject.who, &owner,
			  err) < 0)
		return -1;
	struct buf *body = admin_answer(request, 200);
	jsonx_key(body, "keys");
	buf_append_char(body, '[');
	if (meta_access_key_list(tx, owner.id, add, body, err) < 0)
		return -1;
	buf_append_text(body, "]}\n");
	return 0;
}

const struct handler admin_keys = {.work = list};

/* With its secret, which is wiped. */
static void answer_new(struct request *request, struct identity_key *key)
{
	struct buf *body = admin_answer(request, 201);

	jsonx_member(body, "id", span_of(key->id));
	jsonx_member(body, "secret", span_of(key->secret));
	buf_append_text(body, "}\n");
	OPENSSL_cleanse(key, sizeof(*key));
}

static int create(struct request *request, struct err *err)
{
	static const char *const members[] = {"description", NULL};
	CLEANUP(jsonx_unref) json_t *json = NULL;
	struct identity_by by = admin_by(request);
	struct span description = SPAN_LIT("");
	struct admin_subject subject = admin_subject(request);
	struct identity_key key;

	if (admin_check_lasting(request, err) < 0 ||
	    admin_body(request, members, &json, err) < 0 ||
	    jsonx_text(json, "description", &description, err) < 0 ||
	    identity_key_create(&request->app->identity, &by, subject.who,
				description, &key, err) < 0)
		return -1;
	answer_new(request, &key);
	return 0;
}

const struct handler admin_key_create = {.work = create};

static int rotate(struct request *request, struct err *err)
{
	static const char *const members[] = {NULL};
	CLEANUP(jsonx_unref) json_t *json = NULL;
	struct identity_by by = admin_by(request);
	struct admin_subject subject = admin_subject(request);
	struct identity_key key;

	if (admin_check_lasting(request, err) < 0 ||
	    admin_body(request, members, &json, err) < 0 ||
	    identity_key_rotate(&request->app->identity, &by, subject.who,
				subject.rest, &key, err) < 0)
		return -1;
	answer_new(request, &key);
	return 0;
}

const struct handler admin_key_rotate = {.work = rotate};

static int read_key(struct request *request, struct span id,
		    struct meta_access_key *ret_key, struct err *err)
{
	CLEANUP(meta_read_end_at) struct meta_tx *tx = NULL;

	if (meta_read_begin(request->app->meta, &tx, err) < 0)
		return -1;
	int found = meta_access_key_find(tx, id, ret_key, NULL, err);
	if (found == 0)
		return err_set(err, ERR_CONFLICT, "the key is gone already");
	return found < 0 ? -1 : 0;
}

static int update(struct request *request, struct err *err)
{
	static const char *const members[] = {"disabled", NULL};
	CLEANUP(jsonx_unref) json_t *json = NULL;
	struct identity_by by = admin_by(request);
	struct admin_subject subject = admin_subject(request);
	struct meta_access_key key;
	bool disabled = false;

	if (admin_body(request, members, &json, err) < 0)
		return -1;
	int found = jsonx_bool(json, "disabled", &disabled, err);
	if (found == 0) {
		err_set(err, ERR_INVALID, "nothing to change");
		return err_tell(err, "\"disabled\" is missing");
	}
	if (found < 0 || (!disabled && admin_check_lasting(request, err) < 0) ||
	    identity_key_disable(&request->app->identity, &by, subject.who,
				 subject.rest, disabled, err) < 0 ||
	    read_key(request, subject.rest, &key, err) < 0)
		return -1;
	struct buf *body = admin_answer(request, 200);
	write_key(&key, body);
	buf_append_char(body, '\n');
	return 0;
}

const struct handler admin_key_update = {.work = update};

static int delete (struct request *request, struct err *err)
{
	struct identity_by by = admin_by(request);
	struct admin_subject subject = admin_subject(request);

	if (identity_key_delete(&request->app->identity, &by, subject.who,
				subject.rest, err) < 0)
		return -1;
	admin_done(request);
	return 0;
}

const struct handler admin_key_delete = {.work = delete};
