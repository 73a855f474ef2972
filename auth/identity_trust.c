/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/identity_trust.h"

#include "auth/identity_internal.h"
#include "auth/signing.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/jsonx.h"

/* ---- issuers ---- */

struct put {
	struct identity_change change;
	struct meta_issuer row;
	bool made;
};

/* What a tokens's "iss" may look like: no query, no fragment, nothing that
 * needs quoting in a log. */
static bool is_url(struct span url)
{
	if (!span_starts(url, SPAN_LIT("https://")) ||
	    url.len <= sizeof("https://") - 1 || url.len >= META_URL_SIZE)
		return false;
	for (size_t i = 0; i < url.len; i++)
		if (url.text[i] <= ' ' || url.text[i] >= 0x7f ||
		    strchr("?#\"<>\\^`{|}", url.text[i]))
			return false;
	return true;
}

static int check_issuer(const struct meta_issuer *issuer, struct err *err)
{
	struct span keys = span_of(issuer->jwks_url);

	if (is_url(span_of(issuer->url)) && (keys.len == 0 || is_url(keys)))
		return 0;
	err_set(err, ERR_INVALID, "URL of an issuer is not valid");
	return err_tell(err, "\"url\" and \"jwks_url\" are https: URLs without "
			     "query or fragment");
}

static void describe(const struct meta_issuer *row, struct buf *out)
{
	buf_append_char(out, '{');
	jsonx_member(out, "audiences", span_of(row->audiences));
	jsonx_member(out, "jwks_url", span_of(row->jwks_url));
	jsonx_member(out, "ca_file", span_of(row->ca_file));
	buf_appendf(out, ",\"private_addresses\":%s}",
		    row->private_addresses ? "true" : "false");
}

static int put_work(struct meta_tx *tx, void *context, struct err *err)
{
	CLEANUP(buf_release) struct buf detail = BUF_INIT(IDENTITY_DETAIL_MAX);
	struct put *put = context;
	struct identity_entry entry = {.kind = "issuer.put",
				       .target = span_of(put->row.url),
				       .detail = &detail};
	int replaced = meta_issuer_put(tx, &put->row, err);

	if (replaced < 0)
		return -1;
	put->made = replaced == 0;
	describe(&put->row, &detail);
	return identity_note(tx, &put->change, &entry, err);
}

int identity_issuer_put(const struct identity *identity,
			const struct identity_by *by,
			const struct meta_issuer *issuer, bool *ret_new,
			struct err *err)
{
	struct put put = {.change = {.identity = identity, .by = by},
			  .row = *issuer};
	struct span account = identity->scope.account;

	if (check_issuer(issuer, err) < 0)
		return -1;
	if (account.len >= sizeof(put.row.account))
		return err_set(err, ERR_INTERNAL, "account is too long");
	memcpy(put.row.account, account.text, account.len);
	put.row.account[account.len] = '\0';
	if (identity_write(&put.change, put_work, &put, err) < 0)
		return -1;
	*ret_new = put.made;
	return 0;
}

struct removal {
	struct identity_change change;
	struct span name;
};

static int delete_work(struct meta_tx *tx, void *context, struct err *err)
{
	const struct removal *removal = context;
	struct identity_entry entry = {.kind = "issuer.delete",
				       .target = removal->name};
	int removed =
		meta_issuer_delete(tx, removal->change.identity->scope.account,
				   removal->name, err);

	if (removed < 0)
		return -1;
	if (removed == 0) {
		err_set(err, ERR_NOT_FOUND, "no such issuer");
		return err_tell(err, "there is no such issuer");
	}
	return identity_note(tx, &removal->change, &entry, err);
}

int identity_issuer_delete(const struct identity *identity,
			   const struct identity_by *by, struct span url,
			   struct err *err)
{
	struct removal removal = {.change = {.identity = identity, .by = by},
				  .name = url};

	return identity_write(&removal.change, delete_work, &removal, err);
}

