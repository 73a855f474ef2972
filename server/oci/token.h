/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_OCI_TOKEN_H
#define SERVER_OCI_TOKEN_H

/*
 * Between the files of the token service: token.c answers, token_form.c reads
 * what is posted, token_grant.c asks what may be granted, token_refresh.c keeps
 * refresh tokens, token_exchange.c takes those of others.  All but the form may
 * wait, and run on a worker.
 */

#include <stdbool.h>

#include "base/span.h"

struct buf;
struct err;
struct request;
struct token_secret;

#define TOKEN_EXCHANGE "urn:ietf:params:oauth:grant-type:token-exchange"
#define TOKEN_FORM_MAX 24576	  /* bytes of a form */
#define TOKEN_SCOPES_MAX 8192	  /* bytes of all scopes that are asked for */
#define TOKEN_REFRESH_TEXT_MAX 96 /* bytes of a refresh token, with a NUL */

/* Leave in request->credentials what a form with a password stands for, as an
 * Authorization field would say it.  ERR_INVALID. */
int token_form_credentials(struct request *request, struct err *err);

/* A field of the form, decoded, in the request's arena: 1, 0 absent or empty,
 * -1 ERR_INVALID, ERR_NO_MEMORY. */
int token_form_field(struct request *request, const char *name,
		     struct span *ret_value, struct err *err);

/*
 * Of the scopes asked for, what the request's principal may do: a list of
 * scopes, appended.  What the grammar does not allow and what nobody knows is
 * left out.  ERR_TOO_LARGE for more than a token holds.
 */
int token_grant(struct request *request, struct span asked, struct buf *granted,
		struct err *err);

/* A new refresh token for the request's principal, for a client that calls
 * itself so; the secret is the caller's to wipe. */
int token_refresh_make(struct request *request, struct span client,
		       struct token_secret *ret_secret, struct err *err);

/* Have the request be asked by the owner of a refresh token, whose end is put
 * off: ERR_UNAUTHENTICATED if it is none that counts. */
int token_refresh_use(struct request *request, struct span text,
		      struct err *err);

/* Answer the exchange of an issuer's token for a session of a role, which is a
 * password behind the name AWS. */
int token_exchange(struct request *request, struct err *err);

#endif
