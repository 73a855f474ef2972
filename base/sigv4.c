/* SPDX-License-Identifier: Apache-2.0 */
#include "base/sigv4.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/digest.h"
#include "base/enc.h"
#include "base/err.h"
#include "base/hasher.h"

#define CANONICAL_MAX (1u << 20) /* bytes of a canonical request */
#define FIELD_NAME_SIZE 129	 /* bytes of a header's name, with the NUL */
#define KEY_ID_MAX 128
#define SCOPE_PART_MAX 64 /* bytes of a region or a service */
#define HASH_SIZE 32

/* ---- the Authorization header ---- */

static bool is_digits(struct span text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.text[i] < '0' || text.text[i] > '9')
			return false;
	return text.len > 0;
}

/* Letters, digits, "_" and "-": what no part of a scope goes beyond. */
static bool is_word(struct span text, size_t max)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.text[i];
		bool fine = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			    (c >= '0' && c <= '9') || c == '_' || c == '-';

		if (!fine)
			return false;
	}
	return text.len > 0 && text.len <= max;
}

static int parse_credential(struct span text,
			    struct sigv4_authorization *parsed)
{
	struct span end = {0};

	if (!span_cut_last(text, '/', &text, &end) ||
	    !span_equal(end, SPAN_LIT("aws4_request")) ||
	    !span_cut_last(text, '/', &text, &parsed->service) ||
	    !span_cut_last(text, '/', &text, &parsed->region) ||
	    !span_cut_last(text, '/', &parsed->key_id, &parsed->date))
		return -1;
	if (!is_word(parsed->key_id, KEY_ID_MAX) ||
	    !is_word(parsed->region, SCOPE_PART_MAX) ||
	    !is_word(parsed->service, SCOPE_PART_MAX) ||
	    parsed->date.len != 8 || !is_digits(parsed->date))
		return -1;
	return 0;
}

/* The characters of a field's name in lower case (RFC 9110, token). */
static bool is_field_name(struct span name)
{
	for (size_t i = 0; i < name.len; i++) {
		char c = name.text[i];
		bool fine = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
			    (c != '\0' && strchr("!#$%&'*+-.^_`|~", c));

		if (!fine)
			return false;
	}
	return name.len > 0 && name.len < FIELD_NAME_SIZE;
}

static int compare(struct span a, struct span b)
{
	size_t shorter = a.len < b.len ? a.len : b.len;
	int order = shorter > 0 ? memcmp(a.text, b.text, shorter) : 0;

	if (order != 0)
		return order;
	return a.len < b.len ? -1 : a.len > b.len;
}

/* Cut the first name off a list; false at its end. */
static bool next_name(struct span *list, struct span *ret_name)
{
	struct span rest = {0};

	if (!list->text)
		return false;
	if (!span_cut(*list, ';', ret_name, &rest))
		*ret_name = *list;
	*list = rest;
	return true;
}

/* A name that stood twice would be signed once by one side and twice by the
 * other. */
static int check_headers(struct span headers)
{
	struct span before = {0};
	struct span name;
	size_t count = 0;

	while (next_name(&headers, &name)) {
		if (!is_field_name(name) || compare(before, name) >= 0 ||
		    ++count > SIGV4_SIGNED_MAX)
			return -1;
		before = name;
	}
	return count > 0 ? 0 : -1;
}

static int check_signature(struct span signature)
{
	uint8_t bytes[HASH_SIZE];
	struct err err = ERR_INIT;

	return enc_unhex(signature, bytes, sizeof(bytes), &err);
}

/* One "Name=value" of the header into its place; each stands there once. */
static int take_part(struct span part, struct span *credential,
		     struct sigv4_authorization *parsed)
{
	struct span name = {0};
	struct span value = {0};
	struct span *place = NULL;

