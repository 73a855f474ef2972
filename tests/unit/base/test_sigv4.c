/* SPDX-License-Identifier: Apache-2.0 */
#include "base/sigv4.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "tests/lib/check.h"

/* The signatures below are those that AWS publishes as its test suite. */
#define SECRET "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
#define DATE "20150830T123600Z"
#define EMPTY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define FORM "9095672bbd1f56dfc5b65f3e153adc8731a4a654192329106275f4c7b24d0b6e"
#define UNRESERVED                                                             \
	"-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define STS_TOKEN                                                              \
	"AQoDYXdzEPT//////////"                                                \
	"wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLW"                     \
	"sKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7mSEI/"                 \
	"qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0"  \
	"wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPP"  \
	"kUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQw"  \
	"j2ICCR/oLxBA=="

#define VANILLA                                                                \
	"5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"

/* Fields are "name:value" lines; host and x-amz-date come by themselves. */
struct vector {
	const char *target; /* path, and a query behind a "?" */
	const char *fields;
	const char *headers; /* signed besides host and x-amz-date */
	const char *signature;
	bool plain_path;
	bool form; /* POST with the form that FORM is the hash of */
	bool post;
};

static const struct vector vectors[] = {
	{.target = "/", .signature = VANILLA},
	{.target = "/example/..", .signature = VANILLA},
	{.target = "/example1/example2/../..", .signature = VANILLA},
	{.target = "/./", .signature = VANILLA},
	{.target = "//", .signature = VANILLA},
	{.target = "/./example",
	 .signature = "ef75d96142cf21edca26f06005da7988e4f8dc83a165a80865db7089"
		      "db637ec5"},
	{.target = "//example//",
	 .signature = "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe8465708"
		      "85f57e84"},
	{.target = "/example space/",
	 .signature = "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39dde"
		      "c1366741"},
	{.target = "/" UNRESERVED,
	 .signature = "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65"
		      "bbf5f24f"},
	{.target = "/\xe1\x88\xb4",
	 .signature = "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd031"
		      "41be5d85"},
	{.target = "/example1/example2/../..",
	 .plain_path = true,
	 .signature = "dc33e0856fd4baca4d7aa2146c38958283844764f38c74252a333df5"
		      "e613003b"},
	{.target = "/example/..",
	 .plain_path = true,
	 .signature = "eca7ead57bb5aa5c8e28007acd4ff04e1ff9a0ff3b237ec1554a1848"
		      "87ff9282"},
	{.target = "/./",
	 .plain_path = true,
	 .signature = "68714168e6557f8f2de0ef956fc24dc2593a4bd2961f8df51898d8a1"
		      "34695145"},
	{.target = "/./example",
	 .plain_path = true,
	 .signature = "beb03f223f7deae4146464f06e29eebbee9c8afbe15c290cf07aa8b1"
		      "19e14cff"},
	{.target = "//",
	 .plain_path = true,
	 .signature = "c88bcd3d312d75078c0cd961d6deae3f4c754924b01669efcfcb439f"
		      "d5e5b76e"},
	{.target = "//example//",
	 .plain_path = true,
	 .signature = "87cca117541a147f6df867677d98a7d80dff226d2bfca9e4ffa89966"
		      "5623c7e5"},
	{.target = "/?Param1=value1",
	 .signature = "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72"
		      "011b9aeb"},
	{.target = "/?Param-3=Value3&Param=Value2&%E1%88%B4=Value1",
	 .signature = "371d3713e185cc334048618a97f809c9ffe339c62934c032af5a0e59"
		      "5648fcac"},
	{.target = "/?Param2=value2&Param1=value1",
	 .signature = "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec9"
		      "4cdf2500"},
	{.target = "/?" UNRESERVED "=" UNRESERVED,
	 .signature = "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb1"
		      "43a40197"},
	{.target = "/?\xe1\x88\xb4=bar",
	 .signature = "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c902"
		      "7818dd04"},
	{.target = "/",
	 .fields = "my-header1:value2\nmy-header1:value2\nmy-header1:value1\n",
	 .headers = "host;my-header1;x-amz-date",
	 .signature = "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f85825953"
		      "1a5138ea"},
	{.target = "/",
	 .fields = "my-header1:value4\nmy-header1:value1\nmy-header1:value3\n"
		   "my-header1:value2\n",
	 .headers = "host;my-header1;x-amz-date",
	 .signature = "08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f83"
		      "0c755c01"},
	{.target = "/",
	 .fields = "my-header1: value1\nmy-header2: \"a   b   c\"\n",
	 .headers = "host;my-header1;my-header2;x-amz-date",
	 .signature = "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee3597"
		      "57a9c736"},
	{.target = "/",
	 .fields = "x-amz-security-token:6e86291e8372ff2a2260956d9b8aae1d763fbf"
		   "315fa00fa31553b73ebf194267\n",
	 .headers = "host;x-amz-date;x-amz-security-token",
	 .signature = "07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd"
		      "9f74e7f8"},
	{.target = "/",
	 .post = true,
	 .signature = "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92"
		      "efbe5d6b"},
	{.target = "/",
	 .post = true,
	 .fields = "my-header1:value1\n",
	 .headers = "host;my-header1;x-amz-date",
	 .signature = "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916f"
		      "df18852c"},
	{.target = "/",
	 .post = true,
	 .fields = "my-header1:VALUE1\n",
	 .headers = "host;my-header1;x-amz-date",
	 .signature = "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa5"
		      "8b974b7d"},
	{.target = "/",
	 .post = true,
	 .fields = "x-amz-security-token:" STS_TOKEN "\n",
	 .headers = "host;x-amz-date;x-amz-security-token",
	 .signature = "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a8"
		      "2be05ead"},
	{.target = "/?Param1=value1",
	 .post = true,
	 .signature = "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d1"
		      "38af7f11"},
	{.target = "/",
	 .form = true,
	 .post = true,
	 .fields = "content-length:13\n"
		   "content-type:application/x-www-form-urlencoded\n"
		   "x-amz-content-sha256:" FORM "\n",
	 .headers = "content-length;content-type;host;x-amz-content-sha256;"
		    "x-amz-date",
	 .signature = "d3875051da38690788ef43de4db0d8f280229d82040bfac253562e56"
		      "c3f20e0b"},
	{.target = "/",
	 .form = true,
	 .post = true,
	 .fields = "content-length:13\n"
		   "content-type:application/x-www-form-urlencoded; "
		   "charset=utf-8\n"
		   "x-amz-content-sha256:" FORM "\n",
	 .headers = "content-length;content-type;host;x-amz-content-sha256;"
		    "x-amz-date",
	 .signature = "328d1b9eaadca9f5818ef05e8392801e091653bafec24fcab71e7344"
		      "e7f51422"},
};

