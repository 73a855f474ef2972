/* SPDX-License-Identifier: Apache-2.0 */
/* What all changes of identities have in common. */
#include "auth/identity.h"

#include <stdio.h>

#include "auth/identity_internal.h"
#include "auth/password.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/hasher.h"
#include "base/utf8.h"
#include "storage/meta_audit.h"
#include "storage/meta_policies.h"

#define NAME_MAX_LEN 64	    /* bytes of a name that is no address */
#define ADDRESS_MAX_LEN 128 /* bytes of one that is */

const char *identity_kind_name(enum identity_kind kind)
{
	switch (kind) {
	case IDENTITY_GROUP:
		return "group";
	case IDENTITY_USER:
		return "user";
	case IDENTITY_ROBOT:
		return "robot";
	case IDENTITY_ROLE:
		return "role";
	}
	return "principal";
}

/* ---- one change, one transaction ---- */

/* A commit whose answer was lost may have happened: tell it in any case. */
int identity_write(const struct identity_change *change, meta_work_fn *work,
		   void *context, struct err *err)
{
	const struct identity *identity = change->identity;
	int done = meta_write(identity->meta, work, context, err);

	if (identity->changed)
		identity->changed(identity->context);
	return done;
}

static int digest_text(struct span document, char ret_text[DIGEST_TEXT_SIZE],
		       struct err *err)
{
	struct digest digest;

	ret_text[0] = '\0';
	if (document.len == 0)
		return 0;
	if (hasher_once(DIGEST_SHA256, document.text, document.len, &digest,
			err) < 0)
		return -1;
	digest_format(&digest, ret_text);
	return 0;
}

int identity_note(struct meta_tx *tx, const struct identity_change *change,
		  const struct identity_entry *entry, struct err *err)
{
	struct meta_audit row = {.outcome = SPAN_LIT("ok"),
				 .actor = change->by->actor,
				 .source = change->by->source,
				 .request_id = change->by->request_id,
				 .target = entry->target};
	char before[DIGEST_TEXT_SIZE];
	char after[DIGEST_TEXT_SIZE];
	char kind[64];

	if (digest_text(entry->before, before, err) < 0 ||
	    digest_text(entry->after, after, err) < 0)
		return -1;
	if (entry->detail && buf_check(entry->detail, err) < 0)
		return -1;
	if (entry->kind)
		snprintf(kind, sizeof(kind), "%s", entry->kind);
	else
		snprintf(kind, sizeof(kind), "%s.%s",
			 identity_kind_name(change->who.kind), entry->verb);
	row.kind = span_of(kind);
	if (row.target.len == 0)
		row.target = change->who.name;
	row.before = span_of(before);
	row.after = span_of(after);
	row.detail = entry->detail ? buf_span(entry->detail) : SPAN_LIT("");
	return meta_audit_append(tx, change->identity->scope.account, &row,
				 err);
}

/* ---- looking up ---- */

static int absent(enum identity_kind kind, struct span name, struct err *err)
{
	const char *what = identity_kind_name(kind);

	err_set(err, ERR_NOT_FOUND, "no such %s", what);
	return err_tell(err, "there is no %s named \"%.*s\"", what,
			SPAN_ARG(name));
}

int identity_find(struct meta_tx *tx, struct span account,
		  struct identity_who who, struct meta_principal *ret_principal,
		  struct err *err)
{
	struct meta_principal found;
	int rc = meta_principal_find(tx, account, who.name, &found, err);

	if (rc < 0)
		return -1;
	if (rc == 0 || (int)found.kind != (int)who.kind)
		return absent(who.kind, who.name, err);
	*ret_principal = found;
	return 0;
}

int identity_find_group(struct meta_tx *tx, struct span account,
			struct span name, struct meta_group *ret_group,
			struct err *err)
{
	int rc = meta_group_find(tx, account, name, ret_group, err);

