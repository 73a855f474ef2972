/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/check.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <string.h>

#include "base/err.h"
#include "base/ip.h"
#include "base/num.h"
#include "base/span.h"
#include "conf/conf.h"

static int parse_port(struct span text, uint16_t *ret_port, struct err *err)
{
	struct err ignored = ERR_INIT;
	uint64_t port = 0;

	if (num_u64(text, &port, &ignored) < 0 || port > UINT16_MAX)
		return err_set(err, ERR_INVALID,
			       "the port must be a number up to 65535");
	*ret_port = (uint16_t)port;
	return 0;
}

/* Put the address of HOST:PORT into conf as inet_pton() reads it. */
static int parse_host(struct span host, struct conf *conf, struct err *err)
{
	struct in6_addr ignored;
	bool ipv6 = host.len >= 2 && host.text[0] == '[' &&
		    host.text[host.len - 1] == ']';

	if (ipv6)
		host = span_make(host.text + 1, host.len - 2);
	else if (span_equal(host, SPAN_LIT("localhost")))
		host = SPAN_LIT("127.0.0.1");
	if (host.len >= CONF_HOST_SIZE)
		return err_set(err, ERR_INVALID, "the address is too long");
	memset(conf->listen_host, 0, sizeof(conf->listen_host));
	memcpy(conf->listen_host, host.text, host.len);
	if (inet_pton(ipv6 ? AF_INET6 : AF_INET, conf->listen_host, &ignored) !=
	    1)
		return err_set(err, ERR_INVALID,
			       "the address must be numeric (IPv6 in "
			       "brackets) or localhost");
	conf->listen_ipv6 = ipv6;
	return 0;
}

static int check_listen(struct conf *conf, struct err *err)
{
	struct span host = {0};
	struct span port = {0};

	if (!span_cut_last(span_of(conf->server_listen), ':', &host, &port))
		return err_set(err, ERR_INVALID, "must be HOST:PORT");
	if (parse_port(port, &conf->listen_port, err) < 0)
		return -1;
	return parse_host(host, conf, err);
}

static bool is_loopback(const struct conf *conf)
{
	struct in6_addr address = IN6ADDR_ANY_INIT;

	if (!conf->listen_ipv6)
		return strncmp(conf->listen_host, "127.", 4) == 0;
	inet_pton(AF_INET6, conf->listen_host, &address);
	return IN6_IS_ADDR_LOOPBACK(&address);
}

static int check_plain_http(struct conf *conf, struct err *err)
{
	if (is_loopback(conf) || conf->server_insecure_http ||
	    conf->tls_certificate[0] != '\0')
		return 0;
	return err_set(err, ERR_INVALID,
		       "plain HTTP is served on loopback addresses only; set "
		       "tls.certificate and tls.key, or say "
		       "server.insecure_http: true or --insecure-http");
}

static int check_external_url(struct conf *conf, struct err *err)
{
	struct span url = span_of(conf->server_external_url);
	struct span host = {0};

	if (url.len == 0)
		return 0;
	if (span_starts(url, SPAN_LIT("https://")))
		host = span_make(url.text + 8, url.len - 8);
	else if (span_starts(url, SPAN_LIT("http://")))
		host = span_make(url.text + 7, url.len - 7);
	if (host.len == 0 || strcspn(host.text, "/?# @\"\\<>") != host.len)
		return err_set(
			err, ERR_INVALID,
			"must be http:// or https:// and a host, without "
			"a path");
	return 0;
}

static int check_proxies(struct conf *conf, struct err *err)
{
	struct ip_block blocks[CONF_PROXIES_MAX];
	struct err inner = ERR_INIT;
	size_t count = 0;

	if (ip_blocks_parse(span_of(conf->server_trusted_proxies), blocks,
			    CONF_PROXIES_MAX, &count, &inner) == 0)
		return 0;
	return err_set(err, ERR_INVALID,
		       "must be up to %d addresses, or blocks such as "
		       "10.0.0.0/8, with commas between",
		       CONF_PROXIES_MAX);
}

static size_t count_commas(const char *text)
{
	size_t count = 0;

	for (; *text; text++)
		count += *text == ',';
	return count;
}

static int check_key(struct conf *conf, struct err *err)
{
	if ((conf->tls_certificate[0] != '\0') == (conf->tls_key[0] != '\0') &&
	    count_commas(conf->tls_certificate) == count_commas(conf->tls_key))
		return 0;
	return err_set(err, ERR_INVALID,
		       "must list a key for each file in tls.certificate");
}

static int check_client_auth(struct conf *conf, struct err *err)
{
	if (conf->tls_client_auth == CONF_CLIENT_AUTH_NONE)
		return 0;
	if (conf->tls_certificate[0] == '\0')
		return err_set(err, ERR_INVALID,
			       "needs tls.certificate and tls.key");
	if (conf->tls_client_ca[0] == '\0')
		return err_set(err, ERR_INVALID, "needs tls.client_ca");
	return 0;
}

static int check_roles(struct conf *conf, struct err *err)
{
	struct span rest = span_of(conf->server_roles);

	while (rest.len > 0) {
		struct span role = rest;

		if (!span_cut(rest, ',', &role, &rest))
			rest = span_make(NULL, 0);
		if (!span_equal(span_trim(role), SPAN_LIT("registry")))
			return err_set(err, ERR_INVALID,
				       "the only role there is, is registry");
	}
	return 0;
}

static int check_database(struct conf *conf, struct err *err)
{
	struct span url = span_of(conf->storage_database);

	if (url.len == 0 || span_starts(url, SPAN_LIT("postgresql://")) ||
	    span_starts(url, SPAN_LIT("postgres://")))
		return 0;
	return err_set(err, ERR_INVALID,
		       "must be empty (SQLite) or start with postgresql://");
}

static int check_account(struct conf *conf, struct err *err)
{
	if (strspn(conf->registry_account, "0123456789") == 12)
		return 0;
	return err_set(err, ERR_INVALID, "must be twelve digits");
}

static int check_region(struct conf *conf, struct err *err)
{
	const char *region = conf->registry_region;

	if (region[strspn(region, "abcdefghijklmnopqrstuvwxyz0123456789-")] ==
	    '\0')
		return 0;
	return err_set(err, ERR_INVALID,
		       "must be lower-case letters, digits and dashes");
}

static int check_reserve(struct conf *conf, struct err *err)
{
	if (conf->storage_reserve <= conf->storage_low_water ||
	    conf->storage_low_water == 0)
		return 0;
	return err_set(err, ERR_INVALID,
		       "must not be larger than storage.low_water");
}

static int check_body_idle(struct conf *conf, struct err *err)
{
	if (conf->limits_body_idle_timeout_ms <= conf->limits_body_timeout_ms)
		return 0;
	return err_set(err, ERR_INVALID,
		       "must not be longer than limits.body_timeout");
}

static const struct conf_check checks[] = {
	{"server", "listen", check_listen},
	{"server", "listen", check_plain_http},
	{"server", "external_url", check_external_url},
	{"server", "trusted_proxies", check_proxies},
	{"server", "roles", check_roles},
	{"tls", "key", check_key},
	{"tls", "client_auth", check_client_auth},
	{"storage", "database", check_database},
	{"storage", "reserve", check_reserve},
	{"registry", "account", check_account},
	{"registry", "region", check_region},
	{"limits", "body_idle_timeout", check_body_idle},
};

const struct conf_check *conf_checks(size_t *ret_count)
{
	*ret_count = sizeof(checks) / sizeof(checks[0]);
	return checks;
}
