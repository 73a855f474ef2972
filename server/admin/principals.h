/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_ADMIN_PRINCIPALS_H
#define SERVER_ADMIN_PRINCIPALS_H

/* How principals are shown, for the files of this folder. */

#include "server/admin/admin.h"

/* Append the members of one, without its braces. */
void admin_principal_write(const struct meta_principal *row, struct buf *out);

/* Read the one that was made or changed just now, and answer with it. */
int admin_principal_answer(struct request *request, struct identity_who who,
			   int status, struct buf **ret_body, struct err *err);

#endif
