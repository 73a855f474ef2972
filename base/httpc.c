/* SPDX-License-Identifier: Apache-2.0 */
#include "base/httpc.h"

#include <curl/curl.h>
#include <dlfcn.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/ip.h"
#include "base/lock.h"

#define URL_MAX 2048

/* ---- libcurl ---- */

#define CURL_FUNCTIONS(X)                                                      \
	X(curl_easy_init)                                                      \
	X(curl_easy_cleanup)                                                   \
	X(curl_easy_setopt)                                                    \
	X(curl_easy_getinfo)                                                   \
	X(curl_easy_perform)                                                   \
	X(curl_easy_strerror)                                                  \
	X(curl_global_init)

/* The header wraps some of them into macros that check types. */
#undef curl_easy_setopt
#undef curl_easy_getinfo

static struct {
	bool loaded;
#define X(name) __typeof__(&name) name;
	CURL_FUNCTIONS(X)
#undef X
} lib;

static const char *const names[] = {"libcurl.so.4", "libcurl-gnutls.so.4"};

static int load_symbol(void *library, const char *name, void *ret_function,
		       struct err *err)
{
	void *symbol = dlsym(library, name);

	if (!symbol)
		return err_set(err, ERR_UNSUPPORTED, "libcurl lacks %s", name);
	/* C knows no cast from an object's address to a function's. */
	memcpy(ret_function, &symbol, sizeof(symbol));
	return 0;
}

static int load_all(struct err *err)
{
	void *library = NULL;
	int rc = 0;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!library)
			library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
	if (!library)
		return err_set(err, ERR_UNSUPPORTED,
			       "fetching needs libcurl (the package "
			       "libcurl4): %s",
			       dlerror());
