/* SPDX-License-Identifier: Apache-2.0 */
/* The Security Token Service: who asks, and sessions of one's own. */
#include "server/aws/sts.h"

#include <string.h>

#include "auth/session.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/num.h"
#include "base/sigv4.h"
#include "server/app.h"
#include "server/aws/aws.h"
#include "storage/meta_principals.h"

#define ARN_MAX 2048
#define TOKEN_MAX 16384
#define SELF_LIFE_S 43200      /* of a session of who has a key */
#define SELF_LIFE_MAX_S 129600 /* its longest */

/* ---- GetCallerIdentity ---- */

int sts_get_caller_identity(struct aws_call *call, struct err *err)
{
	CLEANUP(buf_release) struct buf arn = BUF_INIT(ARN_MAX);
	CLEANUP(buf_release) struct buf id = BUF_INIT(ARN_MAX);
	const struct principal *principal = &call->request->principal;
	struct buf *out = aws_xml_begin(call, "GetCallerIdentity");

	(void)err;
	principal_arn(principal, &arn);
	principal_unique_id(principal, &id);
	query_element("Arn", buf_span(&arn), out);
	query_element("UserId", buf_span(&id), out);
	query_element("Account", span_of(principal->account), out);
	aws_xml_end(call, "GetCallerIdentity");
	return 0;
}

/* ---- what the others share ---- */

int sts_life(struct aws_call *call, int64_t *ret_life_s, struct err *err)
{
	struct span text = query_get(&call->query, "DurationSeconds");
	struct err inner = ERR_INIT;
	int64_t life_s = 0;

	if (!text.text)
		return 0;
	if (num_i64(text, &life_s, &inner) < 0 || life_s < STS_LIFE_MIN_S ||
	    life_s > SELF_LIFE_MAX_S)
		return aws_fail(call, err, 400, "ValidationError",
				"DurationSeconds must be a number from 900 on");
	*ret_life_s = life_s;
	return 0;
}

void sts_write_credentials(const struct session_credentials *credentials,
			   struct span token, struct buf *out)
{
	char ends[CLOCK_TEXT_SIZE];

	clock_format(credentials->ends_ms, ends);
	buf_append_text(out, "<Credentials>");
	query_element("AccessKeyId", span_of(credentials->key_id), out);
	query_element("SecretAccessKey", span_of(credentials->secret), out);
	query_element("SessionToken", token, out);
	query_element("Expiration", span_of(ends), out);
	buf_append_text(out, "</Credentials>");
}

/* ---- GetSessionToken ---- */

static void wipe_credentials(struct session_credentials *credentials)
{
	explicit_bzero(credentials, sizeof(*credentials));
}

static int make_session(struct request *request, int64_t life_s,
			struct session_credentials *ret_credentials,
			struct buf *token, struct err *err)
{
	struct app *app = request->app;
	struct sigv4_authorization shown;
	struct meta_principal owner;
	struct session_wish wish = {.owner = &owner, .life_ms = life_s * 1000};
	struct meta_tx *tx = NULL;

	if (sigv4_parse(request_header(request, "Authorization"), &shown, err) <
		    0 ||
	    meta_read_begin(app->meta, &tx, err) < 0)
		return -1;
	wish.key = shown.key_id;
	int found = meta_principal_get(tx, request->principal.id, &owner, err);
	meta_read_end(tx);
	if (found < 0)
		return -1;
	if (!found)
		return err_set(err, ERR_SIGNATURE_KEY,
			       "who asks is not there any more");
	return session_make(app->seal, app->clock, &wish, ret_credentials,
			    token, err);
}

int sts_get_session_token(struct aws_call *call, struct err *err)
{
	CLEANUP(buf_wipe) struct buf token = BUF_INIT(TOKEN_MAX);
	CLEANUP(wipe_credentials) struct session_credentials credentials;
	const struct principal *principal = &call->request->principal;
	int64_t life_s = SELF_LIFE_S;

	if (principal->credential != CREDENTIAL_ACCESS_KEY) {
		err_set(err, ERR_DENIED, "a session cannot make another one");
		return err_tell(err, "Cannot call GetSessionToken with session "
				     "credentials");
	}
	if (sts_life(call, &life_s, err) < 0 ||
	    make_session(call->request, life_s, &credentials, &token, err) < 0)
		return -1;

	struct buf *out = aws_xml_begin(call, "GetSessionToken");
	sts_write_credentials(&credentials, buf_span(&token), out);
	aws_xml_end(call, "GetSessionToken");
	return 0;
}
