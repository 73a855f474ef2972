/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/principal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "auth/scope.h"
#include "base/buf.h"
#include "base/span.h"
#include "storage/meta_principals.h"

void principal_copy(const struct principal *from, struct principal *ret_to)
{
	*ret_to = *from;
	ret_to->ceiling = ceiling_ref(from->ceiling);
}

void principal_release(struct principal *principal)
{
	ceiling_unref(principal->ceiling);
	principal->ceiling = NULL;
}

void principal_from_row(const struct meta_principal *row,
			enum credential credential,
			struct principal *ret_principal)
{
	static const enum principal_kind kinds[] = {
		[META_USER] = PRINCIPAL_USER,
		[META_ROBOT] = PRINCIPAL_ROBOT,
		[META_ROLE] = PRINCIPAL_ROLE,
	};
	struct principal principal = {.kind = kinds[row->kind],
				      .credential = credential,
				      .id = row->id};

	snprintf(principal.account, sizeof(principal.account), "%s",
		 row->account);
	snprintf(principal.name, sizeof(principal.name), "%s", row->name);
	*ret_principal = principal;
}

void principal_arn(const struct principal *principal, struct buf *out)
{
	const char *account = principal->account;

	switch (principal->kind) {
	case PRINCIPAL_USER:
		buf_appendf(out, "arn:aws:iam::%s:user/%s", account,
			    principal->name);
		return;
	case PRINCIPAL_ROBOT:
		buf_appendf(out, "arn:aws:iam::%s:robot/%s", account,
			    principal->name);
		return;
	case PRINCIPAL_ROLE:
		buf_appendf(out, "arn:aws:sts::%s:assumed-role/%s", account,
			    principal->name);
		return;
	case PRINCIPAL_NONE:
	case PRINCIPAL_ANONYMOUS:
		buf_append_text(out, "anonymous");
		return;
	}
}

void principal_unique_id(const struct principal *principal, struct buf *out)
{
	const char *session = strchr(principal->name, '/');

	switch (principal->kind) {
	case PRINCIPAL_USER:
		buf_append_text(out, "AIDA");
		break;
	case PRINCIPAL_ROBOT:
		buf_append_text(out, "AIDB");
		break;
	case PRINCIPAL_ROLE:
		buf_append_text(out, "AROA");
		break;
	case PRINCIPAL_NONE:
	case PRINCIPAL_ANONYMOUS:
		buf_append_text(out, "anonymous");
		return;
	}
	buf_appendf(out, "%016" PRId64, principal->id);
	if (principal->kind == PRINCIPAL_ROLE && session)
		buf_appendf(out, ":%s", session + 1);
}