	if (rc == 0)
		return absent(IDENTITY_GROUP, name, err);
	return rc < 0 ? -1 : 0;
}

int identity_find_holder(struct meta_tx *tx, struct span account,
			 struct identity_who who,
			 struct meta_holder *ret_holder, struct err *err)
{
	struct meta_principal principal;
	struct meta_group group;

	if (who.kind == IDENTITY_GROUP) {
		if (identity_find_group(tx, account, who.name, &group, err) < 0)
			return -1;
		*ret_holder = (struct meta_holder){.kind = META_HOLDER_GROUP,
						   .id = group.id};
		return 0;
	}
	if (identity_find(tx, account, who, &principal, err) < 0)
		return -1;
	*ret_holder = (struct meta_holder){.kind = META_HOLDER_PRINCIPAL,
					   .id = principal.id};
	return 0;
}

/* ---- what may be written ---- */

static bool is_name_char(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	       (c >= '0' && c <= '9') || (c != '\0' && strchr("+=,.@_-", c));
}

/* "AWS" is what docker logs in as with a token of ours. */
static bool is_reserved(struct span name)
{
	return span_equal_nocase(name, SPAN_LIT("anonymous")) ||
	       span_equal_nocase(name, SPAN_LIT("AWS"));
}

int identity_check_name(struct identity_who who, struct err *err)
{
	struct span name = who.name;
	bool address = who.kind == IDENTITY_USER && name.len > 0 &&
		       memchr(name.text, '@', name.len);
	bool fine = name.len > 0 &&
		    name.len <= (address ? ADDRESS_MAX_LEN : NAME_MAX_LEN);

	for (size_t i = 0; fine && i < name.len; i++)
		fine = is_name_char(name.text[i]);
	/* No path leads to these. */
	fine = fine && !span_equal(name, SPAN_LIT(".")) &&
	       !span_equal(name, SPAN_LIT(".."));
	if (!fine) {
		err_set(err, ERR_INVALID, "name is not valid");
		return err_tell(err,
				"a name is 1 to 64 letters, digits and "
				"+=,.@_- (a user's mail address up to 128)");
	}
	if (is_reserved(name)) {
		err_set(err, ERR_EXISTS, "name is reserved");
		return err_tell(err, "the name is reserved");
	}
	return 0;
}

int identity_check_description(struct span description, struct err *err)
{
	bool fine = description.len < META_DESCRIPTION_SIZE;

	for (size_t at = 0; fine && at < description.len;) {
		struct span rest =
			span_make(description.text + at, description.len - at);
		unsigned char byte = (unsigned char)rest.text[0];
		size_t length = byte < 0x80 ? 1 : utf8_length(rest);

		fine = byte >= 0x20 && byte != 0x7f && length > 0;
		at += length;
	}
	if (fine)
		return 0;
	err_set(err, ERR_INVALID, "description is not valid");
	return err_tell(err, "\"description\" is one line of %d bytes at most",
			META_DESCRIPTION_SIZE - 1);
}

int identity_check_password(struct span password, struct err *err)
{
	if (password.len >= IDENTITY_PASSWORD_MIN &&
	    password.len <= PASSWORD_MAX)
		return 0;
	err_set(err, ERR_INVALID, "password is too short or too long");
	return err_tell(err, "a password has %d to %d bytes",
			IDENTITY_PASSWORD_MIN, PASSWORD_MAX);
}

int identity_ends_ms(struct meta_tx *tx, int64_t life_s, int64_t *ret_ms,
		     struct err *err)
{
	if (life_s < 0 || life_s > IDENTITY_LIFE_MAX_S) {
		err_set(err, ERR_INVALID, "life is not valid");
		return err_tell(err, "\"expires_in\" is a number of seconds "
				     "from 1 on, or null");
	}
	*ret_ms = life_s == 0 ? 0 : meta_tx_now_ms(tx) + life_s * 1000;
	return 0;
}