static struct span find_field(void *context, const char *name, size_t index)
{
	struct span lines = span_of(context);
	struct span line = {0};
	struct span field = {0};
	struct span value = {0};

	if (strcmp(name, "host") == 0)
		return index == 0 ? SPAN_LIT("example.amazonaws.com") : value;
	if (strcmp(name, "x-amz-date") == 0)
		return index == 0 ? SPAN_LIT(DATE) : value;
	while (span_cut(lines, '\n', &line, &lines)) {
		CHECK(span_cut(line, ':', &field, &value));
		if (span_equal(field, span_of(name)) && index-- == 0)
			return value;
	}
	return (struct span){0};
}

static struct sigv4_request request_of(const struct vector *vector)
{
	struct sigv4_request request = {
		.method = vector->post ? SPAN_LIT("POST") : SPAN_LIT("GET"),
		.path = span_of(vector->target),
		.date = SPAN_LIT(DATE),
		.payload_hash = vector->form ? SPAN_LIT(FORM) : SPAN_LIT(EMPTY),
		.plain_path = vector->plain_path,
		.field = find_field,
		.context = (void *)(uintptr_t)vector->fields};

	span_cut(request.path, '?', &request.path, &request.query);
	return request;
}

static const struct sigv4_authorization scope_of_suite = {
	.date = {.text = "20150830", .len = 8},
	.region = {.text = "us-east-1", .len = 9},
	.service = {.text = "service", .len = 7}};

static void test_the_published_suite(void)
{
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		const struct vector *vector = &vectors[i];
		struct sigv4_authorization scope = scope_of_suite;
		struct sigv4_request request = request_of(vector);
		struct err err = ERR_INIT;
		char signature[65];

		scope.headers = span_of(vector->headers ? vector->headers
							: "host;x-amz-date");
		CHECK(sigv4_sign(&request, &scope, SPAN_LIT(SECRET), signature,
				 &err) == 0);
		CHECK_TEXT(signature, vector->signature);
	}
}

