/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/signing.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "auth/jwt.h"
#include "auth/seal.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/jsonx.h"
#include "storage/meta_credentials.h"
#include "tests/lib/meta_fixture.h"
#include "tests/lib/sql_fixture.h"
#include "tests/lib/tmpdir.h"

#define LIFE 1000000
#define OVERLAP 300000

static struct meta *meta;
static struct seal *seal;

static struct seal *open_seal(void)
{
	char dir[TMPDIR_SIZE];
	struct err err = ERR_INIT;
	struct seal *made = NULL;

	tmpdir_make(dir);
	int dir_fd = open(dir, O_RDONLY | O_DIRECTORY);
	CHECK(seal_open(dir_fd, "server.key", &made, &err) == 0);
	close(dir_fd);
	return made;
}

static struct signing *open_signing(struct meta *on)
{
	struct signing_config config = {.meta = on,
					.seal = seal,
					.clock = &meta_fixture_clock,
					.life_ms = LIFE,
					.overlap_ms = OVERLAP};
	struct signing *signing = NULL;
	struct err err = ERR_INIT;
	int rc = signing_new(&config, &signing, &err);

	if (rc < 0)
		fprintf(stderr, "signing_new: %s\n", err.text);
	CHECK(rc == 0);
	return signing;
}

static struct signing *open_all(void)
{
	meta = meta_fixture_open();
	seal = open_seal();
	return open_signing(meta);
}

static void close_all(struct signing *signing)
{
	signing_free(signing);
	seal_free(seal);
	meta_close(meta);
}

struct kid {
	char text[META_KEY_ID_SIZE];
};

static struct kid current(struct signing *signing)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT(META_KEY_ID_SIZE);
	struct kid kid;

	jwt_key_unref(signing_current(signing, &text));
	CHECK(text.len == META_KEY_ID_SIZE - 1);
	memcpy(kid.text, buf_text(&text), sizeof(kid.text));
	return kid;
}

static bool same(struct kid a, struct kid b)
{
	return strcmp(a.text, b.text) == 0;
}

static bool knows(struct signing *signing, struct kid kid)
{
	struct jwt_key *key = signing_find(signing, span_of(kid.text));

	jwt_key_unref(key);
	return key != NULL;
}

static size_t published(struct signing *signing)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT(65536);
	struct err err = ERR_INIT;
	json_t *set = NULL;

	CHECK(signing_jwks(signing, &text, &err) == 0);
	CHECK(jsonx_parse(buf_span(&text), 8, &set, &err) == 0);
	const json_t *keys = json_object_get(set, "keys");
	for (size_t i = 0; i < json_array_size(keys); i++) {
		const json_t *key = json_array_get(keys, i);
		struct kid kid;

		CHECK(!json_object_get(key, "d"));
		CHECK_TEXT(json_string_value(json_object_get(key, "alg")),
			   "ES256");
		snprintf(kid.text, sizeof(kid.text), "%s",
			 json_string_value(json_object_get(key, "kid")));
		CHECK(knows(signing, kid));
	}
	size_t count = json_array_size(keys);
	json_decref(set);
	return count;
}

static void rotate(struct signing *signing, bool drop_old)
{
	struct err err = ERR_INIT;

	CHECK(signing_rotate(signing, drop_old, &err) == 0);
}

static void pass(struct signing *signing, int64_t ms)
{
	meta_fixture_ms += ms;
	signing_tidy(signing);
}

static void test_the_first_start_makes_a_key_that_stays(void)
{
	struct signing *signing = open_all();
	struct kid first = current(signing);

	CHECK(published(signing) == 1);
	CHECK(knows(signing, first));
	CHECK(!signing_find(signing, SPAN_LIT("")));
	CHECK(!signing_find(signing, SPAN_LIT("other")));
	signing_free(signing);
	signing = open_signing(meta);
	CHECK(same(current(signing), first));
	close_all(signing);
}

static void test_a_key_signs_for_its_life_and_verifies_longer(void)
{
	struct signing *signing = open_all();
	struct kid first = current(signing);

	pass(signing, LIFE - 1);
	CHECK(same(current(signing), first));
	pass(signing, 1);
	pass(signing, 10000);
	struct kid second = current(signing);
	CHECK(!same(second, first));
	CHECK(knows(signing, first) && knows(signing, second));
	CHECK(published(signing) == 2);
	pass(signing, OVERLAP + 10001);
	CHECK(!knows(signing, first) && knows(signing, second));
	CHECK(published(signing) == 1);
	signing_free(signing);
	signing = open_signing(meta);
	CHECK(!knows(signing, first) && same(current(signing), second));
	close_all(signing);
}

