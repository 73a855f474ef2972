/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http/framing.h"

#include "base/err.h"
#include "base/num.h"

static bool token_byte(unsigned char c)
{
	if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	    (c >= 'A' && c <= 'Z'))
		return true;
	return c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL;
}

/* A token of RFC 9110: what the name of a field may be. */
static bool is_token(struct span text)
{
	for (size_t i = 0; i < text.len; i++)
		if (!token_byte((unsigned char)text.text[i]))
			return false;
	return text.len > 0;
}

/* A value may hold blanks, tabs and anything that prints, also beyond ASCII. */
static bool value_is_clean(struct span value)
{
	for (size_t i = 0; i < value.len; i++) {
		unsigned char c = (unsigned char)value.text[i];

		if ((c < ' ' && c != '\t') || c == 0x7f)
			return false;
	}
	return true;
}

struct span framing_find(const struct field *fields, size_t count,
			 const char *name, size_t *ret_count)
{
	struct span wanted = span_of(name);
	struct span found = {NULL, 0};
	size_t seen = 0;

	for (size_t i = 0; i < count; i++) {
		if (fields[i].name.len != wanted.len ||
		    !span_equal_nocase(fields[i].name, wanted))
			continue;
		if (seen++ == 0)
			found = fields[i].value;
		if (!ret_count)
			break;
	}
	if (ret_count)
		*ret_count = seen;
	return found;
}

static int read_length(struct span value, struct framing *framing,
		       struct err *err)
{
	struct err number = ERR_INIT;

	if (num_u64(value, &framing->length, &number) < 0 ||
	    framing->length > INT64_MAX)
		return err_set(err, ERR_INVALID,
			       "Content-Length is not a length");
	framing->has_length = true;
	return 0;
}

static int check_fields(const struct field *fields, size_t count,
			struct err *err)
{
	for (size_t i = 0; i < count; i++) {
		if (!is_token(fields[i].name))
			return err_set(err, ERR_INVALID,
				       "a field name is not a token");
		if (!value_is_clean(fields[i].value))
			return err_set(err, ERR_INVALID,
				       "a field holds control characters");
	}
	return 0;
}

static int check_host(const struct field *fields, size_t count, bool http_1_1,
		      struct err *err)
{
	size_t hosts;
	struct span host = framing_find(fields, count, "Host", &hosts);

	if (hosts > 1)
		return err_set(err, ERR_INVALID, "more than one Host");
	if (hosts == 0 && http_1_1)
		return err_set(err, ERR_INVALID, "no Host");
	for (size_t i = 0; i < host.len; i++)
		if (strchr(" \t,/\\@?#\"<>", host.text[i]))
			return err_set(err, ERR_INVALID, "Host is not a host");
	return 0;
}

int framing_read(const struct field *fields, size_t count, bool http_1_1,
		 struct framing *ret_framing, struct err *err)
{
	struct framing framing = {.chunked = false};
	size_t lengths;
	size_t codings;

	if (check_fields(fields, count, err) < 0 ||
	    check_host(fields, count, http_1_1, err) < 0)
		return -1;

	struct span length =
		framing_find(fields, count, "Content-Length", &lengths);
	struct span coding =
		framing_find(fields, count, "Transfer-Encoding", &codings);

	if (lengths > 1 || codings > 1 || (lengths > 0 && codings > 0))
		return err_set(err, ERR_INVALID,
			       "the length of the body is said twice");
	if (codings > 0) {
		if (!span_equal_nocase(coding, SPAN_LIT("chunked")))
			return err_set(err, ERR_INVALID,
				       "Transfer-Encoding is not chunked");
		if (!http_1_1)
			return err_set(err, ERR_INVALID,
				       "Transfer-Encoding before HTTP/1.1");
		framing.chunked = true;
	}
	if (lengths > 0 && read_length(length, &framing, err) < 0)
		return -1;
	framing.expect_continue =
		http_1_1 &&
		span_equal_nocase(framing_find(fields, count, "Expect", NULL),
				  SPAN_LIT("100-continue"));
	*ret_framing = framing;
	return 0;
}
