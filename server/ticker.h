/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_TICKER_H
#define SERVER_TICKER_H

/* A thread that does something about once a second until it is stopped. */

struct err;
struct ticker;

/* tick(context) is called a second from now for the first time; it may wait,
 * and the next second starts when it returns. */
int ticker_new(void (*tick)(void *context), void *context,
	       struct ticker **ret_ticker, struct err *err);

/* Waits for a tick that runs.  NULL is fine. */
void ticker_free(struct ticker *ticker);

#endif
