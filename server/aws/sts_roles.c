/* SPDX-License-Identifier: Apache-2.0 */
/* The Security Token Service: assuming roles. */
#include <stdio.h>
#include <string.h>

#include "auth/policy.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "server/app.h"
#include "server/aws/aws.h"
#include "server/aws/sts.h"
#include "server/roles.h"

#define ARN_MAX 2048
#define TOKEN_MAX 16384

static void write_assumed(const struct assumed *assumed, struct span token,
			  struct buf *out)
{
	CLEANUP(buf_release) struct buf arn = BUF_INIT(ARN_MAX);
	CLEANUP(buf_release) struct buf id = BUF_INIT(ARN_MAX);

	principal_arn(&assumed->principal, &arn);
	principal_unique_id(&assumed->principal, &id);
	sts_write_credentials(&assumed->credentials, token, out);
	buf_append_text(out, "<AssumedRoleUser>");
	query_element("AssumedRoleId", buf_span(&id), out);
	query_element("Arn", buf_span(&arn), out);
	buf_append_text(out, "</AssumedRoleUser>");
	if (assumed->policy_percent > 0)
		buf_appendf(out, "<PackedPolicySize>%zu</PackedPolicySize>",
			    assumed->policy_percent);
}

/* What would narrow a session, or must be kept with it, and is not done here
 * cannot be passed over in silence. */
static int refuse_unsupported(struct aws_call *call, struct err *err)
{
	static const char *const prefixes[] = {
		"PolicyArns.", "Tags.", "TransitiveTagKeys.", "SourceIdentity",
		"ProvidedContexts."};
	char text[128];

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		if (!query_has(&call->query, prefixes[i]))
			continue;
		snprintf(text, sizeof(text),
			 "%s cannot be given to a session of this server",
			 prefixes[i]);
		return aws_fail(call, err, 400, "ValidationError", text);
	}
	return 0;
}

static int check_policy(struct aws_call *call, struct span document,
			struct err *err)
{
	struct policy *policy = NULL;
	struct err inner = ERR_INIT;

	if (document.len > SESSION_POLICY_MAX)
		return aws_fail(call, err, 400, "PackedPolicyTooLarge",
				"the policy is longer than 2048 bytes");
	if (document.len == 0 ||
	    policy_parse(POLICY_IDENTITY, document, &policy, &inner) == 0) {
		policy_unref(policy);
		return 0;
	}
	if (inner.code == ERR_NO_MEMORY)
		return err_set(err, ERR_NO_MEMORY, "session policy");
	return aws_fail(call, err, 400, "MalformedPolicyDocument",
			err_for_client(&inner));
}

static int read_wish(struct aws_call *call, struct assume_wish *wish,
		     struct err *err)
{
	wish->role = query_get(&call->query, "RoleArn");
	wish->name = query_get(&call->query, "RoleSessionName");
	wish->policy = query_get(&call->query, "Policy");
	if (!span_starts(wish->role, SPAN_LIT("arn:")))
		return aws_fail(call, err, 400, "ValidationError",
				"RoleArn must be an ARN such as "
				"arn:aws:iam::000000000000:role/NAME");
	if (refuse_unsupported(call, err) < 0 ||
	    sts_life(call, &wish->life_s, err) < 0)
		return -1;
	return check_policy(call, wish->policy, err);
}

/* ---- AssumeRole ---- */

int sts_assume_role(struct aws_call *call, struct err *err)
{
	CLEANUP(buf_wipe) struct buf token = BUF_INIT(TOKEN_MAX);
	CLEANUP(roles_wipe) struct assumed assumed;
	struct assume_wish wish = {.life_s = 0};
	struct policy_key keys[2];

	if (read_wish(call, &wish, err) < 0)
		return -1;
	keys[wish.key_count++] =
		(struct policy_key){SPAN_LIT("sts:RoleSessionName"), wish.name};
	struct span external = query_get(&call->query, "ExternalId");
	if (external.text)
		keys[wish.key_count++] = (struct policy_key){
			SPAN_LIT("sts:ExternalId"), external};
	wish.keys = keys;
	if (roles_assume(call->request, &wish, &assumed, &token, err) < 0)
		return -1;

	struct buf *out = aws_xml_begin(call, "AssumeRole");
	write_assumed(&assumed, buf_span(&token), out);
	aws_xml_end(call, "AssumeRole");
	return 0;
}

/* ---- AssumeRoleWithWebIdentity ---- */

/* In the names of AWS, whose clients try again by them. */
static int fail_web(struct aws_call *call, const struct err *err)
{
	static const struct {
		enum err_code kind;
		const char *code;
	} rows[] = {
		{ERR_UNAUTHENTICATED, "InvalidIdentityToken"},
		{ERR_SIGNATURE_EXPIRED, "ExpiredTokenException"},
		{ERR_UNAVAILABLE, "IDPCommunicationError"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (err->code == rows[i].kind) {
			call->code = rows[i].code;
			call->status = 400;
		}
	return -1;
}

static void write_provider(struct aws_call *call,
			   const struct oidc_identity *identity,
			   struct buf *out)
{
	CLEANUP(buf_release) struct buf arn = BUF_INIT(ARN_MAX);

	buf_appendf(&arn, "arn:aws:iam::%.*s:oidc-provider/%.*s",
		    SPAN_ARG(call->request->app->scope.account),
		    SPAN_ARG(identity->issuer));
	query_element("Provider", buf_span(&arn), out);
	query_element("Audience", identity->audience, out);
	query_element("SubjectFromWebIdentityToken", identity->subject, out);
}

int sts_assume_role_with_web_identity(struct aws_call *call, struct err *err)
{
	CLEANUP(oidc_identity_release)
	struct oidc_identity identity = {.key_count = 0};
	CLEANUP(buf_wipe) struct buf token = BUF_INIT(TOKEN_MAX);
	CLEANUP(roles_wipe) struct assumed assumed;
	struct span shown = query_get(&call->query, "WebIdentityToken");
	struct assume_wish wish = {.life_s = 0};

	if (read_wish(call, &wish, err) < 0)
		return -1;
	if (roles_web_identity(call->request, shown, &identity, err) < 0 ||
	    roles_assume_web(call->request, &identity, &wish, &assumed, &token,
			     err) < 0)
		return fail_web(call, err);

	struct buf *out = aws_xml_begin(call, "AssumeRoleWithWebIdentity");
	write_provider(call, &identity, out);
	write_assumed(&assumed, buf_span(&token), out);
	aws_xml_end(call, "AssumeRoleWithWebIdentity");
	return 0;
}
