/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_PRINT_H
#define CLI_PRINT_H

/*
 * Results on standard output.  Text of others loses its control characters,
 * which could otherwise steer the terminal.
 */

#include <jansson.h>
#include <stdio.h>

#include "base/span.h"

struct err;

/* The text, control characters replaced by "?". */
void print_clean(struct span text, FILE *out);

/* A JSON value, indented, with a line end; it is freed.  NULL stands for one
 * that could not be made. */
int print_json(json_t *json, struct err *err);

/* Rows of cells (strings, in arrays of the same length) in columns, the first
 * being the head; the cells of the last column are not padded. */
void print_table(const json_t *rows);

#endif