static void test_a_key_is_changed_when_asked(void)
{
	struct signing *signing = open_all();
	struct kid first = current(signing);

	rotate(signing, false);
	meta_fixture_ms += 10000;
	struct kid second = current(signing);
	CHECK(!same(first, second) && knows(signing, first));
	rotate(signing, true);
	struct kid third = current(signing);
	CHECK(!same(second, third) && !same(first, third));
	CHECK(!knows(signing, first) && !knows(signing, second));
	CHECK(published(signing) == 1);
	close_all(signing);
}

/* Two changes in one moment: still one key signs. */
static void test_changes_in_one_moment_leave_one_key(void)
{
	struct signing *signing = open_all();
	struct kid last = current(signing);

	for (int i = 0; i < 20; i++) {
		rotate(signing, false);
		meta_fixture_ms += 10000;
		CHECK(!same(current(signing), last));
		last = current(signing);
		meta_fixture_ms -= 10000;
	}
	close_all(signing);
}

static void test_another_servers_key_opens_nothing(void)
{
	struct signing_config config = {.clock = &meta_fixture_clock,
					.life_ms = LIFE,
					.overlap_ms = OVERLAP};
	struct signing *signing = open_all();
	struct signing *other = NULL;
	struct err err = ERR_INIT;

	config.meta = meta;
	config.seal = open_seal();
	CHECK(signing_new(&config, &other, &err) == -1 && !other);
	CHECK(err.code == ERR_CORRUPT);
	CHECK(strstr(err.text, "server's key"));
	seal_free(config.seal);
	close_all(signing);
}

/* Two servers on one database: nothing is signed with a key before all have
 * had the time to learn of it, and they do not each make one. */
static void test_servers_share_their_keys(void)
{
	struct err err = ERR_INIT;
	struct meta *second = NULL;
	struct signing *one = open_all();

	if (!sql_fixture_postgres()) {
		close_all(one);
		return;
	}
	CHECK(meta_open(sql_fixture_again(), &meta_fixture_clock, &second,
			&err) == 0);
	struct signing *two = open_signing(second);
	struct kid first = current(one);
	CHECK(same(current(two), first));

	rotate(one, false);
	CHECK(same(current(one), first) && same(current(two), first));
	CHECK(published(one) == 2);
	pass(two, 9999);
	CHECK(same(current(one), first) && same(current(two), first));
	pass(two, 1);
	CHECK(!same(current(two), first));
	CHECK(same(current(one), current(two)));

	meta_fixture_ms += LIFE;
	signing_tidy(one);
	signing_tidy(two);
	signing_tidy(one);
	CHECK(published(one) == published(two));
	meta_fixture_ms += 10000;
	CHECK(same(current(one), current(two)));
	signing_free(two);
	meta_close(second);
	close_all(one);
}

/* ---- threads ---- */

static atomic_bool done;

/* What is signed with the key of one moment verifies in the next. */
static void *sign_and_verify(void *context)
{
	struct signing *signing = context;
	json_t *claims = json_object();

	while (!atomic_load(&done)) {
		CLEANUP(buf_release) struct buf kid = BUF_INIT(64);
		CLEANUP(buf_release) struct buf token = BUF_INIT(4096);
		CLEANUP(buf_release) struct buf set = BUF_INIT(65536);
		struct err err = ERR_INIT;
		json_t *read = NULL;
		struct jwt_key *key = signing_current(signing, &kid);

		CHECK(jwt_sign(key, buf_span(&kid), claims, &token, &err) == 0);
		jwt_key_unref(key);
		key = signing_find(signing, buf_span(&kid));
		CHECK(key);
		CHECK(jwt_verify(key, buf_span(&token), &read, &err) == 0);
		CHECK(signing_jwks(signing, &set, &err) == 0);
		json_decref(read);
		jwt_key_unref(key);
	}
	json_decref(claims);
	return NULL;
}

static void test_keys_change_while_others_sign(void)
{
	struct signing *signing = open_all();
	pthread_t threads[2];

	for (int i = 0; i < 2; i++)
		CHECK(pthread_create(&threads[i], NULL, sign_and_verify,
				     signing) == 0);
	for (int i = 0; i < 20; i++) {
		meta_fixture_ms += OVERLAP / 100;
		rotate(signing, false);
		signing_tidy(signing);
	}
	atomic_store(&done, true);
	for (int i = 0; i < 2; i++)
		CHECK(pthread_join(threads[i], NULL) == 0);
	close_all(signing);
}

static const struct check_case cases[] = {
	CHECK_CASE(test_the_first_start_makes_a_key_that_stays),
	CHECK_CASE(test_a_key_signs_for_its_life_and_verifies_longer),
	CHECK_CASE(test_a_key_is_changed_when_asked),
	CHECK_CASE(test_changes_in_one_moment_leave_one_key),
	CHECK_CASE(test_another_servers_key_opens_nothing),
	CHECK_CASE(test_servers_share_their_keys),
	CHECK_CASE(test_keys_change_while_others_sign),
};

int main(int argc, char **argv)
{
	return SQL_FIXTURE_RUN(argc, argv, cases);
}