static const char *canonical(const struct sigv4_request *request,
			     const char *headers, struct buf *out)
{
	struct err err = ERR_INIT;

	buf_clear(out);
	CHECK(sigv4_canonical(request, span_of(headers), out, &err) == 0);
	return buf_text(out);
}

static void test_the_canonical_request_is_as_documented(void)
{
	CLEANUP(buf_release) struct buf out = BUF_INIT(4096);
	struct vector vector = {
		.target = "/a//b/./c/../%41?b=2&a=%41&a=~&&c&%7e=x%20y+z",
		.fields = "x-two:\t one \t two  \nx-two:\nx-two:three\n"
			  "host:other\n"};
	struct sigv4_request request = request_of(&vector);

	CHECK_TEXT(canonical(&request, "host;x-absent;x-two", &out),
		   "GET\n"
		   "/a/b/%2541\n"
		   "a=A&a=~&b=2&c=&~=x%20y%2Bz\n"
		   "host:example.amazonaws.com\n"
		   "x-absent:\n"
		   "x-two:one two,,three\n"
		   "\n"
		   "host;x-absent;x-two\n" EMPTY);
	request.path = SPAN_LIT("");
	request.query = SPAN_LIT("");
	CHECK_TEXT(canonical(&request, "host", &out),
		   "GET\n/\n\nhost:example.amazonaws.com\n\nhost\n" EMPTY);
	request.path = SPAN_LIT("/../../a/");
	CHECK_TEXT(canonical(&request, "host", &out),
		   "GET\n/a/\n\nhost:example.amazonaws.com\n\nhost\n" EMPTY);
}

static void test_what_cannot_be_canonical_is_refused(void)
{
	CLEANUP(buf_release) struct buf out = BUF_INIT(1 << 20);
	CLEANUP(buf_release) struct buf query = BUF_INIT(1 << 20);
	struct vector vector = {.target = "/"};
	struct sigv4_request request = request_of(&vector);
	struct err err = ERR_INIT;

	request.query = SPAN_LIT("a=%4");
	CHECK(sigv4_canonical(&request, SPAN_LIT("host"), &out, &err) == -1);
	CHECK(err.code == ERR_INVALID);
	err_clear(&err);
	for (int i = 0; i < SIGV4_PARAMETERS_MAX; i++)
		buf_append_text(&query, "a&");
	request.query = buf_span(&query);
	CHECK(sigv4_canonical(&request, SPAN_LIT("host"), &out, &err) == 0);
	buf_append_text(&query, "a");
	request.query = buf_span(&query);
	CHECK(sigv4_canonical(&request, SPAN_LIT("host"), &out, &err) == -1);
	CHECK(err.code == ERR_TOO_LARGE);
	err_clear(&err);

	char secret[SIGV4_SECRET_MAX + 1];
	char signature[65] = "as it was";
	memset(secret, 'x', sizeof(secret));
	request.query = SPAN_LIT("");
	struct sigv4_authorization scope = scope_of_suite;
	scope.headers = SPAN_LIT("host");
	CHECK(sigv4_sign(&request, &scope, span_make(secret, sizeof(secret)),
			 signature, &err) == -1);
	CHECK(err.code == ERR_INVALID);
	CHECK_TEXT(signature, "as it was");
	err_clear(&err);
	CHECK(sigv4_sign(&request, &scope, span_make(secret, SIGV4_SECRET_MAX),
			 signature, &err) == 0);
}

/* ---- the header ---- */

#define CREDENTIAL "Credential=AKID/20150830/us-east-1/sts/aws4_request"
#define HEADERS "SignedHeaders=host;x-amz-date"
#define SIGNATURE "Signature=" EMPTY

static int parse(const char *text, struct sigv4_authorization *ret_parsed,
		 struct err *err)
{
	size_t len = strlen(text);
	char *copy = malloc(len ? len : 1);

	CHECK(copy);
	memcpy(copy, text, len);
	int rc = sigv4_parse(span_make(copy, len), ret_parsed, err);
	free(copy);
	return rc;
}

