/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/progress.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"

#define SHOW_EVERY_MS 200 /* the line is not written more often */
#define NAME_HEX 12	  /* digits of a digest that people are shown */
#define CLEAR_LINE "\r\033[K"

static volatile sig_atomic_t interrupted;

static void on_signal(int number)
{
	(void)number;
	interrupted = 1;
}

/* A second signal ends the program at once. */
void progress_catch_signals(void)
{
	struct sigaction action = {.sa_handler = on_signal,
				   .sa_flags = (int)SA_RESETHAND};

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
}

bool progress_interrupted(void)
{
	return interrupted != 0;
}

void progress_init(struct progress *progress, bool quiet, bool terminal)
{
	*progress = (struct progress){.quiet = quiet, .terminal = terminal};
}

void progress_format_size(uint64_t bytes, char ret_text[PROGRESS_SIZE_TEXT])
{
	static const char *const units[] = {"KiB", "MiB", "GiB", "TiB"};
	double value = (double)bytes;
	size_t unit = 0;

	if (bytes < 1024) {
		snprintf(ret_text, PROGRESS_SIZE_TEXT, "%u B", (unsigned)bytes);
		return;
	}
	for (value /= 1024; value >= 1024 && unit < 3; unit++)
		value /= 1024;
	snprintf(ret_text, PROGRESS_SIZE_TEXT, "%.1f %s", value, units[unit]);
}

static void shorten(const struct digest *digest, char name[DIGEST_TEXT_SIZE])
{
	digest_format(digest, name);
	name[strcspn(name, ":") + 1 + NAME_HEX] = '\0';
}

void progress_begin(struct progress *progress, const struct digest *digest,
		    uint64_t size)
{
	shorten(digest, progress->name);
	progress->total = size;
	progress->started_ms = clock_monotonic_ms(&clock_system);
	progress->shown_ms = progress->started_ms;
}

static void show(const struct progress *progress, uint64_t done, int64_t now_ms)
{
	char size[PROGRESS_SIZE_TEXT];
	int64_t took_ms = now_ms - progress->started_ms;
	double mib = (double)done / (1024 * 1024);
	unsigned percent = progress->total > 0
				   ? (unsigned)(100.0 * (double)done /
						(double)progress->total)
				   : 100;

	progress_format_size(progress->total, size);
	fprintf(stderr, CLEAR_LINE "%s  %3u%% of %s  %.1f MiB/s",
		progress->name, percent, size,
		took_ms > 0 ? mib * 1000 / (double)took_ms : 0.0);
	fflush(stderr);
}

void progress_tell(void *context, uint64_t done, uint64_t total)
{
	struct progress *progress = context;
	int64_t now_ms = clock_monotonic_ms(&clock_system);

	(void)total;
	if (progress->quiet || !progress->terminal ||
	    now_ms - progress->shown_ms < SHOW_EVERY_MS)
		return;
	progress->shown_ms = now_ms;
	show(progress, done, now_ms);
}

void progress_end(struct progress *progress, const char *what)
{
	char size[PROGRESS_SIZE_TEXT];

	if (progress->quiet)
		return;
	if (progress->terminal)
		fputs(CLEAR_LINE, stderr);
	if (!what)
		return;
	progress_format_size(progress->total, size);
	fprintf(stderr, "%s  %s  %s\n", progress->name, size, what);
}

void progress_note(struct progress *progress, const struct digest *digest,
		   const char *text)
{
	char name[DIGEST_TEXT_SIZE];

	if (progress->quiet)
		return;
	shorten(digest, name);
	fprintf(stderr, "%s  %s\n", name, text);
}
