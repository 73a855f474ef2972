/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

/* What JSON and the log must know of UTF-8.  No state, any thread. */

#include <stddef.h>

#include "base/span.h"

/* Bytes of the valid character at the start of text, 1 to 4, or 0 if there is
 * none: overlong forms, surrogates and what lies past U+10FFFF are not valid.
 */
size_t utf8_length(struct span text);

#endif
