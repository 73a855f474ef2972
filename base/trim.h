/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_TRIM_H
#define BASE_TRIM_H

/* Give memory back that the start of a program needed. */

/* Let go of the pages of code and of constant tables, in the program and its
 * libraries; those that are used again are read again, in most cases from the
 * page cache.  Any thread, at any time. */
void trim_code(void);

#endif
