/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_ADMIN_ATTACHMENTS_H
#define SERVER_ADMIN_ATTACHMENTS_H

/* What is attached to whom, for the files of this folder. */

#include "base/cleanup.h"
#include "storage/meta_policies.h"

DEFINE_CLEANUP(meta_read_end_at, struct meta_tx *, meta_read_end)

/* Append "policies":[...] for a principal, by itself and through its groups, or
 * for a group. */
int admin_attachments_write(struct meta_tx *tx, struct meta_holder holder,
			    struct buf *out, struct err *err);

#endif
