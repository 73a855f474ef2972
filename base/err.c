/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

static const struct {
	const char *name;
	const char *summary;
} codes[] = {
	[ERR_NONE] = {"NONE", "nothing went wrong"},
#define ERR(code, text) [ERR_##code] = {#code, text},
#include "base/errors.def"
#undef ERR
};

static const struct {
	int os;
	enum err_code code;
} os_codes[] = {
	{ENOSPC, ERR_NO_SPACE},	   {EDQUOT, ERR_NO_SPACE},
	{ENOMEM, ERR_NO_MEMORY},   {ENOENT, ERR_NOT_FOUND},
	{EEXIST, ERR_EXISTS},	   {EMFILE, ERR_UNAVAILABLE},
	{ENFILE, ERR_UNAVAILABLE}, {EROFS, ERR_UNAVAILABLE},
	{ETIMEDOUT, ERR_TIMEOUT},
};

static enum err_code code_of(int os_error)
{
	for (size_t i = 0; i < sizeof(os_codes) / sizeof(os_codes[0]); i++)
		if (os_codes[i].os == os_error)
			return os_codes[i].code;
	return ERR_IO;
}

/* Append to text what fits, always ending in NUL. */
static void append(char text[ERR_TEXT_SIZE], const char *more)
{
	size_t at = strlen(text);
	size_t len = strnlen(more, ERR_TEXT_SIZE - 1 - at);

	memcpy(text + at, more, len);
	text[at + len] = '\0';
}

static void append_os(char text[ERR_TEXT_SIZE], int os_error)
{
#ifdef __GLIBC__
	const char *what = strerrordesc_np(os_error);

	if (!what)
		return;
#else
	char what[128];

	if (strerror_r(os_error, what, sizeof(what)) != 0)
		return;
#endif
	append(text, ": ");
	append(text, what);
}

/* vsnprintf() reports nothing that could be done about here: a text that it
 * cannot make stays empty. */
__attribute__((format(printf, 2, 0))) static void
format(char text[ERR_TEXT_SIZE], const char *fmt, va_list args)
{
	if (vsnprintf(text, ERR_TEXT_SIZE, fmt, args) < 0)
		text[0] = '\0';
}

static void start(struct err *err, enum err_code code, int os_error)
{
	assert(err->code == ERR_NONE);
	assert(code > ERR_NONE && code < ERR_CODE_COUNT);
	err->code = code;
	err->os = os_error;
	err->tell[0] = '\0';
}

int(err_set)(struct err *err, enum err_code code, const char *fmt, ...)
{
	va_list args;

	start(err, code, 0);
	va_start(args, fmt);
	format(err->text, fmt, args);
	va_end(args);
	return -1;
}

int(err_sys)(struct err *err, int os_error, const char *fmt, ...)
{
	va_list args;

	start(err, code_of(os_error), os_error);
	va_start(args, fmt);
	format(err->text, fmt, args);
	va_end(args);
	append_os(err->text, os_error);
	return -1;
}

int(err_wrap)(struct err *err, const char *fmt, ...)
{
	char text[ERR_TEXT_SIZE];
	va_list args;

	assert(err->code != ERR_NONE);
	va_start(args, fmt);
	format(text, fmt, args);
	va_end(args);
	append(text, ": ");
	append(text, err->text);
	memcpy(err->text, text, sizeof(text));
	return -1;
}

int(err_tell)(struct err *err, const char *fmt, ...)
{
	va_list args;

	assert(err->code != ERR_NONE);
	va_start(args, fmt);
	format(err->tell, fmt, args);
	va_end(args);
	return -1;
}

void err_clear(struct err *err)
{
	*err = ERR_INIT;
}

const char *err_for_client(const struct err *err)
{
	return err->tell[0] ? err->tell : err_code_summary(err->code);
}

const char *err_code_name(enum err_code code)
{
	return code < ERR_CODE_COUNT ? codes[code].name : "UNKNOWN";
}

const char *err_code_summary(enum err_code code)
{
	return code < ERR_CODE_COUNT ? codes[code].summary : "unknown failure";
}
