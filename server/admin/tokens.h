/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_ADMIN_TOKENS_H
#define SERVER_ADMIN_TOKENS_H

/* API tokens as they are shown once, for the files of this folder. */

struct buf;
struct err;
struct request;
struct token_secret;

/* Append the members of a token that was made just now, and the brace. */
void admin_token_write(const struct token_secret *secret, struct buf *out);

/* Below /me: ERR_DENIED if who asks came by a token, which must not be able to
 * make what outlives it. */
int admin_check_lasting(const struct request *request, struct err *err);

#endif
