/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_IP_H
#define BASE_IP_H

/*
 * Internet addresses as numbers, and blocks of them.  An IPv4 address counts as
 * the IPv6 address that it is mapped to (::ffff:192.0.2.1), so that each client
 * has one form.  Plain values; no state, any thread.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

struct err;

struct ip {
	uint8_t bytes[16]; /* highest first */
};

struct ip_block {
	struct ip ip;  /* bits past those that count are not looked at */
	unsigned bits; /* that count, of 128 */
};

#define IP_TEXT_SIZE 46 /* bytes of the longest text, with its NUL */

/* Read a numeric address, perhaps with a zone ("%eth0"), which does not count;
 * ERR_INVALID. */
int ip_parse(struct span text, struct ip *ret_ip, struct err *err);

/* The usual text: "192.0.2.1", "2001:db8::1". */
void ip_format(const struct ip *ip, char ret_text[IP_TEXT_SIZE]);

/* Read "192.0.2.0/24", "2001:db8::/32" or one address; ERR_INVALID. */
int ip_block_parse(struct span text, struct ip_block *ret_block,
		   struct err *err);

/* Read a list of blocks, separated by commas; "" has none.  ERR_INVALID, too,
 * if there are more than max. */
int ip_blocks_parse(struct span text, struct ip_block *ret_blocks, size_t max,
		    size_t *ret_count, struct err *err);

/* The address lies in the block. */
bool ip_block_has(const struct ip_block *block, const struct ip *ip);

/* What one client has to itself: an IPv4 address, of IPv6 the first 64 bits
 * (the rest is zero), since it may use all addresses behind them. */
struct ip ip_client(const struct ip *ip);

#endif
