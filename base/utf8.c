/* SPDX-License-Identifier: Apache-2.0 */
#include "base/utf8.h"

/* What may start a character, and how its second byte is limited; the further
 * ones are 0x80 to 0xbf. */
static const struct {
	unsigned char first_low, first_high;
	unsigned char second_low, second_high;
	size_t length;
} forms[] = {
	{0x00, 0x7f, 0x00, 0x00, 1}, {0xc2, 0xdf, 0x80, 0xbf, 2},
	{0xe0, 0xe0, 0xa0, 0xbf, 3}, {0xe1, 0xec, 0x80, 0xbf, 3},
	{0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
	{0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4},
	{0xf4, 0xf4, 0x80, 0x8f, 4},
};

static bool follows(struct span text, size_t form)
{
	const unsigned char *bytes = (const unsigned char *)text.text;

	if (text.len < forms[form].length)
		return false;
	if (forms[form].length > 1 && (bytes[1] < forms[form].second_low ||
				       bytes[1] > forms[form].second_high))
		return false;
	for (size_t i = 2; i < forms[form].length; i++)
		if ((bytes[i] & 0xc0) != 0x80)
			return false;
	return true;
}

size_t utf8_length(struct span text)
{
	if (text.len == 0)
		return 0;

	unsigned char first = (unsigned char)text.text[0];
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		if (first >= forms[i].first_low && first <= forms[i].first_high)
			return follows(text, i) ? forms[i].length : 0;
	return 0;
}
