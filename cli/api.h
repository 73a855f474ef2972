/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_API_H
#define CLI_API_H

/*
 * Commands that are one request to the administration's API: rows of data say
 * what is sent and which members of the reply are shown.
 */

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct buf;
struct err;
struct options;
struct session;

/* Where a value of the request comes from. */
enum api_kind {
	API_END,	/* no more members */
	API_ARGUMENT,	/* the place'th NAME, from 0 */
	API_TEXT,	/* a flag's text */
	API_SWITCH,	/* a flag that takes no value: true if given */
	API_TRUE,	/* always */
	API_FALSE,	/* always */
	API_SECONDS,	/* a flag with a duration: a number */
	API_WORDS,	/* a flag's values as an array */
	API_JOINED,	/* a flag's values as one text, blanks between */
	API_GRANTS,	/* a flag's values, POLICY[:PATTERN] each */
	API_DOCUMENT,	/* a flag with a file (- standard input): its JSON */
	API_NEW_SECRET, /* asked on the terminal, or standard input's line */
	API_HOST,	/* this machine's name, for a description */
};

/* A member of the body, or a parameter of the query; it is left out where its
 * flag was not given. */
struct api_member {
	const char *name;   /* NULL: it is the whole body */
	enum api_kind kind; /* where its value comes from */
	size_t place;	    /* of the flag in struct options; or which NAME */
};

struct api_column {
	const char *title;  /* "NAME"; NULL behind the last */
	const char *member; /* of each entry */
};

#define API_MEMBERS_MAX 8
#define API_COLUMNS_MAX 8

struct api_call {
	const char *method; /* "GET" */
	/* "/api/v1/users/{0}": {N} the N'th NAME, encoded; {repository} REPO;
	 * {of} whose, by --of KIND/NAME ("me" without); {holder N} the N'th
	 * NAME as KIND/NAME. */
	const char *path;
	struct api_member body[API_MEMBERS_MAX];  /* up to API_END */
	struct api_member query[API_MEMBERS_MAX]; /* the same */
	/* The member of the reply that is a list, page by page; NULL: the reply
	 * is one object, or nothing. */
	const char *list;
	struct api_column columns[API_COLUMNS_MAX]; /* of the list's entries;
						       none: they are texts */
	const char *confirm; /* ask first: "Delete user %s" */
	const char *done;    /* said at the end, with the first NAME or REPO:
				"user %s deleted"; NULL: the reply is shown */
};

/* Do what session->options->command->call says. */
int api_run(struct session *session, struct err *err);

/* One request, and its reply's tree (NULL if it has none), to be unref'd. */
int api_ask(struct session *session, const char *method, const char *path,
	    const json_t *body, json_t **ret_reply, struct err *err);

/* The body of a call: *ret_body is NULL if it has none. */
int api_body(const struct options *options, const struct api_member *members,
	     json_t **ret_body, struct err *err);

/* Its address, with the query. */
int api_path(const struct options *options, const struct api_call *call,
	     struct buf *out, struct err *err);

/* Members of an object, one a line. */
void api_print_object(const json_t *object);

#endif
