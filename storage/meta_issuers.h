/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORAGE_META_ISSUERS_H
#define STORAGE_META_ISSUERS_H

/* OpenID Connect issuers whose tokens are exchanged for sessions of roles. */

#include "storage/meta_principals.h"

#define META_URL_SIZE 513 /* bytes, with the NUL */

struct meta_issuer {
	char account[META_ACCOUNT_SIZE]; /* whose it is */
	char url[META_URL_SIZE];	 /* "https://token.example": its iss */
	char audiences[META_URL_SIZE];	 /* accepted, separated by blanks */
	char jwks_url[META_URL_SIZE]; /* where its keys are; "": discovered */
	char ca_file[META_URL_SIZE]; /* path of its authorities; "": system's */
	bool private_addresses;	     /* its keys may come from such */
	int64_t created_ms;	     /* wall time */
};

/* By its URL within the account: 1 / 0 / -1. */
int meta_issuer_find(struct meta_tx *tx, struct span account, struct span url,
		     struct meta_issuer *ret_issuer, struct err *err);

/* Make or replace: 1 replaced, 0 new, -1. */
int meta_issuer_put(struct meta_tx *tx, const struct meta_issuer *issuer,
		    struct err *err);

/* 1, or 0 if there is none. */
int meta_issuer_delete(struct meta_tx *tx, struct span account, struct span url,
		       struct err *err);

typedef int meta_issuer_fn(void *context, const struct meta_issuer *issuer,
			   struct err *err);

/* All of an account, by their URLs. */
int meta_issuer_list(struct meta_tx *tx, struct span account,
		     meta_issuer_fn *each, void *context, struct err *err);

#endif
