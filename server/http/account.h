/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_HTTP_ACCOUNT_H
#define SERVER_HTTP_ACCOUNT_H

/*
 * What is written down about requests: a line each in the log, and the metrics.
 * Series are made when first needed and then found by an index, so that
 * counting is one atomic addition.  Any thread.
 */

#include <stdbool.h>
#include <stdint.h>

#include "server/http/request.h"

struct account;
struct err;
struct exchange;
struct metrics;
struct router;

/* metrics and router are borrowed. */
int account_new(struct metrics *metrics, const struct router *router,
		struct account **ret_account, struct err *err);
void account_free(struct account *account); /* NULL is fine */
void account_reconfigure(struct account *account, bool access_log);

/* A request is over: its line and its metrics. */
void account_request(struct account *account, const struct exchange *exchange);

/* Gauges: requests in flight, open connections. */
void account_in_flight(struct account *account, int delta);
void account_connections(struct account *account, int delta);

/* A connection was closed at once, over the limit per address. */
void account_refused_connection(struct account *account);

/* Microseconds of the monotonic clock. */
int64_t account_now_us(void);

/* 32 hex digits that no other request of this process or another has. */
void account_request_id(char ret_id[REQUEST_ID_SIZE]);

#endif