#define X(name)                                                                \
	if (rc == 0)                                                           \
		rc = load_symbol(library, #name, &lib.name, err);
	CURL_FUNCTIONS(X)
#undef X
	if (rc == 0 && lib.curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		rc = err_set(err, ERR_UNAVAILABLE, "libcurl does not start");
	return rc;
}

static int load(struct err *err)
{
	static struct lock loading = LOCK_INIT;
	int rc = 0;

	lock_take(&loading);
	if (!lib.loaded)
		rc = load_all(err);
	lib.loaded = rc == 0;
	lock_drop(&loading);
	return rc;
}

static void handle_free(CURL **handle)
{
	if (*handle)
		lib.curl_easy_cleanup(*handle);
}

/* ---- which addresses ---- */

/* Special-purpose blocks of the IANA registries (RFC 6890), and those that
 * carry an IPv4 address within. */
static const char *const special[] = {
	"0.0.0.0/8",	  "10.0.0.0/8",	    "100.64.0.0/10", "127.0.0.0/8",
	"169.254.0.0/16", "172.16.0.0/12",  "192.0.0.0/24",  "192.0.2.0/24",
	"192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24",
	"203.0.113.0/24", "224.0.0.0/4",    "240.0.0.0/4",   "::/96",
	"64:ff9b::/96",	  "64:ff9b:1::/48", "100::/64",	     "2001::/23",
	"2001:db8::/32",  "2002::/16",	    "3fff::/20",     "5f00::/16",
	"fc00::/7",	  "fe80::/9",	    "ff00::/8",
};

static bool is_in(const char *block, const struct ip *ip)
{
	struct err err = ERR_INIT;
	struct ip_block parsed;

	return ip_block_parse(span_of(block), &parsed, &err) == 0 &&
	       ip_block_has(&parsed, ip);
}

bool httpc_is_public(const struct ip *ip)
{
	for (size_t i = 0; i < sizeof(special) / sizeof(special[0]); i++)
		if (is_in(special[i], ip))
			return false;
	return true;
}

static bool is_loopback(const struct ip *ip)
{
	return is_in("127.0.0.0/8", ip) || is_in("::1", ip);
}

static bool read_address(const struct curl_sockaddr *address, struct ip *ret_ip)
{
	const void *raw = &address->addr;

	if (address->family == AF_INET) {
		const struct sockaddr_in *in = raw;
		struct ip ip = {.bytes = {[10] = 0xff, [11] = 0xff}};

		memcpy(ip.bytes + 12, &in->sin_addr, 4);
		*ret_ip = ip;
		return true;
	}
	if (address->family != AF_INET6)
		return false;
	const struct sockaddr_in6 *in6 = raw;
	memcpy(ret_ip->bytes, &in6->sin6_addr, sizeof(ret_ip->bytes));
	return true;
}

/* ---- one request ---- */

struct fetch {
	const struct httpc_request *request;
	bool plain;   /* without TLS */
	bool refused; /* an address was not allowed */
	struct buf *out;
};

static curl_socket_t on_socket(void *context, curlsocktype purpose,
			       struct curl_sockaddr *address)
{
	struct fetch *fetch = context;
	struct ip ip;
	bool allowed =
		purpose == CURLSOCKTYPE_IPCXN && read_address(address, &ip) &&
		(fetch->request->private_addresses || httpc_is_public(&ip)) &&
		(!fetch->plain || is_loopback(&ip));

	if (!allowed) {
		fetch->refused = true;
		return CURL_SOCKET_BAD;
	}
	return socket(address->family, address->socktype | SOCK_CLOEXEC,
		      address->protocol);
}

static size_t on_body(char *data, size_t size, size_t count, void *context)
{
	struct fetch *fetch = context;

	buf_append(fetch->out, data, size * count);
	return fetch->out->failed == ERR_NONE ? size * count : 0;
}

/* A scheme that we speak, a host and nothing that would be read in two
 * ways. */
static int check_url(const struct httpc_request *request, bool *ret_plain,
		     struct err *err)
{
	struct span url = span_of(request->url);
	struct span https = SPAN_LIT("https://");
	struct span http = SPAN_LIT("http://");
	bool plain = span_starts(url, http);
	size_t scheme = plain ? http.len : https.len;

	if (!plain && !span_starts(url, https))
		return err_set(err, ERR_INVALID, "a URL is not https://...");
	if (plain && !request->private_addresses)
		return err_set(err, ERR_INVALID,
			       "http:// is for loopback only, if allowed");
	if (url.len == scheme || url.len > URL_MAX)
		return err_set(err, ERR_INVALID, "a URL has no host");
	for (size_t i = 0; i < url.len; i++)
		if (url.text[i] <= ' ' || url.text[i] > '~' ||
		    strchr("@#\\", url.text[i]))
			return err_set(err, ERR_INVALID,
				       "a URL holds what none of ours does");
	*ret_plain = plain;
	return 0;
}

static void prepare(CURL *handle, struct fetch *fetch)
{
	const struct httpc_request *request = fetch->request;
	int64_t deadline_ms = request->deadline_ms;

	lib.curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
	lib.curl_easy_setopt(handle, CURLOPT_USERAGENT, "berthd");
	lib.curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
	lib.curl_easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 0L);
	lib.curl_easy_setopt(handle, CURLOPT_PROXY, "");
	lib.curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, (long)deadline_ms);
	lib.curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS,
			     (long)deadline_ms);
	lib.curl_easy_setopt(handle, CURLOPT_OPENSOCKETFUNCTION, on_socket);
	lib.curl_easy_setopt(handle, CURLOPT_OPENSOCKETDATA, fetch);
	lib.curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, on_body);
	lib.curl_easy_setopt(handle, CURLOPT_WRITEDATA, fetch);
	if (request->ca_file && request->ca_file[0] != '\0')
		lib.curl_easy_setopt(handle, CURLOPT_CAINFO, request->ca_file);
}

static int tell(const struct fetch *fetch, CURLcode code, long status,
		struct err *err)
{
	if (fetch->refused)
		return err_set(err, ERR_DENIED,
			       "the host has an address that is not allowed");
	if (fetch->out->failed != ERR_NONE)
		return buf_check(fetch->out, err);
	if (code == CURLE_OPERATION_TIMEDOUT)
		return err_set(err, ERR_TIMEOUT, "no answer in time");
	if (code == CURLE_OUT_OF_MEMORY)
		return err_set(err, ERR_NO_MEMORY, "fetching");
	if (code != CURLE_OK)
		return err_set(err, ERR_UNAVAILABLE, "%s",
			       lib.curl_easy_strerror(code));
	if (status != 200)
		return err_set(err, ERR_UNAVAILABLE, "status %ld", status);
	return 0;
}

int httpc_get(const struct httpc_request *request, struct buf *out,
	      struct err *err)
{
	CLEANUP(handle_free) CURL *handle = NULL;
	struct fetch fetch = {.request = request, .out = out};
	long status = 0;

	if (check_url(request, &fetch.plain, err) < 0 || load(err) < 0)
		return -1;
	handle = lib.curl_easy_init();
	if (!handle)
		return err_set(err, ERR_NO_MEMORY, "fetching");
	prepare(handle, &fetch);
	if (lib.curl_easy_setopt(handle, CURLOPT_URL, request->url) != CURLE_OK)
		return err_set(err, ERR_NO_MEMORY, "fetching");
	CURLcode code = lib.curl_easy_perform(handle);

	lib.curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
	return tell(&fetch, code, status, err);
}
