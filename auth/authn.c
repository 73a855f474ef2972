/* SPDX-License-Identifier: Apache-2.0 */
/* The table of methods, and what they have in common. */
#include "auth/authn.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth/audit.h"
#include "auth/method.h"
#include "auth/signed.h"
#include "auth/verified.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/sigv4.h"
#include "storage/meta_audit.h"

#define KEY_MAX 1024 /* bytes of a certificate's names that are remembered */

static const struct method *const methods[] = {&method_basic, &method_bearer};

/* A request, and how it is to be looked at. */
struct asked {
	const struct authn_request *request;
	const struct method *method; /* NULL: a scheme that we do not know */
	struct span rest;	     /* behind the scheme */
	struct span key;	     /* what verified.h knows it by, or "" */
	char names[KEY_MAX];	     /* the key of a certificate */
};

DEFINE_CLEANUP(authn_free_at, struct authn *, authn_free)

int authn_new(const struct authn_config *config, struct authn **ret_authn,
	      struct err *err)
{
	CLEANUP(authn_free_at) struct authn *authn = calloc(1, sizeof(*authn));

	if (!authn)
		return err_set(err, ERR_NO_MEMORY, "authn");
	authn->config = *config;
	if (password_decoy(authn->decoy, err) < 0 ||
	    verified_new(&authn->verified, err) < 0 ||
	    rehash_new(&authn->rehash, err) < 0)
		return -1;
	*ret_authn = STEAL(authn);
	return 0;
}

void authn_free(struct authn *authn)
{
	if (!authn)
		return;
	rehash_free(authn->rehash);
	verified_free(authn->verified);
	free(authn);
}

void authn_forget(struct authn *authn)
{
	verified_clear(authn->verified);
}

void authn_tidy(struct authn *authn)
{
	rehash_tidy(authn->rehash, authn->config.meta);
}

/* ---- for the methods ---- */

int method_refuse(struct finding *finding, const char *reason, struct err *err)
{
	finding->reason = reason;
	return err_set(err, ERR_UNAUTHENTICATED, "%s", reason);
}

int method_take(struct authn *authn, const struct meta_principal *row,
		enum credential credential, struct finding *finding,
		struct err *err)
{
	int64_t now_ms = clock_wall_ms(authn->config.clock);

	snprintf(finding->actor, sizeof(finding->actor), "%s", row->name);
	if (row->kind == META_ROLE && credential != CREDENTIAL_SESSION)
		return method_refuse(finding, "a role", err);
	if (row->disabled)
		return method_refuse(finding, "disabled", err);
	if (row->expires_ms && row->expires_ms <= now_ms)
		return method_refuse(finding, "expired", err);
	principal_from_row(row, credential, &finding->principal);
	finding->ends_ms = now_ms + authn->config.cache_ms;
	if (row->expires_ms && row->expires_ms < finding->ends_ms)
		finding->ends_ms = row->expires_ms;
	return 0;
}

int method_take_id(struct authn *authn, struct meta_tx *tx, int64_t id,
		   enum credential credential, struct finding *finding,
		   struct err *err)
{
	struct meta_principal row;
	int found = meta_principal_get(tx, id, &row, err);

	if (found < 0)
		return -1;
	if (found == 0)
		return method_refuse(finding, "its owner is gone", err);
	return method_take(authn, &row, credential, finding, err);
}

/* ---- signatures ---- */

static int verify_signed(struct authn *authn,
			 const struct authn_request *request, struct span rest,
			 struct finding *finding, struct err *err)
{
	struct signed_parts parts = {.meta = authn->config.meta,
				     .seal = authn->config.seal,
				     .clock = authn->config.clock,
				     .account = span_of(authn->config.account),
				     .used = authn->config.used};

	(void)rest;
	return signed_verify(&parts, request, &finding->principal, err);
}

static const struct method method_signed = {
	.scheme = SIGV4_SCHEME, .takes = AUTHN_BODY, .verify = verify_signed};

/* ---- asking ---- */

/* The names, each behind a NUL, which no header begins with. */
static void key_of_certificate(struct asked *asked)
{
	const struct authn_request *request = asked->request;
	size_t len = 0;

	for (size_t i = 0; i < request->certificate_count; i++) {
		struct span name = request->certificate[i];

		if (name.len >= KEY_MAX - len)
			return;
		asked->names[len++] = '\0';
		memcpy(asked->names + len, name.text, name.len);
		len += name.len;
	}
	asked->key = span_make(asked->names, len);
}

