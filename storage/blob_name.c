/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/blob_name.h"

#include <stddef.h>
#include <string.h>

#include "base/err.h"
#include "storage/blob_driver.h"

static bool is_name_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' ||
	       c == '_' || c == '-';
}

/* Bytes of the component that text starts with; 0 if it starts with none. */
static size_t component_len(const char *text)
{
	size_t len = 0;

	if (text[0] == '.')
		return 0;
	while (is_name_byte(text[len]))
		len++;
	return len;
}

bool blob_name_is_component(const char *name)
{
	size_t len = component_len(name);

	return len > 0 && name[len] == '\0';
}

int blob_name_check_id(const char *id, struct err *err)
{
	if (strnlen(id, BLOB_STAGE_ID_SIZE) == BLOB_STAGE_ID_SIZE ||
	    !blob_name_is_component(id))
		return err_set(err, ERR_INVALID, "stage id is not valid");
	return 0;
}

int blob_name_check_key(const char *key, struct err *err)
{
	const char *at = key;

	if (strnlen(key, BLOB_KEY_SIZE) == BLOB_KEY_SIZE)
		return err_set(err, ERR_INVALID, "storage key is too long");
	for (size_t depth = 0; depth < BLOB_NAME_DEPTH; depth++) {
		size_t len = component_len(at);

		if (len == 0)
			break;
		if (at[len] == '\0')
			return 0;
		if (at[len] != '/')
			break;
		at += len + 1;
	}
	return err_set(err, ERR_INVALID, "storage key is not valid");
}
