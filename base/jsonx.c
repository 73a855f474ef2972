/* SPDX-License-Identifier: Apache-2.0 */
#include "base/jsonx.h"

#include <stdint.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/utf8.h"

/* What a document of ours has at least for each array or object, and for each
 * value, once it has more than a few thousand. */
#define VALUES_FREE 4096
#define CONTAINER_BYTES 32
#define VALUE_BYTES 8

/*
 * Jansson does not always say that it ran out of memory: its scanner then goes
 * on with a string cut short, as if that had been sent.  So we keep count.
 */
static _Thread_local bool memory_failed;

/* Memory that the parser is given first; see jsonx_parse(). */
static _Thread_local struct {
	char *start; /* owned; NULL while nothing is parsed */
	size_t size;
	size_t used;
	bool open; /* give from it */
} reserve;

static void *tracked_malloc(size_t size)
{
	size_t rounded = (size + 15) / 16 * 16;

	if (reserve.open && rounded <= reserve.size - reserve.used) {
		reserve.used += rounded;
		return reserve.start + reserve.used - rounded;
	}
	void *at = malloc(size);
	if (!at)
		memory_failed = true;
	return at;
}

static void tracked_free(void *at)
{
	uintptr_t offset = (uintptr_t)at - (uintptr_t)reserve.start;

	if (!reserve.start || offset >= reserve.size)
		free(at);
}

/* Before main(), and so before any thread could be allocating. */
__attribute__((constructor)) static void track_memory(void)
{
	json_set_alloc_funcs(tracked_malloc, tracked_free);
}

/* What stands between the quotes at text[at]: the place of the closing quote,
 * or the length if there is none. */
static size_t skip_string(struct span text, size_t at)
{
	for (at++; at < text.len && text.text[at] != '"'; at++)
		if (text.text[at] == '\\')
			at++;
	return at;
}

struct shape {
	size_t depth;	   /* levels of nesting */
	size_t containers; /* arrays and objects */
	size_t commas;	   /* a value follows each */
	size_t longest;	   /* bytes of the longest token */
};

static void note_length(struct shape *shape, size_t length)
{
	if (length > shape->longest)
		shape->longest = length;
}

static struct shape shape_of(struct span text)
{
	struct shape shape = {.depth = 0};
	size_t depth = 0;
	size_t start = 0; /* of what is neither string nor punctuation */

	for (size_t at = 0; at < text.len; at++) {
		char c = text.text[at];

		if (c == '"') {
			start = at;
			at = skip_string(text, at);
		} else if (c == '[' || c == '{') {
			shape.containers++;
			if (++depth > shape.depth)
				shape.depth = depth;
			start = at;
		} else if ((c == ']' || c == '}') && depth > 0) {
			depth--;
			start = at;
		} else if (c == ',' || c == ':') {
			shape.commas += c == ',';
			start = at;
		}
		note_length(&shape, at + 1 - start);
	}
	return shape;
}

/* Jansson's parser calls itself once for each level: the depth has to be known
 * before it runs, for threads with small stacks.  And an empty object costs it
 * 240 bytes for three of text, a number 40 for two. */
static int check_shape(const struct shape *shape, size_t len, size_t depth_max,
		       struct err *err)
{
	if (shape->depth > depth_max) {
		err_set(err, ERR_INVALID, "JSON is nested deeper than %zu",
			depth_max);
		return err_tell(err, "the JSON is nested deeper than %zu",
				depth_max);
	}
	if (shape->containers > VALUES_FREE + len / CONTAINER_BYTES ||
	    shape->commas > VALUES_FREE + len / VALUE_BYTES) {
		err_set(err, ERR_INVALID, "JSON of %zu containers, %zu commas",
			shape->containers, shape->commas);
		return err_tell(err, "the JSON has too many values for its "
				     "length");
	}
	return 0;
}

/* Jansson quotes the text in its own messages, so they are not passed on. */
static int parse_failed(const json_error_t *error, struct err *err)
{
	err_set(err, ERR_INVALID, "malformed JSON at line %d, column %d",
		error->line - 1, error->column);
	return err_tell(err, "the JSON is malformed at line %d, column %d",
			error->line - 1, error->column);
}