static void understand(const struct authn_request *request, struct asked *asked)
{
	struct span scheme = {0};

	asked->request = request;
	asked->method = NULL;
	asked->rest = SPAN_LIT("");
	asked->key = SPAN_LIT("");
	if (request->header.len == 0) {
		asked->method = &method_certificate;
		key_of_certificate(asked);
		return;
	}
	/* Its own errors are told where it is garbled, too. */
	if (span_starts(request->header, SPAN_LIT(SIGV4_SCHEME))) {
		asked->method = &method_signed;
		return;
	}
	if (!span_cut(request->header, ' ', &scheme, &asked->rest))
		return;
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		if (span_equal_nocase(scheme, span_of(methods[i]->scheme)))
			asked->method = methods[i];
	if (asked->method)
		asked->key = request->header;
}

static bool is_failure(enum err_code code)
{
	return code == ERR_UNAUTHENTICATED || code == ERR_TOO_MANY ||
	       code == ERR_SIGNATURE_MISSING ||
	       code == ERR_SIGNATURE_INCOMPLETE || code == ERR_SIGNATURE_KEY ||
	       code == ERR_SIGNATURE_WRONG || code == ERR_SIGNATURE_EXPIRED;
}

/* What the client is told is the same for every reason; the audit log has the
 * reason. */
static void tell_failure(struct authn *authn, const struct asked *asked,
			 const struct finding *finding, struct err *err)
{
	CLEANUP(buf_release) struct buf detail = BUF_INIT(256);
	const struct method *method = asked->method;

	if (!is_failure(err->code))
		return;
	if (err->code == ERR_UNAUTHENTICATED)
		err_tell(err, "%s",
			 method ? method->tell
				: "log in by a scheme that is offered");
	buf_appendf(&detail, "{\"method\":\"%s\",\"reason\":\"%s\"}",
		    !method		? "unknown"
		    : method->scheme[0] ? method->scheme
					: "certificate",
		    finding->reason ? finding->reason
				    : err_code_name(err->code));

	struct meta_audit entry = {.kind = err->code == ERR_TOO_MANY
						   ? SPAN_LIT("auth.throttled")
						   : SPAN_LIT("auth.failure"),
				   .outcome = SPAN_LIT("denied"),
				   .actor = span_of(finding->actor),
				   .source = asked->request->source,
				   .request_id = asked->request->id,
				   .detail = buf_span(&detail)};
	audit_note(authn->config.audit, &entry);
}

static enum authn_answer quick(struct authn *authn, const struct asked *asked,
			       struct principal *ret_principal, struct err *err)
{
	const struct authn_request *request = asked->request;
	struct finding finding = {.ends_ms = 0};
	enum authn_answer answer = AUTHN_REFUSED;

	if (request->header.len == 0 && request->certificate_count == 0) {
		*ret_principal = PRINCIPAL_ANONYMOUS_INIT;
		return AUTHN_KNOWN;
	}
	if (asked->key.len > 0 &&
	    verified_find(authn->verified, asked->key,
			  clock_monotonic_ms(authn->config.clock),
			  ret_principal))
		return AUTHN_KNOWN;
	if (asked->method && asked->method->weigh)
		answer = asked->method->weigh(authn, request, asked->rest,
					      &finding, err);
	else if (asked->method)
		answer = asked->method->takes;
	else
		method_refuse(&finding, "unknown scheme", err);
	if (answer == AUTHN_REFUSED)
		tell_failure(authn, asked, &finding, err);
	return answer;
}

enum authn_answer authn_quick(struct authn *authn,
			      const struct authn_request *request,
			      struct principal *ret_principal, struct err *err)
{
	struct asked asked;

	understand(request, &asked);
	return quick(authn, &asked, ret_principal, err);
}

static void remember(struct authn *authn, const struct asked *asked,
		     uint64_t generation, const struct finding *finding)
{
	int64_t left_ms = finding->ends_ms - clock_wall_ms(authn->config.clock);

	if (asked->key.len > 0 && left_ms > 0)
		verified_keep(authn->verified, asked->key, generation,
			      clock_monotonic_ms(authn->config.clock) + left_ms,
			      &finding->principal);
}

int authn_verify(struct authn *authn, const struct authn_request *request,
		 struct principal *ret_principal, struct err *err)
{
	struct finding finding = {.ends_ms = 0};
	struct asked asked;

	understand(request, &asked);
	enum authn_answer answer = quick(authn, &asked, ret_principal, err);
	if (answer == AUTHN_KNOWN || answer == AUTHN_REFUSED)
		return answer == AUTHN_KNOWN ? 0 : -1;

	/* The generation before the look-up: what was forgotten meanwhile must
	 * not be remembered again. */
	uint64_t generation = verified_generation(authn->verified);
	if (asked.method->verify(authn, request, asked.rest, &finding, err) <
	    0) {
		tell_failure(authn, &asked, &finding, err);
		principal_release(&finding.principal);
		return -1;
	}
	remember(authn, &asked, generation, &finding);
	*ret_principal = finding.principal;
	return 0;
}
