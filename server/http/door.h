/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_HTTP_DOOR_H
#define SERVER_HTTP_DOOR_H

/*
 * How each door tells a failure: status, header fields and body, from a struct
 * err.  server/app.c fills in the table with what the protocol folders offer.
 */

#include "server/http/router.h"

struct err;

/* Fill in request->response for err. */
typedef void door_error_fn(struct request *request, const struct err *err);

/* Set how a door answers; before the listener starts. */
void door_set(enum door door, door_error_fn *error);

/* Answer through the door of the request. */
void door_error(enum door door, struct request *request, const struct err *err);

#endif
