/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_SIGV4_H
#define BASE_SIGV4_H

/*
 * The arithmetic of AWS Signature Version 4, for the verifier (auth) and for
 * signers.  Pure; any thread.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

struct buf;
struct err;

#define SIGV4_SCHEME "AWS4-HMAC-SHA256"
#define SIGV4_SIGNED_MAX 64 /* header fields that one signature may cover */
#define SIGV4_PARAMETERS_MAX 512 /* of a query */
#define SIGV4_SECRET_MAX 128	 /* bytes of a secret */

/* "AWS4-HMAC-SHA256 Credential=A/D/R/S/aws4_request, SignedHeaders=a;b,
 * Signature=hex", taken apart; spans borrow. */
struct sigv4_authorization {
	struct span key_id;    /* A */
	struct span date;      /* D, "20260102" */
	struct span region;    /* R */
	struct span service;   /* S */
	struct span headers;   /* "a;b": lower case, sorted, none twice */
	struct span signature; /* 64 lower-case digits */
};

/* ERR_INVALID, telling what is missing or malformed. */
int sigv4_parse(struct span header, struct sigv4_authorization *ret_parsed,
		struct err *err);

/* True if that field is among "a;b". */
bool sigv4_covers(struct span headers, struct span name);

/* A request as it was sent. */
struct sigv4_request {
	struct span method;	  /* "POST" */
	struct span path;	  /* as it was sent */
	struct span query;	  /* the same, without the "?" */
	struct span date;	  /* "20260102T030405Z" */
	struct span payload_hash; /* 64 digits, or UNSIGNED-PAYLOAD */
	bool plain_path; /* as S3 does: the path stands as it was sent, neither
			    made shorter nor encoded once more */
	/* The index'th value of a field by its lower-case name; its text is
	 * NULL if there is none. */
	struct span (*field)(void *context, const char *name, size_t index);
	void *context; /* handed to field */
};

/* The canonical request, appended: for tests and for telling people what was
 * signed.  ERR_INVALID for a query that cannot be decoded, ERR_TOO_LARGE. */
int sigv4_canonical(const struct sigv4_request *request, struct span headers,
		    struct buf *out, struct err *err);

/* The signature over it with a secret, as 64 digits and a NUL.  Of scope all
 * but key_id and signature counts. */
int sigv4_sign(const struct sigv4_request *request,
	       const struct sigv4_authorization *scope, struct span secret,
	       char ret_signature[65], struct err *err);

#define SIGV4_DATE_SIZE 17 /* bytes of "20260102T030405Z", with the NUL */

/* That, or "Fri, 02 Jan 2026 03:04:05 GMT" (or "-0000", "+0000"), as wall
 * milliseconds: ERR_INVALID.  And back, as the former. */
int sigv4_parse_date(struct span text, int64_t *ret_wall_ms, struct err *err);
void sigv4_format_date(int64_t wall_ms, char ret_text[SIGV4_DATE_SIZE]);

#endif
