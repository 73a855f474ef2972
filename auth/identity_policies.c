/* SPDX-License-Identifier: Apache-2.0 */
/* Policies with names, and whom they are attached to. */
#include "auth/identity_policies.h"

#include "auth/identity_internal.h"
#include "auth/managed.h"
#include "auth/policy.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/jsonx.h"
#include "storage/meta_policies.h"

/* Longer than any document: what is stored may have come from a version that
 * allowed more. */
#define DOCUMENT_MAX ((size_t)1 << 20)

static bool is_managed(struct span name)
{
	size_t count = 0;
	const struct managed *all = managed_all(&count);

	for (size_t i = 0; i < count; i++)
		if (span_equal_nocase(name, span_of(all[i].name)))
			return true;
	return false;
}

static int refuse_managed(struct span name, struct err *err)
{
	if (!is_managed(name))
		return 0;
	err_set(err, ERR_CONFLICT, "ready-made policies stay as they are");
	return err_tell(err,
			"\"%.*s\" is a ready-made policy, which stays as "
			"it is",
			SPAN_ARG(name));
}

static int check_document(enum policy_kind kind, struct span document,
			  struct err *err)
{
	struct policy *policy = NULL;

	if (policy_parse(kind, document, &policy, err) < 0)
		return -1;
	policy_unref(policy);
	return 0;
}

/* ---- policies with names ---- */

struct put {
	struct identity_change change;
	struct span name;
	struct span document;
	bool made;
};

static int put_work(struct meta_tx *tx, void *context, struct err *err)
{
	CLEANUP(buf_release) struct buf before = BUF_INIT(DOCUMENT_MAX);
	struct put *put = context;
	struct identity_entry entry = {.kind = "policy.put",
				       .target = put->name,
				       .after = put->document};
	struct span account = put->change.identity->scope.account;

	if (meta_policy_find(tx, account, put->name, &before, err) < 0)
		return -1;
	int replaced =
		meta_policy_put(tx, account, put->name, put->document, err);
	if (replaced < 0 || buf_check(&before, err) < 0)
		return -1;
	put->made = replaced == 0;
	entry.before = buf_span(&before);
	return identity_note(tx, &put->change, &entry, err);
}

int identity_policy_put(const struct identity *identity,
			const struct identity_by *by, struct span name,
			struct span document, bool *ret_new, struct err *err)
{
	struct put put = {.change = {.identity = identity, .by = by},
			  .name = name,
			  .document = document};
	struct identity_who who = {.name = name};

	if (identity_check_name(who, err) < 0 ||
	    refuse_managed(name, err) < 0 ||
	    check_document(POLICY_IDENTITY, document, err) < 0 ||
	    identity_write(&put.change, put_work, &put, err) < 0)
		return -1;
	*ret_new = put.made;
	return 0;
}

static int no_policy(struct span name, struct err *err)
{
	err_set(err, ERR_NOT_FOUND, "no such policy");
	return err_tell(err, "there is no policy named \"%.*s\"",
			SPAN_ARG(name));
}

static int delete_work(struct meta_tx *tx, void *context, struct err *err)
{
	CLEANUP(buf_release) struct buf before = BUF_INIT(DOCUMENT_MAX);
	const struct put *put = context;
	struct identity_entry entry = {.kind = "policy.delete",
				       .target = put->name};
	struct span account = put->change.identity->scope.account;

	if (meta_policy_find(tx, account, put->name, &before, err) < 0)
		return -1;
	int removed = meta_policy_delete(tx, account, put->name, err);
	if (removed == 0)
		return no_policy(put->name, err);
	if (removed < 0 || buf_check(&before, err) < 0)
		return -1;
	entry.before = buf_span(&before);
	return identity_note(tx, &put->change, &entry, err);
}

int identity_policy_delete(const struct identity *identity,
			   const struct identity_by *by, struct span name,
			   struct err *err)
{
	struct put put = {.change = {.identity = identity, .by = by},
			  .name = name};

	if (refuse_managed(name, err) < 0)
		return -1;
	if (identity_write(&put.change, delete_work, &put, err) == 0)
		return 0;
	if (err->code == ERR_CONFLICT && err->tell[0] == '\0')
		err_tell(err, "the policy is still attached; detach it first");
	return -1;
}

