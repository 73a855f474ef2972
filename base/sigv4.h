/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_SIGV4_H
#define BASE_SIGV4_H

/*
 * The arithmetic of AWS Signature Version 4, for the verifier (auth) and for
 * signers.  Pure; any thread.
 */

#include <stdint.h>

#include "base/span.h"

struct buf;
struct err;

#define SIGV4_SIGNED_MAX 64 /* header fields that one signature may cover */

/* "AWS4-HMAC-SHA256 Credential=A/D/R/S/aws4_request, SignedHeaders=a;b,
 * Signature=hex", taken apart; spans borrow. */
struct sigv4_authorization {
	struct span key_id;    /* A */
	struct span date;      /* D, "20260102" */
	struct span region;    /* R */
	struct span service;   /* S */
	struct span headers;   /* "a;b": lower case, sorted */
	struct span signature; /* 64 lower-case digits */
};

/* ERR_INVALID, telling what is missing or malformed. */
int sigv4_parse(struct span header, struct sigv4_authorization *ret_parsed,
		struct err *err);

/* A request as it was sent. */
struct sigv4_request {
	struct span method;	  /* "POST" */
	struct span path;	  /* as it was sent */
	struct span query;	  /* the same, without the "?" */
	struct span date;	  /* "20260102T030405Z" */
	struct span payload_hash; /* 64 digits, or UNSIGNED-PAYLOAD */
	/* The index'th value of a field by its lower-case name. */
	struct span (*field)(void *context, const char *name, size_t index);
	void *context; /* handed to field */
};

/* The canonical request, appended: for tests and for telling people what was
 * signed. */
int sigv4_canonical(const struct sigv4_request *request, struct span headers,
		    struct buf *out, struct err *err);

/* The signature over it with a secret, as 64 digits and a NUL. */
int sigv4_sign(const struct sigv4_request *request,
	       const struct sigv4_authorization *scope, struct span secret,
	       char ret_signature[65], struct err *err);

/* "20260102T030405Z" as wall milliseconds: ERR_INVALID. */
int sigv4_parse_date(struct span text, int64_t *ret_wall_ms, struct err *err);

#endif
