/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AUTH_PRINCIPAL_H
#define AUTH_PRINCIPAL_H

/*
 * Who is asking, and by which kind of credential.  A value with one reference:
 * copy it with principal_copy() and end each copy with principal_release().
 */

#include <stdbool.h>
#include <stdint.h>

struct buf;
struct ceiling;
struct meta_principal;

#define PRINCIPAL_NAME_SIZE 194	  /* bytes, with the NUL */
#define PRINCIPAL_ACCOUNT_SIZE 13 /* the same */

enum principal_kind {
	PRINCIPAL_NONE = 0,  /* not asked yet */
	PRINCIPAL_ANONYMOUS, /* came without credentials */
	PRINCIPAL_USER,
	PRINCIPAL_ROBOT,
	PRINCIPAL_ROLE, /* a session of one */
};

enum credential {
	CREDENTIAL_NONE = 0,
	CREDENTIAL_PASSWORD,	/* Basic */
	CREDENTIAL_API_TOKEN,	/* Basic, or Bearer */
	CREDENTIAL_BEARER,	/* an access token of /token */
	CREDENTIAL_ACCESS_KEY,	/* a SigV4 signature */
	CREDENTIAL_SESSION,	/* the same with a role's temporary key, or the
				   session token as a Basic password */
	CREDENTIAL_CERTIFICATE, /* a client certificate */
};

struct principal {
	enum principal_kind kind;   /* which of the fields below count */
	enum credential credential; /* how it showed who it is */
	bool local; /* came over loopback and from no proxy; the pipeline's */
	int64_t id; /* of its row; 0: has none */
	char account[PRINCIPAL_ACCOUNT_SIZE]; /* whose it is */
	char name[PRINCIPAL_NAME_SIZE]; /* "admin"; "anonymous"; of a role's
					   session "ROLE/SESSION" */
	int64_t ends_ms; /* wall time at which the credential ends; 0: when its
			    owner does */
	struct ceiling *ceiling; /* what the credential is limited to; NULL:
				    nothing; a reference */
};

/* The one that came without credentials. */
#define PRINCIPAL_ANONYMOUS_INIT                                               \
	((struct principal){.kind = PRINCIPAL_ANONYMOUS, .name = "anonymous"})

/* Another of the same, and its end; a zeroed one is fine. */
void principal_copy(const struct principal *from, struct principal *ret_to);
void principal_release(struct principal *principal);

/* The one that a row stands for, shown by a credential that is not limited. */
void principal_from_row(const struct meta_principal *row,
			enum credential credential,
			struct principal *ret_principal);

/*
 * Its Amazon resource name, appended: "arn:aws:iam::ACCOUNT:user/NAME",
 * ".../robot/NAME", "arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION";
 * "anonymous" for one without a row.
 */
void principal_arn(const struct principal *principal, struct buf *out);

/* AWS's kind of unique id: "AIDA" (user), "AIDB" (robot) or "AROA" (role) with
 * the row's id in 16 digits, and ":SESSION" behind a role's; appended. */
void principal_unique_id(const struct principal *principal, struct buf *out);

#endif
