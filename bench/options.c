/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/options.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/num.h"
#include "base/span.h"

static const struct {
	const char *name;
	enum load_mode mode;
} modes[] = {
	{"get", LOAD_GET},   {"head", LOAD_HEAD},
	{"push", LOAD_PUSH}, {"push-chunked", LOAD_PUSH_CHUNKED},
	{"idle", LOAD_IDLE},
};

static const char usage[] =
	"usage: berth-load --mode MODE --port PORT [OPTION]... [PATH]...\n"
	"\n"
	"Loads an HTTP/1.1 registry from a closed loop and prints one line of\n"
	"JSON. MODE is get or head (of the PATHs in turn), push (POST, PUT),\n"
	"push-chunked (POST, chunked PATCH, PUT) or idle (hold connections,\n"
	"each after one GET of the first PATH, until standard input ends).\n"
	"\n"
	"  --host ADDRESS       IPv4 address (127.0.0.1)\n"
	"  --port PORT\n"
	"  --connections N      kept alive (1)\n"
	"  --threads N          event loops (2, at most N connections)\n"
	"  --requests N         stop after N; a push always needs it\n"
	"  --duration TIME      stop after that time (5s)\n"
	"  --user NAME:PASSWORD Basic authentication\n"
	"  --accept TYPE        Accept header\n"
	"  --repository NAME    to push to (bench/push)\n"
	"  --size SIZE          of each body pushed (1MiB)\n"
	"  --chunk SIZE         of each chunk of a chunked push (32KiB)\n"
	"  --tls                speak TLS 1.3, to any certificate\n"
	"  --fresh              a new connection for each request\n"
	"  --help\n";

static const struct option long_options[] = {
	{"mode", required_argument, NULL, 'm'},
	{"host", required_argument, NULL, 'H'},
	{"port", required_argument, NULL, 'p'},
	{"connections", required_argument, NULL, 'c'},
	{"threads", required_argument, NULL, 't'},
	{"requests", required_argument, NULL, 'n'},
	{"duration", required_argument, NULL, 'd'},
	{"user", required_argument, NULL, 'u'},
	{"accept", required_argument, NULL, 'a'},
	{"repository", required_argument, NULL, 'r'},
	{"size", required_argument, NULL, 's'},
	{"chunk", required_argument, NULL, 'k'},
	{"tls", no_argument, NULL, 'T'},
	{"fresh", no_argument, NULL, 'f'},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

static int read_mode(const char *name, struct options *options, struct err *err)
{
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		if (strcmp(modes[i].name, name) != 0)
			continue;
		options->mode = modes[i].mode;
		options->mode_name = modes[i].name;
		return 0;
	}
	return err_set(err, ERR_INVALID, "no such mode");
}

/* The options whose value is a number. */
static int read_number(int letter, const char *value, struct options *options,
		       struct err *err)
{
	struct span text = span_of(value);

	switch (letter) {
	case 'p':
		return num_u64(text, &options->port, err);
	case 'c':
		return num_u64(text, &options->connections, err);
	case 't':
		return num_u64(text, &options->threads, err);
	case 'n':
		return num_u64(text, &options->requests, err);
	case 'd':
		return num_duration(text, &options->duration_ms, err);
	case 's':
		return num_size(text, &options->size, err);
	case 'k':
		return num_size(text, &options->chunk, err);
	default:
		return err_set(err, ERR_INVALID, "unknown option");
	}
}

static int read_option(int letter, const char *value, struct options *options,
		       struct err *err)
{
	switch (letter) {
	case 'm':
		return read_mode(value, options, err);
	case 'H':
		options->host = value;
		return 0;
	case 'u':
		options->credentials = value;
		return 0;
	case 'a':
		options->accept = value;
		return 0;
	case 'r':
		options->repository = value;
		return 0;
	case 'T':
		options->tls = true;
		return 0;
	case 'f':
		options->fresh = true;
		return 0;
	default:
		return read_number(letter, value, options, err);
	}
}

static int is_push(const struct options *options)
{
	return options->mode == LOAD_PUSH || options->mode == LOAD_PUSH_CHUNKED;
}

static int in_range(uint64_t value, uint64_t least, uint64_t most)
{
	return value >= least && value <= most;
}

static int check_numbers(const struct options *options, struct err *err)
{
	if (!in_range(options->port, 1, 65535))
		return err_set(err, ERR_INVALID, "--port is missing or wrong");
	if (!in_range(options->connections, 1, 1000000))
		return err_set(err, ERR_INVALID, "wrong --connections");
	if (!in_range(options->threads, 1, 64))
		return err_set(err, ERR_INVALID, "wrong --threads");
	if (is_push(options) && (options->size < 8 || options->chunk < 1))
		return err_set(err, ERR_INVALID, "wrong --size or --chunk");
	return 0;
}

/* What one option alone cannot tell. */
static int check(struct options *options, struct err *err)
{
	if (!options->mode_name)
		return err_set(err, ERR_INVALID, "--mode is missing");
	if (check_numbers(options, err) < 0)
		return -1;
	if (is_push(options) && !options->requests)
		return err_set(err, ERR_INVALID, "a push needs --requests");
	if (!is_push(options) && !options->path_count)
		return err_set(err, ERR_INVALID, "a path is missing");
	if (options->mode == LOAD_IDLE && options->tls)
		return err_set(err, ERR_INVALID, "idle goes without --tls");
	if (options->threads > options->connections)
		options->threads = options->connections;
	if (!options->requests && !options->duration_ms)
		options->duration_ms = 5000;
	return 0;
}

int options_parse(int argc, char **argv, struct options *ret_options,
		  struct err *err)
{
	struct options options = {
		.host = "127.0.0.1",
		.repository = "bench/push",
		.connections = 1,
		.threads = 2,
		.size = 1024 * 1024,
		.chunk = 32 * 1024,
	};
	int letter;

	while ((letter = getopt_long(argc, argv, "", long_options, NULL)) !=
	       -1) {
		if (letter == 'h') {
			fputs(usage, stdout);
			return 0;
		}
		if (letter == '?')
			return err_set(err, ERR_INVALID, "try --help");
		if (read_option(letter, optarg, &options, err) < 0)
			return -1;
	}
	for (int i = optind; i < argc; i++) {
		if (options.path_count == LOAD_PATHS_MAX)
			return err_set(err, ERR_INVALID, "too many paths");
		options.paths[options.path_count++] = argv[i];
	}
	if (check(&options, err) < 0)
		return -1;
	*ret_options = options;
	return 1;
}
