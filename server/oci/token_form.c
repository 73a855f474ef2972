/* SPDX-License-Identifier: Apache-2.0 */
/* What is posted to the token service. */
#include "base/arena.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/enc.h"
#include "base/err.h"
#include "server/http/request.h"
#include "server/http/target.h"
#include "server/oci/token.h"

#define CREDENTIALS_MAX 4096 /* bytes of "Basic ...": authn takes less */

/* A form is written as a query is, but for the blanks. */
static int read_form(struct request *request, struct span *ret_query,
		     struct err *err)
{
	const struct buf *body = &request->body;
	char *copy = arena_copy(&request->arena, buf_text(body), body->len);

	if (!copy)
		return err_set(err, ERR_NO_MEMORY, "a form");
	for (size_t i = 0; i < body->len; i++)
		if (copy[i] == '+')
			copy[i] = ' ';
	*ret_query = span_make(copy, body->len);
	return 0;
}

int token_form_field(struct request *request, const char *name,
		     struct span *ret_value, struct err *err)
{
	struct span query;
	struct span value;

	if (read_form(request, &query, err) < 0)
		return -1;
	int found = target_query(query, name, 0, &request->arena, &value, err);
	if (found <= 0 || value.len == 0)
		return found < 0 ? -1 : 0;
	*ret_value = value;
	return 1;
}

static int invalid(struct err *err, const char *why)
{
	err_set(err, ERR_INVALID, "token form: %s", why);
	return err_tell(err, "%s", why);
}

static int write_credentials(struct request *request, struct span name,
			     struct span password, struct err *err)
{
	CLEANUP(buf_wipe) struct buf plain = BUF_INIT(CREDENTIALS_MAX);
	CLEANUP(buf_wipe) struct buf text = BUF_INIT(CREDENTIALS_MAX);

	if (memchr(name.text, ':', name.len))
		return err_set(err, ERR_UNAUTHENTICATED,
			       "a user name with a colon");
	buf_reserve(&plain, name.len + 1 + password.len);
	buf_append_span(&plain, name);
	buf_append_char(&plain, ':');
	buf_append_span(&plain, password);
	buf_append_text(&text, "Basic ");
	enc_base64(plain.data, plain.len, &text);
	if (plain.failed == ERR_TOO_LARGE || text.failed == ERR_TOO_LARGE)
		return err_set(err, ERR_UNAUTHENTICATED,
			       "longer than any password");
	if (buf_check(&plain, err) < 0 || buf_check(&text, err) < 0)
		return -1;
	char *copy = arena_copy(&request->arena, text.data, text.len);
	if (!copy)
		return err_set(err, ERR_NO_MEMORY, "credentials");
	request->credentials = span_make(copy, text.len);
	return 0;
}

int token_form_credentials(struct request *request, struct err *err)
{
	struct span type = request_header(request, "Content-Type");
	struct span unused = {0};
	struct span grant = {0};
	struct span name = {0};
	struct span password = {0};

	span_cut(type, ';', &type, &unused);
	if (!span_equal_nocase(span_trim(type),
			       SPAN_LIT("application/x-www-form-urlencoded")))
		return invalid(err, "it must be "
				    "application/x-www-form-urlencoded");
	if (token_form_field(request, "grant_type", &grant, err) < 0 ||
	    token_form_field(request, "username", &name, err) < 0 ||
	    token_form_field(request, "password", &password, err) < 0)
		return -1;
	if (!span_equal(grant, SPAN_LIT("password")))
		return 0;
	if (name.len == 0 || password.len == 0)
		return invalid(err, "username and password are required");
	return write_credentials(request, name, password, err);
}