/* ---- names in certificates ---- */

static int check_certificate(struct span name, struct err *err)
{
	static const char *const kinds[] = {"DNS:", "URI:", "email:"};
	bool fine = false;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (span_starts(name, span_of(kinds[i])) &&
		    name.len > strlen(kinds[i]))
			fine = name.len <= IDENTITY_CERTIFICATE_MAX;
	for (size_t i = 0; fine && i < name.len; i++)
		fine = name.text[i] > ' ' && name.text[i] < 0x7f;
	if (fine)
		return 0;
	err_set(err, ERR_INVALID, "name in certificates is not valid");
	return err_tell(err, "\"name\" is DNS:, URI: or email: and what stands "
			     "in the certificate");
}

static int note_certificate(struct meta_tx *tx, const struct removal *about,
			    const char *kind, struct err *err)
{
	CLEANUP(buf_release) struct buf detail = BUF_INIT(IDENTITY_DETAIL_MAX);
	struct identity_entry entry = {.kind = kind, .detail = &detail};

	buf_append_char(&detail, '{');
	jsonx_member(&detail, "name", about->name);
	buf_append_char(&detail, '}');
	return identity_note(tx, &about->change, &entry, err);
}

static int add_work(struct meta_tx *tx, void *context, struct err *err)
{
	const struct removal *about = context;
	struct span account = about->change.identity->scope.account;
	struct meta_principal owner;

	if (identity_find(tx, account, about->change.who, &owner, err) < 0 ||
	    meta_certificate_add(tx, account, about->name, owner.id, err) < 0)
		return -1;
	return note_certificate(tx, about, "certificate.add", err);
}

int identity_certificate_add(const struct identity *identity,
			     const struct identity_by *by,
			     struct identity_who who, struct span name,
			     struct err *err)
{
	struct removal about = {
		.change = {.identity = identity, .by = by, .who = who},
		.name = name};

	if (check_certificate(name, err) < 0)
		return -1;
	return identity_write(&about.change, add_work, &about, err);
}

static int remove_work(struct meta_tx *tx, void *context, struct err *err)
{
	const struct removal *about = context;
	struct span account = about->change.identity->scope.account;
	struct meta_principal owner;

	if (identity_find(tx, account, about->change.who, &owner, err) < 0)
		return -1;
	int removed = meta_certificate_remove(tx, account, about->name,
					      owner.id, err);
	if (removed < 0)
		return -1;
	if (removed == 0) {
		err_set(err, ERR_NOT_FOUND, "no such name in certificates");
		return err_tell(err, "that name does not stand for it");
	}
	return note_certificate(tx, about, "certificate.remove", err);
}

int identity_certificate_remove(const struct identity *identity,
				const struct identity_by *by,
				struct identity_who who, struct span name,
				struct err *err)
{
	struct removal about = {
		.change = {.identity = identity, .by = by, .who = who},
		.name = name};

	return identity_write(&about.change, remove_work, &about, err);
}

/* ---- signing ---- */

struct rotation {
	struct identity_change change;
	bool drop_old;
};

static int rotation_work(struct meta_tx *tx, void *context, struct err *err)
{
	CLEANUP(buf_release) struct buf detail = BUF_INIT(IDENTITY_DETAIL_MAX);
	const struct rotation *rotation = context;
	struct identity_entry entry = {.kind = "signing-key.rotate",
				       .detail = &detail};

	buf_appendf(&detail, "{\"drop_old\":%s}",
		    rotation->drop_old ? "true" : "false");
	return identity_note(tx, &rotation->change, &entry, err);
}

int identity_rotate_signing_key(const struct identity *identity,
				const struct identity_by *by, bool drop_old,
				struct err *err)
{
	struct rotation rotation = {.change = {.identity = identity, .by = by},
				    .drop_old = drop_old};

	if (signing_rotate(identity->signing, drop_old, err) < 0)
		return -1;
	return identity_write(&rotation.change, rotation_work, &rotation, err);
}
