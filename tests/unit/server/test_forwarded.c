/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http/forwarded.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "server/http/exchange.h"
#include "tests/lib/check.h"

#define FOR "X-Forwarded-For"
#define PROTO "X-Forwarded-Proto"

/* Up to three fields, and what they make of a peer. */
struct row {
	const char *peer;
	const char *fields[3][2];
	const char *client;
	bool secure;
};

static struct forwarded trusted(const char *blocks)
{
	struct forwarded forwarded;
	struct err err = ERR_INIT;

	CHECK(ip_blocks_parse(span_of(blocks), forwarded.proxies,
			      FORWARDED_PROXIES_MAX, &forwarded.count,
			      &err) == 0);
	return forwarded;
}

static void check(const struct forwarded *forwarded, const struct row *row)
{
	static struct exchange exchange;
	struct request *request = &exchange.request;
	char peer[64];

	memset(&exchange, 0, sizeof(exchange));
	request->wire = &exchange;
	request->arena = ARENA_INIT(4096);
	request->peer = span_of(row->peer);
	for (size_t i = 0; i < 3 && row->fields[i][0]; i++)
		exchange.fields[exchange.field_count++] =
			(struct field){.name = span_of(row->fields[i][0]),
				       .value = span_of(row->fields[i][1])};
	forwarded_apply(forwarded, request);
	snprintf(peer, sizeof(peer), "%.*s", SPAN_ARG(request->peer));
	CHECK_TEXT(peer, row->client);
	CHECK(request->secure == row->secure);
	arena_release(&request->arena);
}

static void test_a_trusted_proxy_is_believed(void)
{
	static const struct row rows[] = {
		{"10.0.0.1", {{FOR, "192.0.2.7"}}, "192.0.2.7", false},
		{"::ffff:10.0.0.1", {{FOR, "192.0.2.7"}}, "192.0.2.7", false},
		{"10.0.0.1",
		 {{FOR, "192.0.2.7"}, {PROTO, "https"}},
		 "192.0.2.7",
		 true},
		{"10.0.0.1", {{PROTO, "HTTPS"}}, "10.0.0.1", true},
		{"10.0.0.1", {{PROTO, "https, http"}}, "10.0.0.1", false},
		{"10.0.0.1", {{FOR, "192.0.2.7:4711"}}, "192.0.2.7", false},
		{"10.0.0.1", {{FOR, "2001:db8::7"}}, "2001:db8::7", false},
		{"10.0.0.1", {{FOR, "[2001:db8::7]:9"}}, "2001:db8::7", false},
		{"10.0.0.1",
		 {{"forwarded", "for=192.0.2.7;proto=https"}},
		 "192.0.2.7",
		 true},
		{"10.0.0.1",
		 {{"Forwarded", "Proto=http; For=\"[2001:db8::7]:80\""}},
		 "2001:db8::7",
		 false},
		{"10.0.0.1", {{NULL, NULL}}, "10.0.0.1", false},
	};
	struct forwarded forwarded = trusted("10.0.0.0/8");

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		check(&forwarded, &rows[i]);
}

static void test_nobody_else_is(void)
{
	static const struct row rows[] = {
		{"192.0.2.1",
		 {{FOR, "198.51.100.9"}, {PROTO, "https"}},
		 "192.0.2.1",
		 false},
		{"192.0.2.1",
		 {{"Forwarded", "for=198.51.100.9;proto=https"}},
		 "192.0.2.1",
		 false},
		{"", {{FOR, "198.51.100.9"}}, "", false},
	};
	struct forwarded forwarded = trusted("10.0.0.0/8");
	struct forwarded nobody = trusted("");

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		check(&forwarded, &rows[i]);
		check(&nobody, &rows[i]);
	}
}

/* What a client wrote himself stands before what the proxies added. */
static void test_only_what_trusted_proxies_added_counts(void)
{
	static const struct row rows[] = {
		{"10.0.0.1",
		 {{FOR, "198.51.100.9, 192.0.2.7"}},
		 "192.0.2.7",
		 false},
		{"10.0.0.1",
		 {{FOR, "198.51.100.9"}, {FOR, "192.0.2.7, 10.0.0.2"}},
		 "192.0.2.7",
		 false},
		{"10.0.0.1", {{FOR, "10.0.0.3,10.0.0.2"}}, "10.0.0.3", false},
		{"10.0.0.1",
		 {{FOR, "198.51.100.9, nonsense"}},
		 "10.0.0.1",
		 false},
		{"10.0.0.1", {{FOR, "198.51.100.9,"}}, "10.0.0.1", false},
		{"10.0.0.1",
		 {{FOR, "198.51.100.9, , 10.0.0.2"}},
		 "10.0.0.2",
		 false},
		{"10.0.0.1",
		 {{"Forwarded", "for=198.51.100.9, for=unknown"}},
		 "10.0.0.1",
		 false},
		{"10.0.0.1",
		 {{"Forwarded", "for=198.51.100.9;proto=https"},
		  {FOR, "192.0.2.7"},
		  {PROTO, "http"}},
		 "192.0.2.7",
		 false},
		{"10.0.0.1",
		 {{FOR, "198.51.100.9, [10.0.0.2"}},
		 "10.0.0.1",
		 false},
		{"10.0.0.1", {{FOR, ""}}, "10.0.0.1", false},
	};
	struct forwarded forwarded = trusted("10.0.0.0/8");

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		check(&forwarded, &rows[i]);
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(test_a_trusted_proxy_is_believed),
		CHECK_CASE(test_nobody_else_is),
		CHECK_CASE(test_only_what_trusted_proxies_added_counts),
	};

	return CHECK_RUN(argc, argv, cases);
}
