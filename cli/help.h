/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_HELP_H
#define CLI_HELP_H

/* The text of --help, from the tables.  Failures stick in the buffer. */

struct buf;
struct command;

/* Of berth as a whole. */
void help_program(struct buf *out);

/* Of a group of commands. */
void help_group(const char *group, struct buf *out);

/* Of one command. */
void help_command(const struct command *command, struct buf *out);

#endif