/* ---- attachments ---- */

static int check_grant(struct meta_tx *tx, struct span account,
		       const struct identity_grant *grant, struct err *err)
{
	CLEANUP(buf_release) struct buf document = BUF_INIT(DOCUMENT_MAX);
	bool all = span_equal(grant->pattern, SPAN_LIT("*"));
	int managed = managed_document(grant->policy, account, grant->pattern,
				       &document, err);

	if (managed < 0)
		return -1;
	if (managed > 0 &&
	    (all || !span_equal(grant->policy, SPAN_LIT("administrator"))))
		return 0;
	if (!all) {
		err_set(err, ERR_INVALID, "a pattern where none counts");
		return err_tell(err,
				"\"%.*s\" holds for what its document "
				"names: its pattern is \"*\"",
				SPAN_ARG(grant->policy));
	}
	int found =
		meta_policy_find(tx, account, grant->policy, &document, err);
	return found == 0 ? no_policy(grant->policy, err) : found < 0 ? -1 : 0;
}

int identity_attach_in(struct meta_tx *tx, struct span account,
		       struct meta_holder holder,
		       const struct identity_grant *grant, struct err *err)
{
	if (check_grant(tx, account, grant, err) < 0)
		return -1;
	return meta_policy_attach(tx, holder, account, grant->policy,
				  grant->pattern, err);
}

struct attachment {
	struct identity_change change;
	const struct identity_grant *grant;
};

static int note(struct meta_tx *tx, const struct attachment *attachment,
		const char *verb, struct err *err)
{
	CLEANUP(buf_release) struct buf detail = BUF_INIT(IDENTITY_DETAIL_MAX);
	struct identity_entry entry = {.verb = verb, .detail = &detail};

	buf_append_char(&detail, '{');
	jsonx_member(&detail, "policy", attachment->grant->policy);
	jsonx_member(&detail, "pattern", attachment->grant->pattern);
	buf_append_char(&detail, '}');
	return identity_note(tx, &attachment->change, &entry, err);
}

static int attach_work(struct meta_tx *tx, void *context, struct err *err)
{
	const struct attachment *attachment = context;
	const struct identity_change *change = &attachment->change;
	struct meta_holder holder;

	if (identity_find_holder(tx, change->identity->scope.account,
				 change->who, &holder, err) < 0)
		return -1;
	int done = identity_attach_in(tx, change->identity->scope.account,
				      holder, attachment->grant, err);
	if (done <= 0)
		return done;
	return note(tx, attachment, "attach", err);
}

int identity_attach(const struct identity *identity,
		    const struct identity_by *by, struct identity_who who,
		    const struct identity_grant *grant, struct err *err)
{
	struct attachment attachment = {
		.change = {.identity = identity, .by = by, .who = who},
		.grant = grant};

	return identity_write(&attachment.change, attach_work, &attachment,
			      err);
}

static int detach_work(struct meta_tx *tx, void *context, struct err *err)
{
	const struct attachment *attachment = context;
	const struct identity_change *change = &attachment->change;
	struct meta_holder holder;
	bool administrator = false;

	if (identity_find_holder(tx, change->identity->scope.account,
				 change->who, &holder, err) < 0 ||
	    identity_is_administrator(tx, holder, &administrator, err) < 0)
		return -1;
	int done = meta_policy_detach(tx, holder, attachment->grant->policy,
				      attachment->grant->pattern, err);
	if (done < 0)
		return -1;
	if (done == 0) {
		err_set(err, ERR_NOT_FOUND, "not attached");
		return err_tell(err, "the policy is not attached here for that "
				     "pattern");
	}
	if (administrator &&
	    identity_keep_administrator(tx, change->identity->scope.account,
					err) < 0)
		return -1;
	return note(tx, attachment, "detach", err);
}

int identity_detach(const struct identity *identity,
		    const struct identity_by *by, struct identity_who who,
		    const struct identity_grant *grant, struct err *err)
{
	struct attachment attachment = {
		.change = {.identity = identity, .by = by, .who = who},
		.grant = grant};

	return identity_write(&attachment.change, detach_work, &attachment,
			      err);
}
