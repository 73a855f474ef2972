/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/sql_state.h"

#include <stddef.h>
#include <string.h>

static const struct {
	const char *state; /* an SQLSTATE, or the class it starts with */
	enum err_code code;
	bool breaks; /* the connection is of no use any more */
} states[] = {
	{"23505", ERR_CONFLICT, false},
	{"23503", ERR_CONFLICT, false},
	{"53100", ERR_NO_SPACE, false},
	{"53200", ERR_NO_MEMORY, false},
	{"53", ERR_UNAVAILABLE, false},
	{"40", ERR_UNAVAILABLE, false},
	{"55P03", ERR_UNAVAILABLE, false},
	{"57014", ERR_UNAVAILABLE, false},
	{"57", ERR_UNAVAILABLE, true},
	{"08", ERR_UNAVAILABLE, true},
	{"25P03", ERR_UNAVAILABLE, true},
	/* A primary that has become a standby: look for the new one. */
	{"25006", ERR_UNAVAILABLE, true},
	{"54", ERR_TOO_LARGE, false},
	{"22021", ERR_INVALID, false},
	{"58030", ERR_IO, true},
	{"XX001", ERR_CORRUPT, false},
	{"XX002", ERR_CORRUPT, false},
};

enum err_code sql_state_code(const char *state, bool *ret_breaks)
{
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
		if (strncmp(state, states[i].state, strlen(states[i].state)) ==
		    0) {
			*ret_breaks = states[i].breaks;
			return states[i].code;
		}
	*ret_breaks = false;
	return ERR_INTERNAL;
}

int64_t sql_state_integer(struct span bytes)
{
	uint64_t value = 0;

	if (bytes.len == 0 || bytes.len > sizeof(value))
		return 0;
	if (bytes.text[0] & 0x80)
		value = UINT64_MAX;
	for (size_t i = 0; i < bytes.len; i++)
		value = value << 8 | (unsigned char)bytes.text[i];
	return (int64_t)value;
}
