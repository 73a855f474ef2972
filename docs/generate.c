/* SPDX-License-Identifier: Apache-2.0 */
/* Prints one document, or its name's list if none is named. */
#include "docs/generate.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "conf/explain.h"

#define DOCUMENT_MAX ((size_t)1024 * 1024) /* bytes */

static const struct {
	const char *name;
	void (*write)(struct buf *out);
} documents[] = {
	{"berth.1", generate_berth},   {"berth.bash", generate_bash},
	{"berth.zsh", generate_zsh},   {"berth.fish", generate_fish},
	{"berthd.8", generate_berthd}, {"options", generate_options},
	{"errors", generate_errors},   {"example", conf_example},
};

#define DOCUMENT_COUNT (sizeof(documents) / sizeof(documents[0]))

static int print(size_t document)
{
	CLEANUP(buf_release) struct buf out = BUF_INIT(DOCUMENT_MAX);
	struct err err = ERR_INIT;

	documents[document].write(&out);
	if (buf_check(&out, &err) < 0) {
		fprintf(stderr, "generate: %s\n", err.text);
		return 1;
	}
	if (fwrite(out.data, 1, out.len, stdout) != out.len ||
	    fflush(stdout) != 0) {
		perror("generate");
		return 1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	for (size_t i = 0; argc == 2 && i < DOCUMENT_COUNT; i++)
		if (strcmp(argv[1], documents[i].name) == 0)
			return print(i);
	fprintf(stderr, "usage: generate DOCUMENT, one of:\n");
	for (size_t i = 0; i < DOCUMENT_COUNT; i++)
		fprintf(stderr, "  %s\n", documents[i].name);
	return 2;
}
