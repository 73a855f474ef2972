/* SPDX-License-Identifier: Apache-2.0 */
#include "base/ip.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/err.h"
#include "base/num.h"

static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

static bool is_mapped(const struct ip *ip)
{
	return memcmp(ip->bytes, mapped, sizeof(mapped)) == 0;
}

int ip_parse(struct span text, struct ip *ret_ip, struct err *err)
{
	char copy[IP_TEXT_SIZE];
	struct span zone = {0};
	struct ip ip;

	if (memchr(text.text ? text.text : "", ':', text.len))
		span_cut(text, '%', &text, &zone);
	if (text.len >= sizeof(copy) ||
	    memchr(text.text ? text.text : "", '\0', text.len))
		return err_set(err, ERR_INVALID, "no internet address");
	memcpy(copy, text.text ? text.text : "", text.len);
	copy[text.len] = '\0';
	if (inet_pton(AF_INET, copy, ip.bytes + sizeof(mapped)) == 1)
		memcpy(ip.bytes, mapped, sizeof(mapped));
	else if (inet_pton(AF_INET6, copy, ip.bytes) != 1)
		return err_set(err, ERR_INVALID, "no internet address");
	*ret_ip = ip;
	return 0;
}

void ip_format(const struct ip *ip, char ret_text[IP_TEXT_SIZE])
{
	if (is_mapped(ip))
		inet_ntop(AF_INET, ip->bytes + sizeof(mapped), ret_text,
			  IP_TEXT_SIZE);
	else
		inet_ntop(AF_INET6, ip->bytes, ret_text, IP_TEXT_SIZE);
}

int ip_block_parse(struct span text, struct ip_block *ret_block,
		   struct err *err)
{
	struct ip_block block = {.bits = 128};
	struct span address = text;
	struct span length = {0};
	uint64_t bits = 0;
	bool whole = !span_cut(text, '/', &address, &length);

	if (ip_parse(address, &block.ip, err) < 0)
		return -1;
	if (whole) {
		*ret_block = block;
		return 0;
	}
	unsigned before =
		memchr(address.text, ':', address.len) ? 0 : 8 * sizeof(mapped);

	if (num_u64(length, &bits, err) < 0)
		return -1;
	if (bits > 128 - before)
		return err_set(err, ERR_INVALID, "a block has %u bits at most",
			       128 - before);
	block.bits = before + (unsigned)bits;
	*ret_block = block;
	return 0;
}

int ip_blocks_parse(struct span text, struct ip_block *ret_blocks, size_t max,
		    size_t *ret_count, struct err *err)
{
	size_t count = 0;
	bool more = span_trim(text).len > 0;

	while (more) {
		struct span block = text;

		more = span_cut(text, ',', &block, &text);
		if (count == max)
			return err_set(err, ERR_INVALID, "more than %zu blocks",
				       max);
		if (ip_block_parse(span_trim(block), &ret_blocks[count++],
				   err) < 0)
			return -1;
	}
	*ret_count = count;
	return 0;
}

bool ip_block_has(const struct ip_block *block, const struct ip *ip)
{
	unsigned whole = block->bits / 8;
	unsigned rest = block->bits % 8;

	if (memcmp(block->ip.bytes, ip->bytes, whole) != 0)
		return false;
	return rest == 0 ||
	       (block->ip.bytes[whole] ^ ip->bytes[whole]) >> (8 - rest) == 0;
}

struct ip ip_client(const struct ip *ip)
{
	struct ip client = *ip;

	if (!is_mapped(ip))
		memset(client.bytes + 8, 0, 8);
	return client;
}
