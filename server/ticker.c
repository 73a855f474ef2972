/* SPDX-License-Identifier: Apache-2.0 */
#include "server/ticker.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/lock.h"
#include "base/thread.h"

#define PERIOD_MS 1000

struct ticker {
	void (*tick)(void *context);
	void *context;
	pthread_t thread;
	struct lock lock; /* guards stop */
	struct cond wake;
	bool stop;
};

static bool wait_a_period(struct ticker *ticker)
{
	int64_t end = clock_monotonic_ms(&clock_system) + PERIOD_MS;
	bool stop = false;

	lock_take(&ticker->lock);
	while (!ticker->stop &&
	       cond_wait_until(&ticker->wake, &ticker->lock, end))
		;
	stop = ticker->stop;
	lock_drop(&ticker->lock);
	return !stop;
}

static void *run(void *argument)
{
	struct ticker *ticker = argument;

	pthread_setname_np(pthread_self(), "ticker");
	while (wait_a_period(ticker))
		ticker->tick(ticker->context);
	return NULL;
}

int ticker_new(void (*tick)(void *context), void *context,
	       struct ticker **ret_ticker, struct err *err)
{
	struct ticker *ticker = calloc(1, sizeof(*ticker));

	if (!ticker)
		return err_set(err, ERR_NO_MEMORY, "ticker");
	ticker->tick = tick;
	ticker->context = context;
	lock_init(&ticker->lock);
	cond_init(&ticker->wake);
	if (thread_start(NULL, run, ticker, &ticker->thread, err) < 0) {
		cond_release(&ticker->wake);
		lock_release(&ticker->lock);
		free(ticker);
		return err_wrap(err, "ticker");
	}
	*ret_ticker = ticker;
	return 0;
}

void ticker_free(struct ticker *ticker)
{
	if (!ticker)
		return;
	lock_take(&ticker->lock);
	ticker->stop = true;
	cond_signal(&ticker->wake);
	lock_drop(&ticker->lock);
	pthread_join(ticker->thread, NULL);
	cond_release(&ticker->wake);
	lock_release(&ticker->lock);
	free(ticker);
}