static void test_a_header_is_taken_apart(void)
{
	static const char *const texts[] = {
		SIGV4_SCHEME " " CREDENTIAL ", " HEADERS ", " SIGNATURE,
		SIGV4_SCHEME " " CREDENTIAL "," HEADERS "," SIGNATURE,
		SIGV4_SCHEME "   " SIGNATURE " , " HEADERS ",  " CREDENTIAL,
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct sigv4_authorization parsed;
		struct err err = ERR_INIT;

		CHECK(sigv4_parse(span_of(texts[i]), &parsed, &err) == 0);
		CHECK(span_equal(parsed.key_id, SPAN_LIT("AKID")));
		CHECK(span_equal(parsed.date, SPAN_LIT("20150830")));
		CHECK(span_equal(parsed.region, SPAN_LIT("us-east-1")));
		CHECK(span_equal(parsed.service, SPAN_LIT("sts")));
		CHECK(span_equal(parsed.headers, SPAN_LIT("host;x-amz-date")));
		CHECK(span_equal(parsed.signature, SPAN_LIT(EMPTY)));
	}
}

#define WITH_CREDENTIAL(credential)                                            \
	SIGV4_SCHEME " Credential=" credential "," HEADERS "," SIGNATURE
#define WITH_HEADERS(headers)                                                  \
	SIGV4_SCHEME " " CREDENTIAL ",SignedHeaders=" headers "," SIGNATURE

static void test_a_header_that_is_not_whole_is_refused(void)
{
	static const char *const texts[] = {
		"",
		SIGV4_SCHEME,
		SIGV4_SCHEME " ",
		"AWS4-HMAC-SHA512 " CREDENTIAL "," HEADERS "," SIGNATURE,
		SIGV4_SCHEME " " CREDENTIAL "," HEADERS,
		SIGV4_SCHEME " " CREDENTIAL "," SIGNATURE,
		SIGV4_SCHEME " " HEADERS "," SIGNATURE,
		SIGV4_SCHEME " " CREDENTIAL "," HEADERS "," SIGNATURE ",",
		SIGV4_SCHEME " " CREDENTIAL "," HEADERS "," SIGNATURE ",a=b",
		SIGV4_SCHEME " " CREDENTIAL "," HEADERS "," SIGNATURE
			     "," SIGNATURE,
		SIGV4_SCHEME " " CREDENTIAL "," HEADERS ",Signature=e3b0",
		SIGV4_SCHEME " " CREDENTIAL "," HEADERS "," SIGNATURE "0",
		WITH_CREDENTIAL(""),
		WITH_CREDENTIAL("AKID/20150830/us-east-1/sts/aws4_reques"),
		WITH_CREDENTIAL("AKID/20150830/us-east-1/aws4_request"),
		WITH_CREDENTIAL("/20150830/us-east-1/sts/aws4_request"),
		WITH_CREDENTIAL("A/B/20150830/us-east-1/sts/aws4_request"),
		WITH_CREDENTIAL("AKID/2015083/us-east-1/sts/aws4_request"),
		WITH_CREDENTIAL("AKID/2015083x/us-east-1/sts/aws4_request"),
		WITH_CREDENTIAL("AKID/20150830//sts/aws4_request"),
		WITH_CREDENTIAL("AKID/20150830/us-east-1//aws4_request"),
		WITH_CREDENTIAL("AKID/20150830/us east/sts/aws4_request"),
		WITH_CREDENTIAL("AKID/20150830/us\neast/sts/aws4_request"),
		WITH_HEADERS(""),
		WITH_HEADERS(";"),
		WITH_HEADERS("host;"),
		WITH_HEADERS("Host"),
		WITH_HEADERS("host;host"),
		WITH_HEADERS("x-amz-date;host"),
		WITH_HEADERS("host;x amz"),
		WITH_HEADERS("host;x:amz"),
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct sigv4_authorization parsed = {.key_id = {0}};
		struct err err = ERR_INIT;

		CHECK(parse(texts[i], &parsed, &err) == -1);
		CHECK(err.code == ERR_INVALID && err.tell[0] != '\0');
		CHECK(!parsed.key_id.text);
	}
}

