/* SPDX-License-Identifier: Apache-2.0 */
/* What stands behind "Basic". */
#include <stdlib.h>

#include "auth/method.h"
#include "auth/throttle.h"
#include "auth/token.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/enc.h"
#include "base/err.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct span asked; /* the name that the throttle was asked about */

/* In place of auth/throttle.c. */
int throttle_ask(struct throttle *throttle, struct span name,
		 struct span source, struct err *err)
{
	(void)throttle;
	(void)source;
	(void)err;
	asked.len = name.len;
	if (memchr(name.len ? name.text : "", ':', name.len))
		abort();
	return 0;
}

void throttle_failed(struct throttle *throttle, struct span name,
		     struct span source)
{
	(void)throttle;
	(void)name;
	(void)source;
}

void throttle_succeeded(struct throttle *throttle, struct span name,
			struct span source)
{
	(void)throttle;
	(void)name;
	(void)source;
}

/* What is taken for a login is base64 of a name, a colon and a password, and
 * written as nothing else is; and a token is what begins as one. */
static void check_taken(struct span text, enum authn_answer answer)
{
	CLEANUP(buf_release) struct buf plain = BUF_INIT(1 << 20);
	CLEANUP(buf_release) struct buf again = BUF_INIT(1 << 20);
	struct err err = ERR_INIT;
	struct span name = {0};
	struct span password = {0};

	if (enc_unbase64(text, &plain, &err) < 0 ||
	    !span_cut(buf_span(&plain), ':', &name, &password))
		abort();
	enc_base64(plain.data, plain.len, &again);
	if (!span_equal(buf_span(&again), text))
		abort();
	bool token = span_equal(name, SPAN_LIT("AWS")) ||
		     span_starts(password, SPAN_LIT(TOKEN_API_PREFIX));
	if (token != (answer == AUTHN_LOOK_UP))
		abort();
	if (!token && asked.len != name.len)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct authn authn;
	struct authn_request request = {.source = SPAN_LIT("192.0.2.1")};
	struct finding finding = {.reason = NULL};
	struct err err = ERR_INIT;
	struct span rest = span_make((const char *)data, size);
	enum authn_answer answer =
		method_basic.weigh(&authn, &request, rest, &finding, &err);

	if (answer == AUTHN_REFUSED) {
		if (err.code != ERR_UNAUTHENTICATED || !finding.reason)
			abort();
		return 0;
	}
	check_taken(span_trim(rest), answer);
	return 0;
}
