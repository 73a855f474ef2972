/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AUTH_PRINCIPAL_H
#define AUTH_PRINCIPAL_H

/* Who is asking.  A plain value; every handler receives one. */

#include <stdbool.h>

#define PRINCIPAL_NAME_SIZE 129 /* bytes, with the NUL */

enum principal_kind {
	PRINCIPAL_NONE = 0,  /* not asked yet */
	PRINCIPAL_ANONYMOUS, /* came without credentials */
	PRINCIPAL_USER,
};

struct principal {
	enum principal_kind kind; /* which of the fields below mean anything */
	bool administrator;	  /* may do everything */
	bool local; /* came over loopback and from no proxy; the pipeline's */
	char name[PRINCIPAL_NAME_SIZE]; /* "admin"; "anonymous" */
};

#endif