static void test_a_signature_covers_so_many_fields(void)
{
	for (int count = SIGV4_SIGNED_MAX; count <= SIGV4_SIGNED_MAX + 1;
	     count++) {
		CLEANUP(buf_release) struct buf text = BUF_INIT(4096);
		struct sigv4_authorization parsed;
		struct err err = ERR_INIT;

		buf_append_text(&text,
				SIGV4_SCHEME " " CREDENTIAL ",SignedHeaders=");
		for (int i = 0; i < count; i++)
			buf_appendf(&text, "%sx%03d", i > 0 ? ";" : "", i);
		buf_append_text(&text, "," SIGNATURE);
		CHECK(sigv4_parse(buf_span(&text), &parsed, &err) ==
		      (count > SIGV4_SIGNED_MAX ? -1 : 0));
	}
}

static void test_what_is_covered_is_found(void)
{
	struct span headers = SPAN_LIT("a;host;x-amz-date");

	CHECK(sigv4_covers(headers, SPAN_LIT("a")));
	CHECK(sigv4_covers(headers, SPAN_LIT("host")));
	CHECK(sigv4_covers(headers, SPAN_LIT("x-amz-date")));
	CHECK(!sigv4_covers(headers, SPAN_LIT("x-amz-dat")));
	CHECK(!sigv4_covers(headers, SPAN_LIT("")));
	CHECK(!sigv4_covers((struct span){0}, SPAN_LIT("")));
}

/* ---- dates ---- */

static void test_dates_of_both_forms_are_read(void)
{
	static const struct {
		const char *text;
		int64_t wall_ms;
	} cases[] = {
		{"19700101T000000Z", 0},
		{"20150830T123600Z", INT64_C(1440938160000)},
		{"Sun, 30 Aug 2015 12:36:00 GMT", INT64_C(1440938160000)},
		{"Sun, 30 Aug 2015 12:36:00 -0000", INT64_C(1440938160000)},
		{"20240229T235959Z", INT64_C(1709251199000)},
		{"Thu, 29 Feb 2024 23:59:59 GMT", INT64_C(1709251199000)},
		{"00010101T000000Z", INT64_C(-62135596800000)},
		{"99991231T235959Z", INT64_C(253402300799000)},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct err err = ERR_INIT;
		int64_t wall_ms = -1;
		char text[SIGV4_DATE_SIZE];

		CHECK(sigv4_parse_date(span_of(cases[i].text), &wall_ms,
				       &err) == 0);
		CHECK(wall_ms == cases[i].wall_ms);
		sigv4_format_date(wall_ms, text);
		if (cases[i].text[3] != ',')
			CHECK_TEXT(text, cases[i].text);
	}
}

static void test_what_is_no_date_is_refused(void)
{
	static const char *const texts[] = {
		"",
		"20150830",
		"20150830T123600",
		"20150830t123600Z",
		"20150830T123600Z ",
		" 20150830T123600Z",
		"20150230T123600Z",
		"20150029T123600Z",
		"20151329T123600Z",
		"20150800T123600Z",
		"20150830T240000Z",
		"20150830T126000Z",
		"20150830T123660Z",
		"00000101T000000Z",
		"2015083OT123600Z",
		"2015-08-30T12:36:00Z",
		"Sun, 30 Aug 2015 12:36:00 UTC",
		"Sun, 30 Aug 2015 12:36:00 +0100",
		"Sun, 30 Aug 2015 12:36:00",
		"Sun, 30 Foo 2015 12:36:00 GMT",
		"Sun, 30 anF 2015 12:36:00 GMT",
		"Sun, 31 Feb 2015 12:36:00 GMT",
		"Sun, 3 Aug 2015 12:36:00 GMT",
		"Sunday, 30-Aug-15 12:36:00 GMT",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct err err = ERR_INIT;
		int64_t wall_ms = 42;

		CHECK(sigv4_parse_date(span_of(texts[i]), &wall_ms, &err) ==
		      -1);
		CHECK(err.code == ERR_INVALID && wall_ms == 42);
	}
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		CHECK_CASE(test_the_published_suite),
		CHECK_CASE(test_the_canonical_request_is_as_documented),
		CHECK_CASE(test_what_cannot_be_canonical_is_refused),
		CHECK_CASE(test_a_header_is_taken_apart),
		CHECK_CASE(test_a_header_that_is_not_whole_is_refused),
		CHECK_CASE(test_a_signature_covers_so_many_fields),
		CHECK_CASE(test_what_is_covered_is_found),
		CHECK_CASE(test_dates_of_both_forms_are_read),
		CHECK_CASE(test_what_is_no_date_is_refused),
	};

	return CHECK_RUN(argc, argv, cases);
}
