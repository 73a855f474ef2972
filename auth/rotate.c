/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/rotate.h"

#include <stdio.h>

#include "auth/access_key.h"
#include "auth/seal.h"
#include "auth/signing.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/failpoint.h"
#include "storage/meta_audit.h"
#include "storage/meta_credentials.h"

#define SECRET_MAX 8192 /* bytes of what is sealed */

struct rotation {
	struct seal *seal;
	struct span account;
};

static int reseal_access_key(struct seal *seal, struct span id,
			     struct span sealed, struct buf *out,
			     struct err *err)
{
	CLEANUP(buf_wipe) struct buf secret = BUF_INIT(SECRET_MAX);
	char text[META_KEY_ID_SIZE];

	snprintf(text, sizeof(text), "%.*s", SPAN_ARG(id));
	if (access_key_open(seal, text, sealed, &secret, err) < 0)
		return -1;
	return access_key_seal(seal, text, buf_span(&secret), out, err);
}

static int reseal_signing_key(struct seal *seal, struct span kid,
			      struct span sealed, struct buf *out,
			      struct err *err)
{
	CLEANUP(buf_wipe) struct buf secret = BUF_INIT(SECRET_MAX);
	char purpose[sizeof(SIGNING_PURPOSE) + META_KEY_ID_SIZE];

	snprintf(purpose, sizeof(purpose), SIGNING_PURPOSE "%.*s",
		 SPAN_ARG(kid));
	if (seal_read(seal, span_of(purpose), sealed, &secret, err) < 0)
		return -1;
	return seal_close(seal, span_of(purpose), buf_span(&secret), out, err);
}

static int reseal(void *context, enum meta_sealed what, struct span id,
		  struct span sealed, struct buf *out, struct err *err)
{
	const struct rotation *rotation = context;

	switch (what) {
	case META_SEALED_ACCESS_KEY:
		return reseal_access_key(rotation->seal, id, sealed, out, err);
	case META_SEALED_SIGNING_KEY:
		return reseal_signing_key(rotation->seal, id, sealed, out, err);
	}
	return err_set(err, ERR_INTERNAL, "nobody knows what is sealed here");
}

static int work(struct meta_tx *tx, void *context, struct err *err)
{
	struct rotation *rotation = context;
	struct meta_audit entry = {.kind = SPAN_LIT("server-key.rotate"),
				   .outcome = SPAN_LIT("ok"),
				   .actor = SPAN_LIT("berthd")};

	if (meta_reseal(tx, reseal, rotation, err) < 0)
		return -1;
	return meta_audit_append(tx, rotation->account, &entry, err);
}

int rotate_server_key(struct meta *meta, struct seal *seal, struct span account,
		      struct err *err)
{
	struct rotation rotation = {.seal = seal, .account = account};

	/* With two keys one was killed behind this step. */
	if (seal_key_count(seal) == 1 && seal_add_key(seal, err) < 0)
		return -1;
	if (FAILPOINT("rotate:added"))
		return err_set(err, ERR_IO, "rotate:added");
	if (meta_write(meta, work, &rotation, err) < 0)
		return -1;
	if (FAILPOINT("rotate:resealed"))
		return err_set(err, ERR_IO, "rotate:resealed");
	return seal_drop_old_keys(seal, err);
}
