/* SPDX-License-Identifier: Apache-2.0 */
/* That somebody is left who may do everything. */
#include "auth/identity_internal.h"
#include "base/err.h"
#include "storage/meta_policies.h"

#define PAGE 64 /* users looked at in one go */

static int look_at(void *context, const struct meta_attachment *attachment,
		   struct err *err)
{
	bool *is = context;

	(void)err;
	if (span_equal(attachment->policy, SPAN_LIT("administrator")))
		*is = true;
	return 0;
}

int identity_is_administrator(struct meta_tx *tx, struct meta_holder holder,
			      bool *ret_is, struct err *err)
{
	bool is = false;
	int rc = holder.kind == META_HOLDER_GROUP
			 ? meta_policy_attached(tx, holder, look_at, &is, err)
			 : meta_policy_effective(tx, holder.id, look_at, &is,
						 err);

	if (rc < 0)
		return -1;
	*ret_is = is;
	return 0;
}

/* A page of users: the enabled ones. */
struct page {
	int64_t now_ms;
	int64_t ids[PAGE];
	size_t count;
	char last[META_PRINCIPAL_NAME_SIZE]; /* of all seen */
};

static int take_user(void *context, const struct meta_principal *user,
		     struct err *err)
{
	struct page *page = context;
	bool ended = user->expires_ms != 0 && user->expires_ms <= page->now_ms;

	(void)err;
	if (!user->disabled && !ended)
		page->ids[page->count++] = user->id;
	memcpy(page->last, user->name, sizeof(page->last));
	return 0;
}

/* 1 if one of the page is an administrator, 0, -1. */
static int one_is(struct meta_tx *tx, const struct page *page, struct err *err)
{
	for (size_t i = 0; i < page->count; i++) {
		struct meta_holder holder = {.kind = META_HOLDER_PRINCIPAL,
					     .id = page->ids[i]};
		bool is = false;

		if (identity_is_administrator(tx, holder, &is, err) < 0)
			return -1;
		if (is)
			return 1;
	}
	return 0;
}

int identity_keep_administrator(struct meta_tx *tx, struct span account,
				struct err *err)
{
	struct page page = {.now_ms = meta_tx_now_ms(tx)};
	bool more = true;

	while (more) {
		struct meta_principal_query asked = {.account = account,
						     .kind = META_USER,
						     .after =
							     span_of(page.last),
						     .limit = PAGE};
		page.count = 0;
		if (meta_principal_page(tx, &asked, take_user, &page, &more,
					err) < 0)
			return -1;
		int found = one_is(tx, &page, err);
		if (found != 0)
			return found < 0 ? -1 : 0;
	}
	err_set(err, ERR_CONFLICT, "the last administrator must stay");
	return err_tell(err, "this is the last enabled user who is an "
			     "administrator; make another one first");
}
