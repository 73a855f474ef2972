/* SPDX-License-Identifier: Apache-2.0 */
#include "base/failpoint.h"

#include <stddef.h>

#ifdef BERTH_FAILPOINTS

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/num.h"
#include "base/span.h"

#define POINTS_MAX 16
#define PAUSE_MAX_MS 600000

enum action { ACTION_KILL, ACTION_FAIL, ACTION_PAUSE };

struct point {
	struct span name; /* in the environment, which nobody changes */
	enum action action;
	int value;	      /* errno of ACTION_FAIL, ms of ACTION_PAUSE */
	uint64_t from;	      /* the passing that acts first, counted from 1 */
	atomic_ullong passed; /* how often it was passed */
};

static struct point points[POINTS_MAX];
static size_t point_count;
static pthread_once_t points_once = PTHREAD_ONCE_INIT;

static const struct {
	const char *name;
	enum action action;
	int value;
} actions[] = {
	{"kill", ACTION_KILL, 0},
	{"eio", ACTION_FAIL, EIO},
	{"enospc", ACTION_FAIL, ENOSPC},
	{"emfile", ACTION_FAIL, EMFILE},
};

/* A test that asks for what there is not must not pass. */
_Noreturn static void refuse(void)
{
	fputs("BERTH_FAILPOINT: want NAME=ACTION[@N],...\n", stderr);
	abort();
}

static uint64_t number(struct span text)
{
	struct err err = ERR_INIT;
	uint64_t value = 0;

	if (num_u64(text, &value, &err) < 0)
		refuse();
	return value;
}

static void read_action(struct span text, struct point *point)
{
	struct span word, ms;

	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
		if (!span_equal(text, span_of(actions[i].name)))
			continue;
		point->action = actions[i].action;
		point->value = actions[i].value;
		return;
	}
	if (!span_cut(text, ':', &word, &ms) ||
	    !span_equal(word, SPAN_LIT("pause")) || number(ms) > PAUSE_MAX_MS)
		refuse();
	point->action = ACTION_PAUSE;
	point->value = (int)number(ms);
}

static void read_point(struct span text)
{
	struct span name, rest, action, from;

	if (point_count == POINTS_MAX ||
	    !span_cut_last(text, '=', &name, &rest))
		refuse();
	struct point *point = &points[point_count++];
	point->name = name;
	point->from = 1;
	if (span_cut(rest, '@', &action, &from)) {
		point->from = number(from);
		rest = action;
	}
	read_action(rest, point);
}

static void read_points(void)
{
	struct span rest = span_of(getenv("BERTH_FAILPOINT"));
	struct span one, after;

	while (span_cut(rest, ',', &one, &after)) {
		read_point(one);
		rest = after;
	}
	if (rest.len > 0)
		read_point(rest);
}

static bool act(struct point *point)
{
	uint64_t passing = atomic_fetch_add(&point->passed, 1) + 1;

	if (passing < point->from)
		return false;
	switch (point->action) {
	case ACTION_KILL:
		if (passing == point->from)
			raise(SIGKILL);
		return false;
	case ACTION_PAUSE:
		poll(NULL, 0, point->value);
		return false;
	case ACTION_FAIL:
		errno = point->value;
		return true;
	}
	return false;
}

bool failpoint_hit(const char *name)
{
	struct span wanted = span_of(name);
	bool fail = false;

	pthread_once(&points_once, read_points);
	for (size_t i = 0; i < point_count; i++)
		if (span_equal(points[i].name, wanted) && act(&points[i]))
			fail = true;
	return fail;
}

#endif
