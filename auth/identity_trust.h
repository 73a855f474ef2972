/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AUTH_IDENTITY_TRUST_H
#define AUTH_IDENTITY_TRUST_H

/* Whom else we believe, and by what we are believed: OpenID Connect issuers,
 * names in client certificates, the key that signs access tokens.  See
 * identity.h. */

#include "auth/identity.h"
#include "storage/meta_issuers.h"

/* Make or replace an issuer; account and time of *issuer are ignored.  URLs are
 * https: ones.  *ret_new tells which. */
int identity_issuer_put(const struct identity *identity,
			const struct identity_by *by,
			const struct meta_issuer *issuer, bool *ret_new,
			struct err *err);
int identity_issuer_delete(const struct identity *identity,
			   const struct identity_by *by, struct span url,
			   struct err *err);

#define IDENTITY_CERTIFICATE_MAX 255 /* bytes of a name */

/* Have a name in client certificates ("DNS:...", "URI:...", "email:...") stand
 * for a user or robot; ERR_EXISTS where it stands for one already. */
int identity_certificate_add(const struct identity *identity,
			     const struct identity_by *by,
			     struct identity_who who, struct span name,
			     struct err *err);
int identity_certificate_remove(const struct identity *identity,
				const struct identity_by *by,
				struct identity_who who, struct span name,
				struct err *err);

/* Have a new key sign from now on; drop_old: what others signed is refused from
 * now on.  Its entry in the audit log is a transaction of its own. */
int identity_rotate_signing_key(const struct identity *identity,
				const struct identity_by *by, bool drop_old,
				struct err *err);

#endif
