/* SPDX-License-Identifier: Apache-2.0 */
/* /api/v1/issuers, certificates of users and robots, signing keys */
#include "auth/identity_trust.h"

#include <stdio.h>

#include "auth/jwt.h"
#include "auth/signing.h"
#include "base/err.h"
#include "base/jsonx.h"
#include "server/admin/admin.h"
#include "server/admin/attachments.h"
#include "server/app.h"
#include "server/http/response.h"

/* ---- issuers ---- */

static void write_optional(struct buf *out, const char *name, const char *value)
{
	jsonx_key(out, name);
	if (value[0] != '\0')
		jsonx_quote(span_of(value), out);
	else
		buf_append_text(out, "null");
}

static void write_issuer(const struct meta_issuer *issuer, struct buf *out)
{
	struct span rest = span_of(issuer->audiences);
	struct span audience;

	jsonx_member(out, "url", span_of(issuer->url));
	jsonx_key(out, "audiences");
	buf_append_char(out, '[');
	while (span_cut(rest, ' ', &audience, &rest)) {
		jsonx_comma(out);
		jsonx_quote(audience, out);
	}
	jsonx_comma(out);
	jsonx_quote(rest, out);
	buf_append_char(out, ']');
	write_optional(out, "jwks_url", issuer->jwks_url);
	write_optional(out, "ca_file", issuer->ca_file);
	admin_bool(out, "private_addresses", issuer->private_addresses);
	admin_time(out, "created", issuer->created_ms);
	buf_append_char(out, '}');
}

static int add_issuer(void *context, const struct meta_issuer *issuer,
		      struct err *err)
{
	struct buf *out = context;

	(void)err;
	jsonx_comma(out);
	buf_append_char(out, '{');
	write_issuer(issuer, out);
	return 0;
}

static int list_issuers(struct request *request, struct err *err)
{
	CLEANUP(meta_read_end_at) struct meta_tx *tx = NULL;

	if (meta_read_begin(request->app->meta, &tx, err) < 0)
		return -1;
	struct buf *body = admin_answer(request, 200);
	jsonx_key(body, "issuers");
	buf_append_char(body, '[');
	if (meta_issuer_list(tx, request->app->scope.account, add_issuer, body,
			     err) < 0)
		return -1;
	buf_append_text(body, "]}\n");
	return 0;
}

const struct handler admin_issuers = {.work = list_issuers};

static int copy_text(struct span text, const char *name, char *ret_text,
		     struct err *err)
{
	if (text.len < META_URL_SIZE) {
		snprintf(ret_text, META_URL_SIZE, "%.*s", SPAN_ARG(text));
		return 0;
	}
	err_set(err, ERR_INVALID, "%s is too long", name);
	return err_tell(err, "\"%s\" is longer than %d bytes", name,
			META_URL_SIZE - 1);
}

/* They are kept in one text, parted by blanks. */
static int read_audiences(const json_t *json, struct meta_issuer *issuer,
			  struct err *err)
{
	CLEANUP(buf_release) struct buf all = BUF_INIT(META_URL_SIZE * 2);
	json_t *array = NULL;
	size_t count = 0;

	if (jsonx_array(json, "audiences", &array, err) < 0)
		return -1;
	for (; count < json_array_size(array); count++) {
		const char *text =
			json_string_value(json_array_get(array, count));

		if (!text || text[0] == '\0' || strpbrk(text, " \t\r\n"))
			break;
		buf_appendf(&all, "%s%s", count > 0 ? " " : "", text);
	}
	if (count == 0 || count < json_array_size(array)) {
		err_set(err, ERR_INVALID, "audiences are not valid");
		return err_tell(err, "\"audiences\" is a list of texts without "
				     "blanks, at least one");
	}
	if (all.failed == ERR_TOO_LARGE)
		return copy_text(span_make("", META_URL_SIZE), "audiences",
				 issuer->audiences, err);
	if (buf_check(&all, err) < 0)
		return -1;
	return copy_text(buf_span(&all), "audiences", issuer->audiences, err);
}

static int read_issuer(const json_t *json, struct meta_issuer *issuer,
		       struct err *err)
{
	struct span jwks = SPAN_LIT("");
	struct span ca = SPAN_LIT("");
	struct span url;

	if (admin_text(json, "url", &url, err) < 0 ||
	    jsonx_text(json, "jwks_url", &jwks, err) < 0 ||
	    jsonx_text(json, "ca_file", &ca, err) < 0 ||
	    jsonx_bool(json, "private_addresses", &issuer->private_addresses,
		       err) < 0 ||
	    copy_text(url, "url", issuer->url, err) < 0 ||
	    copy_text(jwks, "jwks_url", issuer->jwks_url, err) < 0 ||
	    copy_text(ca, "ca_file", issuer->ca_file, err) < 0)
		return -1;
	return read_audiences(json, issuer, err);
}

