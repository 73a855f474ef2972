/* SPDX-License-Identifier: Apache-2.0 */
#include "base/ip.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "tests/lib/check.h"

static struct ip ip(const char *text)
{
	struct err err = ERR_INIT;
	struct ip ip;

	if (ip_parse(span_of(text), &ip, &err) < 0)
		check_fail(__FILE__, __LINE__, text);
	return ip;
}

static bool within(const char *block, const char *address)
{
	struct err err = ERR_INIT;
	struct ip_block parsed;
	struct ip one = ip(address);

	if (ip_block_parse(span_of(block), &parsed, &err) < 0)
		check_fail(__FILE__, __LINE__, block);
	return ip_block_has(&parsed, &one);
}

static void test_one_address_has_one_form(void)
{
	static const char *const same[][2] = {
		{"192.0.2.1", "192.0.2.1"},
		{"::ffff:192.0.2.1", "192.0.2.1"},
		{"::FFFF:c000:201", "192.0.2.1"},
		{"2001:DB8:0:0:0:0:0:1", "2001:db8::1"},
		{"fe80::1%eth0", "fe80::1"},
		{"::", "::"},
		{"0.0.0.0", "0.0.0.0"},
	};

	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
		struct ip parsed = ip(same[i][0]);
		char text[IP_TEXT_SIZE];

		ip_format(&parsed, text);
		CHECK_TEXT(text, same[i][1]);
	}
}

static void test_what_is_no_address_is_refused(void)
{
	const struct span wrong[] = {
		SPAN_LIT(""),
		SPAN_LIT("1.2.3"),
		SPAN_LIT("1.2.3.4.5"),
		SPAN_LIT("1.2.3.256"),
		SPAN_LIT("01.2.3.4"),
		SPAN_LIT("1.2.3.4 "),
		SPAN_LIT("1.2.3.4\0"),
		SPAN_LIT("1.2.3.4%eth0"),
		SPAN_LIT("[::1]"),
		SPAN_LIT("::1::"),
		SPAN_LIT("localhost"),
		SPAN_LIT("1.2.3.4:80"),
		SPAN_LIT("0x7f.0.0.1"),
		SPAN_LIT("%eth0"),
		SPAN_LIT("1:2:3:4:5:6:7:8:9"),
		SPAN_LIT("1111:2222:3333:4444:5555:6666:123.123.123.1234"),
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct err err = ERR_INIT;
		struct ip parsed = {.bytes = {7}};

		CHECK(ip_parse(wrong[i], &parsed, &err) == -1);
		CHECK(err.code == ERR_INVALID && parsed.bytes[0] == 7);
	}
}

static void test_a_block_has_what_begins_like_it(void)
{
	CHECK(within("10.0.0.0/8", "10.255.0.1"));
	CHECK(!within("10.0.0.0/8", "11.0.0.0"));
	CHECK(within("10.1.2.3/8", "10.9.9.9"));
	CHECK(within("192.0.2.128/25", "192.0.2.255"));
	CHECK(!within("192.0.2.128/25", "192.0.2.127"));
	CHECK(within("0.0.0.0/0", "255.255.255.255"));
	CHECK(!within("0.0.0.0/0", "2001:db8::1"));
	CHECK(within("::/0", "192.0.2.1"));
	CHECK(within("192.0.2.1", "::ffff:192.0.2.1"));
	CHECK(!within("192.0.2.1", "192.0.2.2"));
	CHECK(within("::ffff:10.0.0.0/104", "10.1.1.1"));
	CHECK(within("2001:db8::/33", "2001:db8:7fff::1"));
	CHECK(!within("2001:db8::/33", "2001:db8:8000::1"));
	CHECK(!within("::1/128", "::2"));
}

static void test_what_is_no_block_is_refused(void)
{
	static const char *const wrong[] = {
		"",	  "10.0.0.0/33", "10.0.0.0/",	 "10.0.0.0/-1",
		"::/129", "/8",		 "10.0.0.0/8/8", "10.0.0.0/0x8"};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct err err = ERR_INIT;
		struct ip_block block;

		CHECK(ip_block_parse(span_of(wrong[i]), &block, &err) == -1);
		CHECK(err.code == ERR_INVALID);
	}
}

static void test_a_list_of_blocks(void)
{
	struct ip_block blocks[2];
	struct err err = ERR_INIT;
	size_t count = 7;

	CHECK(ip_blocks_parse(SPAN_LIT(" "), blocks, 2, &count, &err) == 0);
	CHECK(count == 0);
	CHECK(ip_blocks_parse(SPAN_LIT("10.0.0.0/8 , ::1"), blocks, 2, &count,
			      &err) == 0);
	CHECK(count == 2 && blocks[0].bits == 104 && blocks[1].bits == 128);
	CHECK(ip_blocks_parse(SPAN_LIT("::1,::2,::3"), blocks, 2, &count,
			      &err) == -1);
	CHECK(err.code == ERR_INVALID && count == 2);
	err_clear(&err);
	CHECK(ip_blocks_parse(SPAN_LIT("::1,"), blocks, 2, &count, &err) == -1);
}

static void test_a_client_has_the_lower_half_of_ipv6(void)
{
	struct ip one = ip("2001:db8:1:2:3:4:5:6");
	struct ip client = ip_client(&one);
	char text[IP_TEXT_SIZE];

	ip_format(&client, text);
	CHECK_TEXT(text, "2001:db8:1:2::");
	one = ip("192.0.2.1");
	client = ip_client(&one);
	CHECK(memcmp(&one, &client, sizeof(one)) == 0);
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(test_one_address_has_one_form),
		CHECK_CASE(test_what_is_no_address_is_refused),
		CHECK_CASE(test_a_block_has_what_begins_like_it),
		CHECK_CASE(test_what_is_no_block_is_refused),
		CHECK_CASE(test_a_list_of_blocks),
		CHECK_CASE(test_a_client_has_the_lower_half_of_ipv6),
	};

	return CHECK_RUN(argc, argv, cases);
}
