/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http/forwarded.h"

#include "base/err.h"
#include "server/http/request.h"

#define HOPS_MAX 32 /* elements looked at */

static bool is_trusted(const struct forwarded *forwarded, const struct ip *ip)
{
	for (size_t i = 0; i < forwarded->count; i++)
		if (ip_block_has(&forwarded->proxies[i], ip))
			return true;
	return false;
}

/* The elements of all fields of a name, from the last to the first. */
struct walk {
	const struct request *request;
	const char *name;
	size_t left;	  /* fields not begun */
	struct span rest; /* of the one that is */
	bool begun;	  /* rest counts */
};

static bool next_element(struct walk *walk, struct span *ret_element)
{
	struct span element = walk->rest;

	if (!walk->begun) {
		if (walk->left == 0)
			return false;
		element = request_header_at(walk->request, walk->name,
					    --walk->left);
		walk->rest = element;
	}
	walk->begun = span_cut_last(walk->rest, ',', &walk->rest, &element);
	*ret_element = span_trim(element);
	return true;
}

static struct span unquote(struct span text)
{
	if (text.len >= 2 && text.text[0] == '"' &&
	    text.text[text.len - 1] == '"')
		return span_make(text.text + 1, text.len - 2);
	return text;
}

/* "192.0.2.1", "192.0.2.1:80", "[2001:db8::1]:80", "2001:db8::1". */
static bool read_node(struct span text, struct ip *ret_ip)
{
	struct err err = ERR_INIT;
	struct span rest = {0};

	text = unquote(text);
	if (text.len > 0 && text.text[0] == '[') {
		text = span_make(text.text + 1, text.len - 1);
		if (!span_cut(text, ']', &text, &rest))
			return false;
	} else if (memchr(text.text ? text.text : "", '.', text.len)) {
		span_cut(text, ':', &text, &rest);
	}
	return ip_parse(text, ret_ip, &err) == 0;
}

/* A parameter of one element of Forwarded: "for=192.0.2.1;proto=https". */
static struct span parameter(struct span element, const char *name)
{
	bool more = true;

	while (more) {
		struct span pair = element;
		struct span key = {0};
		struct span value = {0};

		more = span_cut(element, ';', &pair, &element);
		if (span_cut(span_trim(pair), '=', &key, &value) &&
		    span_equal_nocase(key, span_of(name)))
			return value;
	}
	return SPAN_LIT("");
}

static struct walk walk_of(const struct request *request, const char *name)
{
	return (struct walk){.request = request,
			     .name = name,
			     .left = request_header_count(request, name)};
}

/* The mapped form would not look like an IPv4 address to whoever reads it. */
static void set_peer(struct request *request, const struct ip *client)
{
	char text[IP_TEXT_SIZE];

	ip_format(client, text);
	const char *copy = arena_copy(&request->arena, text, strlen(text));

	if (copy)
		request->peer = span_make(copy, strlen(text));
}

/* Back from proxy to proxy, as long as each is trusted. */
static struct ip find_client(const struct forwarded *forwarded,
			     const struct request *request, struct ip peer)
{
	bool plain = request_header_count(request, "X-Forwarded-For") > 0;
	struct walk walk =
		walk_of(request, plain ? "X-Forwarded-For" : "Forwarded");
	struct span element = {0};

	for (int i = 0; i < HOPS_MAX && is_trusted(forwarded, &peer); i++) {
		if (!next_element(&walk, &element) ||
		    !read_node(plain ? element : parameter(element, "for"),
			       &peer))
			break;
	}
	return peer;
}

/* What the nearest proxy says. */
static bool came_secure(const struct request *request)
{
	struct walk walk = walk_of(request, "X-Forwarded-Proto");
	struct span element = {0};

	if (next_element(&walk, &element))
		return span_equal_nocase(element, SPAN_LIT("https"));
	walk = walk_of(request, "Forwarded");
	if (next_element(&walk, &element))
		return span_equal_nocase(unquote(parameter(element, "proto")),
					 SPAN_LIT("https"));
	return request->secure;
}

void forwarded_apply(const struct forwarded *forwarded, struct request *request)
{
	struct err err = ERR_INIT;
	struct ip peer;

	if (forwarded->count == 0 || ip_parse(request->peer, &peer, &err) < 0 ||
	    !is_trusted(forwarded, &peer))
		return;
	struct ip client = find_client(forwarded, request, peer);

	set_peer(request, &client);
	request->secure = came_secure(request);
}
