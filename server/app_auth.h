/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_APP_AUTH_H
#define SERVER_APP_AUTH_H

/* The part of app.c that has to do with who asks.  For that file only. */

#include "conf/args.h"

struct app;
struct err;

/* Build it; needs ->meta and ->metrics. */
int app_auth_open(struct app *app, struct err *err);

/* As app_repair(); needs ->meta and the lock of the data directory. */
int app_auth_repair(struct app *app, enum conf_action action, struct err *err);

/* Free what there is of it. */
void app_auth_close(struct app *app);

/* About every second: what waits for a moment of leisure, and what other
 * servers on the same database have changed.  May wait. */
void app_auth_tidy(struct app *app);

#endif