	if (!span_cut(span_trim(part), '=', &name, &value))
		return -1;
	if (span_equal(name, SPAN_LIT("Credential")))
		place = credential;
	else if (span_equal(name, SPAN_LIT("SignedHeaders")))
		place = &parsed->headers;
	else if (span_equal(name, SPAN_LIT("Signature")))
		place = &parsed->signature;
	if (!place || place->text)
		return -1;
	*place = value;
	return 0;
}

static int incomplete(struct err *err, const char *what)
{
	err_set(err, ERR_INVALID, "signature header: %s", what);
	return err_tell(err, "the Authorization header: %s", what);
}

static int parse_parts(struct span rest, struct span *credential,
		       struct sigv4_authorization *parsed, struct err *err)
{
	while (rest.text) {
		struct span part = rest;
		struct span after = {0};

		span_cut(rest, ',', &part, &after);
		if (take_part(part, credential, parsed) < 0)
			return incomplete(err, "a part of it is unknown, "
					       "stands twice or has no '='");
		rest = after;
	}
	if (!credential->text)
		return incomplete(err, "it requires 'Credential' parameter");
	if (!parsed->headers.text)
		return incomplete(err, "it requires 'SignedHeaders' parameter");
	if (!parsed->signature.text)
		return incomplete(err, "it requires 'Signature' parameter");
	return 0;
}

int sigv4_parse(struct span header, struct sigv4_authorization *ret_parsed,
		struct err *err)
{
	struct sigv4_authorization parsed = {.key_id = {0}};
	struct span credential = {0};
	struct span scheme = {0};
	struct span rest = {0};

	if (!span_cut(header, ' ', &scheme, &rest) ||
	    !span_equal(scheme, SPAN_LIT(SIGV4_SCHEME)))
		return incomplete(err, "it must begin with " SIGV4_SCHEME);
	if (parse_parts(rest, &credential, &parsed, err) < 0)
		return -1;
	if (parse_credential(credential, &parsed) < 0)
		return incomplete(err, "Credential must be KEY/YYYYMMDD/REGION/"
				       "SERVICE/aws4_request");
	if (check_headers(parsed.headers) < 0)
		return incomplete(err, "SignedHeaders must be names in lower "
				       "case, sorted and parted by ';'");
	if (check_signature(parsed.signature) < 0)
		return incomplete(err, "Signature must be 64 lower-case "
				       "hexadecimal digits");
	*ret_parsed = parsed;
	return 0;
}

bool sigv4_covers(struct span headers, struct span name)
{
	struct span each;

	while (next_name(&headers, &each))
		if (span_equal(each, name))
			return true;
	return false;
}

/* ---- the canonical request ---- */

/* Take the last component off what was appended since start. */
static void drop_component(struct buf *path, size_t start)
{
	while (path->len > start && path->data[--path->len] != '/')
		;
	if (path->data)
		path->data[path->len] = '\0';
}

/* Without "." and "..", without empty components; then encoded once more than
 * it was sent. */
static void append_path(struct span path, struct buf *out)
{
	size_t start = out->len;
	bool slash = false;

	while (path.text) {
		struct span component = path;
		struct span rest = {0};

		span_cut(path, '/', &component, &rest);
		slash = component.len == 0;
		path = rest;
		if (slash || span_equal(component, SPAN_LIT(".")))
			continue;
		if (span_equal(component, SPAN_LIT(".."))) {
			drop_component(out, start);
			continue;
		}
		buf_append_char(out, '/');
		enc_percent(component, 0, out);
	}
	if (slash || out->len == start)
		buf_append_char(out, '/');
}

struct parameter {
	size_t name;	  /* where it starts in the encoded text */
	size_t name_len;  /* bytes */
	size_t value;	  /* where its value starts */
	size_t value_len; /* bytes */
	const struct buf *text;
};