/*
 * What jansson is given: "[0.000...,", a line break, the text, "]".  Its
 * scanner collects each token in a buffer that grows, and where that fails it
 * reads and writes on behind the buffer's end.  So the first token is a number
 * as long as the text's longest, which makes the buffer grow in memory that is
 * there: no token behind it makes it grow any further.
 */
struct source {
	struct span parts[4]; /* what is left of each */
	size_t zeros;	      /* left to be given behind the first part */
};

/* The buffer doubles from 16 bytes on, with all that it was before kept; and
 * what an array and a number take. */
#define RESERVE_BYTES(longest) (4 * (longest) + 1024)

/* Where a token is cut off by the end of the text, our "]" goes on with it. */
#define TOKEN_SLACK 16

static size_t take_zeros(struct source *source, char *out, size_t size)
{
	size_t taken = source->zeros < size ? source->zeros : size;

	memset(out, '0', taken);
	source->zeros -= taken;
	return taken;
}

static size_t take_part(struct span *part, char *out, size_t size)
{
	size_t taken = part->len < size ? part->len : size;

	memcpy(out, part->text, taken);
	*part = span_make(part->text + taken, part->len - taken);
	return taken;
}

/* The text is asked for when all before it was taken in: what is allocated from
 * then on may stay. */
static size_t give(void *out, size_t size, void *context)
{
	struct source *source = context;
	size_t given = take_part(&source->parts[0], out, size);

	given += take_zeros(source, (char *)out + given, size - given);
	given +=
		take_part(&source->parts[1], (char *)out + given, size - given);
	if (given > 0)
		return given;
	reserve.open = false;
	given = take_part(&source->parts[2], out, size);
	return given +
	       take_part(&source->parts[3], (char *)out + given, size - given);
}

/* The one value that the text is: what stands behind the number. */
static json_t *unwrap(json_t *array)
{
	json_t *json = NULL;

	if (json_array_size(array) == 2)
		json = json_incref(json_array_get(array, 1));
	json_decref(array);
	return json;
}

static json_t *load(struct source *source, json_error_t *error)
{
	json_t *array =
		json_load_callback(give, source, JSON_REJECT_DUPLICATES, error);

	if (!memory_failed && array)
		return unwrap(array);
	json_decref(array);
	return NULL;
}

static int reserve_begin(size_t longest, struct err *err)
{
	reserve.size = RESERVE_BYTES(longest);
	reserve.used = 0;
	reserve.start = malloc(reserve.size);
	reserve.open = true;
	memory_failed = false;
	if (reserve.start)
		return 0;
	reserve.open = false;
	return err_set(err, ERR_NO_MEMORY, "no memory for JSON");
}

static void reserve_end(void)
{
	free(reserve.start);
	reserve.start = NULL;
	reserve.open = false;
}

int jsonx_parse(struct span text, size_t depth_max, json_t **ret_json,
		struct err *err)
{
	json_error_t error = {.line = 2, .column = 0};

	if (text.len == 0 || memchr(text.text, '\0', text.len)) {
		err_set(err, ERR_INVALID, "JSON is empty or holds a NUL");
		return err_tell(err, "the JSON is empty or holds a NUL byte");
	}
	struct shape shape = shape_of(text);
	if (check_shape(&shape, text.len, depth_max, err) < 0 ||
	    reserve_begin(shape.longest + TOKEN_SLACK, err) < 0)
		return -1;

	struct source source = {.parts = {SPAN_LIT("[0.0"), SPAN_LIT(",\n"),
					  text, SPAN_LIT("]")},
				.zeros = shape.longest + TOKEN_SLACK};
	json_t *json = load(&source, &error);
	reserve_end();
	if (memory_failed)
		return err_set(err, ERR_NO_MEMORY, "no memory for JSON");
	if (!json)
		return parse_failed(&error, err);
	*ret_json = json;
	return 0;
}

void jsonx_unref(json_t **json)
{
	json_decref(*json);
}

static int wrong_type(const char *name, const char *type, struct err *err)
{
	err_set(err, ERR_INVALID, "JSON member %s is no %s", name, type);
	return err_tell(err, "\"%s\" must be of type %s", name, type);
}

int jsonx_text(const json_t *object, const char *name, struct span *ret_text,
	       struct err *err)
{
	const json_t *member = json_object_get(object, name);

