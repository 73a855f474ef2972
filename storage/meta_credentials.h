/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORAGE_META_CREDENTIALS_H
#define STORAGE_META_CREDENTIALS_H

/*
 * What principals show: access keys, and tokens that the server looks up (API
 * tokens, refresh tokens).  And the keys that sign access tokens.  Secrets that
 * must be read again lie sealed (auth/seal.h); those that need only be compared
 * lie as SHA-256 in hexadecimal digits: they are random, of 256 bits.
 */

#include "storage/meta_principals.h"

struct buf;

#define META_KEY_ID_SIZE 33 /* bytes of an id, with its NUL */

/* ---- access keys ---- */

struct meta_access_key {
	char id[META_KEY_ID_SIZE]; /* "BERTH..." */
	int64_t principal_id;	   /* whose */
	bool disabled;		   /* refused */
	int64_t created_ms;	   /* wall time */
	int64_t used_ms;	   /* last seen, to the minute; 0: never */
	char description[META_DESCRIPTION_SIZE]; /* for people */
};

/* 1 with the sealed secret appended to out (unless out is NULL), 0, -1. */
int meta_access_key_find(struct meta_tx *tx, struct span id,
			 struct meta_access_key *ret_key, struct buf *out,
			 struct err *err);

/* ERR_EXISTS if the id is taken, ERR_NOT_FOUND without its principal; the time
 * is set here. */
int meta_access_key_insert(struct meta_tx *tx,
			   const struct meta_access_key *key,
			   struct span sealed, struct err *err);

/* Each 1, or 0 if there is none of that id. */
int meta_access_key_disable(struct meta_tx *tx, struct span id, bool disabled,
			    struct err *err);
int meta_access_key_delete(struct meta_tx *tx, struct span id, struct err *err);

/* Note that it was used just now; no change of identity. */
int meta_access_key_used(struct meta_tx *tx, struct span id, struct err *err);

/* Those of one principal, oldest first. */
typedef int meta_access_key_fn(void *context, const struct meta_access_key *key,
			       struct err *err);
int meta_access_key_list(struct meta_tx *tx, int64_t principal_id,
			 meta_access_key_fn *each, void *context,
			 struct err *err);

/* ---- tokens that are looked up ---- */

enum meta_token_kind { META_TOKEN_API = 1, META_TOKEN_REFRESH = 2 };

#define META_HASH_TEXT_SIZE 65 /* 64 digits and a NUL */

struct meta_token {
	char id[META_KEY_ID_SIZE];		 /* its public half */
	enum meta_token_kind kind;		 /* where it is taken */
	int64_t principal_id;			 /* whose */
	char hash[META_HASH_TEXT_SIZE];		 /* of its secret half */
	int64_t created_ms;			 /* wall time */
	int64_t expires_ms;			 /* 0: never */
	int64_t used_ms;			 /* as of access keys */
	char description[META_DESCRIPTION_SIZE]; /* or the client's id */
};

/* 1 with its scope ("" unlimited; a refresh token: its service) appended to
 * out unless that is NULL, 0, -1. */
int meta_token_find(struct meta_tx *tx, struct span id,
		    struct meta_token *ret_token, struct buf *out,
		    struct err *err);

/* As meta_access_key_insert(); a refresh token is no change of identity. */
int meta_token_insert(struct meta_tx *tx, const struct meta_token *token,
		      struct span scope, struct err *err);

/* 1, or 0 if there is none of that id. */
int meta_token_delete(struct meta_tx *tx, struct span id, struct err *err);

/* All of a kind that a principal has; how many, or -1. */
int64_t meta_token_delete_all(struct meta_tx *tx, int64_t principal_id,
			      enum meta_token_kind kind, struct err *err);

/* Note that it was used just now, and have it expire at another wall time
 * unless that is 0; no change of identity. */
int meta_token_used(struct meta_tx *tx, struct span id, int64_t expires_ms,
		    struct err *err);

/* Those of one principal, oldest first; scope is borrowed for the call. */
typedef int meta_token_fn(void *context, const struct meta_token *token,
			  struct span scope, struct err *err);
int meta_token_list(struct meta_tx *tx, int64_t principal_id,
		    enum meta_token_kind kind, meta_token_fn *each,
		    void *context, struct err *err);

/* Remove what expired before that wall time, limit at most: how many.  No
 * change of identity. */
int64_t meta_token_sweep(struct meta_tx *tx, int64_t before_ms, size_t limit,
			 struct err *err);

/* ---- keys that sign access tokens ---- */

struct meta_signing_key {
	char kid[META_KEY_ID_SIZE]; /* names it in a token's head */
	int64_t created_ms;	    /* wall time */
	int64_t retired_ms;	    /* signs no more from then on; 0: signs */
};

/* Its sealed private half is borrowed for the call. */
typedef int meta_signing_key_fn(void *context,
				const struct meta_signing_key *key,
				struct span sealed, struct err *err);

/* All there are, newest first. */
int meta_signing_key_list(struct meta_tx *tx, meta_signing_key_fn *each,
			  void *context, struct err *err);

/* ERR_EXISTS if the id is taken; the time is set here. */
int meta_signing_key_insert(struct meta_tx *tx, struct span kid,
			    struct span sealed, struct err *err);

/* Have all but that one sign no more, from now on. */
int meta_signing_key_retire_others(struct meta_tx *tx, struct span kid,
				   struct err *err);

/* Remove those that were retired before that wall time. */
int meta_signing_key_sweep(struct meta_tx *tx, int64_t before_ms,
			   struct err *err);

/* ---- sealing anew ---- */

enum meta_sealed { META_SEALED_ACCESS_KEY, META_SEALED_SIGNING_KEY };

/* Append to out what replaces the sealed text of the key of that id. */
typedef int meta_reseal_fn(void *context, enum meta_sealed what, struct span id,
			   struct span sealed, struct buf *out,
			   struct err *err);

/* Replace every sealed text there is.  For a change of the server's key. */
int meta_reseal(struct meta_tx *tx, meta_reseal_fn *reseal, void *context,
		struct err *err);

#endif