static int put_issuer(struct request *request, struct err *err)
{
	static const char *const members[] = {
		"url",	   "audiences",		"jwks_url",
		"ca_file", "private_addresses", NULL};
	CLEANUP(jsonx_unref) json_t *json = NULL;
	CLEANUP(meta_read_end_at) struct meta_tx *tx = NULL;
	struct identity_by by = admin_by(request);
	struct meta_issuer issuer = {.url = ""};
	bool made = false;

	if (admin_body(request, members, &json, err) < 0 ||
	    read_issuer(json, &issuer, err) < 0 ||
	    identity_issuer_put(&request->app->identity, &by, &issuer, &made,
				err) < 0 ||
	    meta_read_begin(request->app->meta, &tx, err) < 0)
		return -1;
	int found = meta_issuer_find(tx, request->app->scope.account,
				     span_of(issuer.url), &issuer, err);
	if (found == 0)
		return err_set(err, ERR_CONFLICT, "the issuer is gone already");
	if (found < 0)
		return -1;
	write_issuer(&issuer, admin_answer(request, made ? 201 : 200));
	return 0;
}

const struct handler admin_issuer_put = {.work = put_issuer};

static int delete_issuer(struct request *request, struct err *err)
{
	struct identity_by by = admin_by(request);
	struct span url;

	if (admin_query(request, "url", &url, err) < 0 ||
	    identity_issuer_delete(&request->app->identity, &by, url, err) < 0)
		return -1;
	admin_done(request);
	return 0;
}

const struct handler admin_issuer_delete = {.work = delete_issuer};

/* ---- names in certificates ---- */

static int list_certificates(struct request *request, struct err *err)
{
	CLEANUP(meta_read_end_at) struct meta_tx *tx = NULL;
	struct admin_subject subject = admin_subject(request);
	struct meta_principal owner;
	struct admin_list list;

	if (meta_read_begin(request->app->meta, &tx, err) < 0 ||
	    identity_find(tx, request->app->scope.account, subject.who, &owner,
			  err) < 0)
		return -1;
	admin_list_begin(request, "certificates", &list);
	if (meta_certificate_list(tx, owner.id, admin_list_name, &list, err) <
	    0)
		return -1;
	buf_append_text(list.body, "]}\n");
	return 0;
}

const struct handler admin_certificates = {.work = list_certificates};

static int add_certificate(struct request *request, struct err *err)
{
	static const char *const members[] = {"name", NULL};
	CLEANUP(jsonx_unref) json_t *json = NULL;
	struct identity_by by = admin_by(request);
	struct admin_subject subject = admin_subject(request);
	struct span name;

	if (admin_body(request, members, &json, err) < 0 ||
	    admin_text(json, "name", &name, err) < 0 ||
	    identity_certificate_add(&request->app->identity, &by, subject.who,
				     name, err) < 0)
		return -1;
	struct buf *body = admin_answer(request, 201);
	jsonx_member(body, "name", name);
	buf_append_text(body, "}\n");
	return 0;
}

const struct handler admin_certificate_add = {.work = add_certificate};

static int remove_certificate(struct request *request, struct err *err)
{
	struct identity_by by = admin_by(request);
	struct admin_subject subject = admin_subject(request);
	struct span name;

	if (admin_query(request, "name", &name, err) < 0 ||
	    identity_certificate_remove(&request->app->identity, &by,
					subject.who, name, err) < 0)
		return -1;
	admin_done(request);
	return 0;
}

const struct handler admin_certificate_remove = {.work = remove_certificate};

/* ---- signing keys ---- */

static int rotate(struct request *request, struct err *err)
{
	static const char *const members[] = {"drop_old", NULL};
	CLEANUP(jsonx_unref) json_t *json = NULL;
	CLEANUP(buf_release) struct buf kid = BUF_INIT(256);
	const struct identity *identity = &request->app->identity;
	struct identity_by by = admin_by(request);
	bool drop_old = false;

	if (admin_body(request, members, &json, err) < 0 ||
	    jsonx_bool(json, "drop_old", &drop_old, err) < 0 ||
	    identity_rotate_signing_key(identity, &by, drop_old, err) < 0)
		return -1;
	jwt_key_unref(signing_current(identity->signing, &kid));
	struct buf *body = admin_answer(request, 200);
	jsonx_member(body, "kid", buf_span(&kid));
	buf_append_text(body, "}\n");
	return 0;
}

const struct handler admin_rotate = {.work = rotate};
