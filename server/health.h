/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_HEALTH_H
#define SERVER_HEALTH_H

/* /healthz: the process answers; /readyz: it can do its work; /metrics. */

#include <stddef.h>

#include "server/http/router.h"

struct app;
struct err;

extern const struct route health_routes[];
extern const size_t health_route_count;

/* Register the metrics that are asked for when somebody looks. */
int health_register(struct app *app, struct err *err);

/* How these routes tell a failure: one line of text. */
void health_error(struct request *request, const struct err *err);

#endif