static int compare_parameters(const void *left, const void *right)
{
	const struct parameter *a = left;
	const struct parameter *b = right;
	const char *text = a->text->data;
	int order = compare(span_make(text + a->name, a->name_len),
			    span_make(text + b->name, b->name_len));

	if (order != 0)
		return order;
	return compare(span_make(text + a->value, a->value_len),
		       span_make(text + b->value, b->value_len));
}

/* Decode and encode, so that it does not matter what the client left as it
 * is. */
static int encode_again(struct span text, struct buf *out, struct err *err)
{
	CLEANUP(cleanup_free) char *plain = malloc(text.len + 1);
	size_t len = 0;

	if (!plain)
		return err_set(err, ERR_NO_MEMORY, "query parameter");
	if (enc_unpercent(text, plain, &len, err) < 0)
		return -1;
	enc_percent(span_make(plain, len), 0, out);
	return 0;
}

static int read_parameter(struct span text, struct buf *encoded,
			  struct parameter *ret_parameter, struct err *err)
{
	struct parameter parameter = {.name = encoded->len, .text = encoded};
	struct span value = SPAN_LIT("");

	span_cut(text, '=', &text, &value);
	if (encode_again(text, encoded, err) < 0)
		return -1;
	parameter.value = encoded->len;
	parameter.name_len = encoded->len - parameter.name;
	if (encode_again(value, encoded, err) < 0)
		return -1;
	parameter.value_len = encoded->len - parameter.value;
	*ret_parameter = parameter;
	return buf_check(encoded, err);
}

static int read_parameters(struct span query, struct buf *encoded,
			   struct parameter *parameters, size_t *ret_count,
			   struct err *err)
{
	size_t count = 0;

	while (query.text) {
		struct span text = query;
		struct span rest = {0};

		span_cut(query, '&', &text, &rest);
		query = rest;
		if (text.len == 0)
			continue;
		if (count == SIGV4_PARAMETERS_MAX)
			return err_set(err, ERR_TOO_LARGE,
				       "parameters of a signed query");
		if (read_parameter(text, encoded, &parameters[count++], err) <
		    0)
			return -1;
	}
	*ret_count = count;
	return 0;
}

static int append_query(struct span query, struct buf *out, struct err *err)
{
	CLEANUP(buf_release) struct buf encoded = BUF_INIT(CANONICAL_MAX);
	CLEANUP(cleanup_free) struct parameter *parameters = NULL;
	size_t count = 0;

	if (query.len == 0)
		return 0;
	parameters = calloc(SIGV4_PARAMETERS_MAX, sizeof(*parameters));
	if (!parameters)
		return err_set(err, ERR_NO_MEMORY, "signed query");
	if (read_parameters(query, &encoded, parameters, &count, err) < 0)
		return -1;
	qsort(parameters, count, sizeof(*parameters), compare_parameters);
	for (size_t i = 0; i < count; i++)
		buf_appendf(out, "%s%.*s=%.*s", i > 0 ? "&" : "",
			    (int)parameters[i].name_len,
			    buf_text(&encoded) + parameters[i].name,
			    (int)parameters[i].value_len,
			    buf_text(&encoded) + parameters[i].value);
	return 0;
}

/* Trimmed, and each run of blanks inside as one. */
static void append_value(struct span value, struct buf *out)
{
	bool blank = false;

	value = span_trim(value);
	for (size_t i = 0; i < value.len; i++) {
		char c = value.text[i] == '\t' ? ' ' : value.text[i];

		if (c != ' ' || !blank)
			buf_append_char(out, c);
		blank = c == ' ';
	}
}

static void append_fields(const struct sigv4_request *request,
			  struct span headers, struct buf *out)
{
	struct span name;

	while (next_name(&headers, &name)) {
		char text[FIELD_NAME_SIZE];
		size_t len = name.len < sizeof(text) ? name.len : 0;

		memcpy(text, name.text, len);
		text[len] = '\0';
		buf_appendf(out, "%s:", text);
		for (size_t i = 0;; i++) {
			struct span value =
				request->field(request->context, text, i);

			if (!value.text)
				break;
			if (i > 0)
				buf_append_char(out, ',');
			append_value(value, out);
		}
		buf_append_char(out, '\n');
	}
}