	if (!member)
		return 0;
	if (!json_is_string(member))
		return wrong_type(name, "string", err);
	*ret_text = span_make(json_string_value(member),
			      json_string_length(member));
	return 1;
}

int jsonx_i64(const json_t *object, const char *name, int64_t *ret_value,
	      struct err *err)
{
	const json_t *member = json_object_get(object, name);

	if (!member)
		return 0;
	if (!json_is_integer(member))
		return wrong_type(name, "integer", err);
	*ret_value = json_integer_value(member);
	return 1;
}

int jsonx_bool(const json_t *object, const char *name, bool *ret_value,
	       struct err *err)
{
	const json_t *member = json_object_get(object, name);

	if (!member)
		return 0;
	if (!json_is_boolean(member))
		return wrong_type(name, "boolean", err);
	*ret_value = json_is_true(member);
	return 1;
}

int jsonx_array(const json_t *object, const char *name, json_t **ret_array,
		struct err *err)
{
	json_t *member = json_object_get(object, name);

	if (!member)
		return 0;
	if (!json_is_array(member))
		return wrong_type(name, "array", err);
	*ret_array = member;
	return 1;
}

int jsonx_object(const json_t *object, const char *name, json_t **ret_object,
		 struct err *err)
{
	json_t *member = json_object_get(object, name);

	if (!member)
		return 0;
	if (!json_is_object(member))
		return wrong_type(name, "object", err);
	*ret_object = member;
	return 1;
}

static void quote_control(unsigned char byte, struct buf *out)
{
	static const char hex[] = "0123456789abcdef";
	static const char named[] = "\bb\ff\nn\rr\tt\"\"\\\\";
	char escape[6] = {'\\', 'u', '0', '0', hex[byte >> 4], hex[byte & 0xf]};

	for (size_t i = 0; i + 1 < sizeof(named); i += 2) {
		if ((unsigned char)named[i] != byte)
			continue;
		escape[1] = named[i + 1];
		buf_append(out, escape, 2);
		return;
	}
	buf_append(out, escape, sizeof(escape));
}

/* Bytes from the start of text that stand for themselves in a JSON string. */
static size_t plain_length(struct span text)
{
	size_t at = 0;

	while (at < text.len) {
		unsigned char byte = (unsigned char)text.text[at];

		if (byte < 0x20 || byte == '"' || byte == '\\')
			break;
		size_t length = byte < 0x80
					? 1
					: utf8_length(span_make(text.text + at,
								text.len - at));
		if (length == 0)
			break;
		at += length;
	}
	return at;
}

void jsonx_quote(struct span text, struct buf *out)
{
	buf_append_char(out, '"');
	while (text.len > 0) {
		size_t plain = plain_length(text);

		buf_append(out, text.text, plain);
		if (plain == text.len)
			break;
		unsigned char byte = (unsigned char)text.text[plain];
		if (byte < 0x80)
			quote_control(byte, out);
		else
			buf_append_text(out, "\xef\xbf\xbd");
		text = span_make(text.text + plain + 1, text.len - plain - 1);
	}
	buf_append_char(out, '"');
}

void jsonx_comma(struct buf *out)
{
	char last = out->len > 0 ? out->data[out->len - 1] : '{';

	if (last != '{' && last != '[')
		buf_append_char(out, ',');
}

void jsonx_key(struct buf *out, const char *name)
{
	jsonx_comma(out);
	jsonx_quote(span_of(name), out);
	buf_append_char(out, ':');
}

void jsonx_member(struct buf *out, const char *name, struct span value)
{
	jsonx_key(out, name);
	jsonx_quote(value, out);
}

static int dump_piece(const char *data, size_t size, void *context)
{
	struct buf *out = context;

	buf_append(out, data, size);
	return out->failed ? -1 : 0;
}

int jsonx_dump(const json_t *json, struct buf *out, struct err *err)
{
	int rc = json_dump_callback(json, dump_piece, out,
				    JSON_COMPACT | JSON_ENCODE_ANY);

	if (buf_check(out, err) < 0)
		return -1;
	if (rc < 0)
		return err_set(err, ERR_NO_MEMORY, "no memory to write JSON");
	return 0;
}
