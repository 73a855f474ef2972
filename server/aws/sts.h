/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_AWS_STS_H
#define SERVER_AWS_STS_H

/* What the operations of the Security Token Service share. */

#include <stdint.h>

#include "base/span.h"

struct aws_call;
struct buf;
struct err;
struct session_credentials;

#define STS_LIFE_MIN_S 900 /* of any session */

/* Read DurationSeconds, if it is there. */
int sts_life(struct aws_call *call, int64_t *ret_life_s, struct err *err);

/* Append Credentials. */
void sts_write_credentials(const struct session_credentials *credentials,
			   struct span token, struct buf *out);

#endif