int sigv4_canonical(const struct sigv4_request *request, struct span headers,
		    struct buf *out, struct err *err)
{
	buf_append_span(out, request->method);
	buf_append_char(out, '\n');
	if (request->plain_path)
		buf_append_span(out, request->path);
	else
		append_path(request->path, out);
	buf_append_char(out, '\n');
	if (append_query(request->query, out, err) < 0)
		return -1;
	buf_append_char(out, '\n');
	append_fields(request, headers, out);
	buf_append_char(out, '\n');
	buf_append_span(out, headers);
	buf_append_char(out, '\n');
	buf_append_span(out, request->payload_hash);
	return buf_check(out, err);
}

/* ---- the signature ---- */

static int hmac(const uint8_t *key, size_t key_len, struct span text,
		uint8_t out[HASH_SIZE], struct err *err)
{
	unsigned len = HASH_SIZE;

	if (!HMAC(EVP_sha256(), key, (int)key_len, (const void *)text.text,
		  text.len, out, &len))
		return err_set(err, ERR_NO_MEMORY, "HMAC");
	return 0;
}

/* The secret goes through the parts of the scope, one after the other. */
static int derive_key(const struct sigv4_authorization *scope,
		      struct span secret, uint8_t out[HASH_SIZE],
		      struct err *err)
{
	const struct span parts[] = {scope->date, scope->region, scope->service,
				     SPAN_LIT("aws4_request")};
	uint8_t start[4 + SIGV4_SECRET_MAX] = "AWS4";
	uint8_t key[HASH_SIZE];
	int done = 0;

	if (secret.len > SIGV4_SECRET_MAX)
		return err_set(err, ERR_INVALID, "the secret is too long");
	memcpy(start + 4, secret.text, secret.len);
	done = hmac(start, 4 + secret.len, parts[0], out, err);
	for (size_t i = 1; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (done < 0)
			break;
		memcpy(key, out, sizeof(key));
		done = hmac(key, sizeof(key), parts[i], out, err);
	}
	OPENSSL_cleanse(start, sizeof(start));
	OPENSSL_cleanse(key, sizeof(key));
	return done;
}

static int text_to_sign(const struct sigv4_request *request,
			const struct sigv4_authorization *scope,
			struct buf *out, struct err *err)
{
	CLEANUP(buf_release) struct buf canonical = BUF_INIT(CANONICAL_MAX);
	char hex[2 * HASH_SIZE + 1];
	struct digest digest;

	if (sigv4_canonical(request, scope->headers, &canonical, err) < 0 ||
	    hasher_once(DIGEST_SHA256, canonical.data, canonical.len, &digest,
			err) < 0)
		return -1;
	enc_hex(digest.bytes, HASH_SIZE, hex);
	buf_appendf(out, SIGV4_SCHEME "\n%.*s\n%.*s/%.*s/%.*s/aws4_request\n%s",
		    SPAN_ARG(request->date), SPAN_ARG(scope->date),
		    SPAN_ARG(scope->region), SPAN_ARG(scope->service), hex);
	return buf_check(out, err);
}

int sigv4_sign(const struct sigv4_request *request,
	       const struct sigv4_authorization *scope, struct span secret,
	       char ret_signature[65], struct err *err)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT(4096);
	uint8_t signature[HASH_SIZE];
	uint8_t key[HASH_SIZE];

	if (text_to_sign(request, scope, &text, err) < 0)
		return -1;
	int done = derive_key(scope, secret, key, err);

	if (done == 0)
		done = hmac(key, sizeof(key), buf_span(&text), signature, err);
	OPENSSL_cleanse(key, sizeof(key));
	if (done == 0)
		enc_hex(signature, sizeof(signature), ret_signature);
	return done;
}
