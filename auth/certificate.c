/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The client certificate of the connection, of a request that shows nothing
 * else.  One that names nobody has opened the connection and is no login: its
 * requests are anonymous.  One whose owner is disabled is refused.
 */
#include "auth/method.h"
#include "base/err.h"

/* The first of its names that is somebody's. */
static int find_owner(struct authn *authn, struct meta_tx *tx,
		      const struct authn_request *request, int64_t *ret_id,
		      struct err *err)
{
	int found = 0;

	for (size_t i = 0; i < request->certificate_count && found == 0; i++)
		found = meta_certificate_find(
			tx, span_of(authn->config.account),
			request->certificate[i], ret_id, err);
	return found;
}

static int verify(struct authn *authn, const struct authn_request *request,
		  struct span rest, struct finding *finding, struct err *err)
{
	struct meta_tx *tx = NULL;
	int64_t id = 0;

	(void)rest;
	if (meta_read_begin(authn->config.meta, &tx, err) < 0)
		return -1;
	int found = find_owner(authn, tx, request, &id, err);
	if (found > 0)
		found = method_take_id(authn, tx, id, CREDENTIAL_CERTIFICATE,
				       finding, err);
	else if (found == 0)
		finding->principal = PRINCIPAL_ANONYMOUS_INIT;
	meta_read_end(tx);
	return found;
}

const struct method method_certificate = {
	.scheme = "",
	.tell = "the client certificate is of somebody who may not log in",
	.takes = AUTHN_LOOK_UP,
	.verify = verify};
