/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/oidc_claims.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "auth/oidc.h"
#include "auth/policy.h"
#include "base/err.h"

#define NAME_MAX_BYTES 128 /* of a claim; a longer one makes no key */

static int no_memory(struct err *err)
{
	return err_set(err, ERR_NO_MEMORY, "claims of a web identity");
}

static int too_many(struct err *err)
{
	return err_set(err, ERR_UNAUTHENTICATED,
		       "the token claims more than %d things",
		       OIDC_CLAIM_KEYS_MAX);
}

static int add(struct oidc_identity *identity, struct span name,
	       struct span value, struct err *err)
{
	const char *copy = arena_copy(&identity->arena, value.text, value.len);

	if (identity->key_count == OIDC_CLAIM_KEYS_MAX)
		return too_many(err);
	if (!copy)
		return no_memory(err);
	identity->keys[identity->key_count++] = (struct policy_key){
		.name = name, .value = span_make(copy, value.len)};
	return 0;
}

static int add_number(struct oidc_identity *identity, struct span name,
		      json_int_t value, struct err *err)
{
	char text[32];

	snprintf(text, sizeof(text), "%" PRId64, (int64_t)value);
	return add(identity, name, span_of(text), err);
}

static int add_list(struct oidc_identity *identity, struct span name,
		    const json_t *list, struct err *err)
{
	size_t index;
	json_t *value;

	json_array_foreach(list, index, value)
	{
		struct span text = span_make(json_string_value(value),
					     json_string_length(value));

		if (json_is_string(value) && add(identity, name, text, err) < 0)
			return -1;
	}
	return 0;
}

static int add_claim(struct oidc_identity *identity, struct span claim,
		     const json_t *value, struct err *err)
{
	size_t size = identity->issuer.len + 1 + claim.len + 1;
	char *text = arena_alloc(&identity->arena, size);

	if (!text)
		return no_memory(err);
	snprintf(text, size, "%.*s:%.*s", SPAN_ARG(identity->issuer),
		 SPAN_ARG(claim));
	struct span name = span_make(text, size - 1);

	if (json_is_string(value))
		return add(identity, name,
			   span_make(json_string_value(value),
				     json_string_length(value)),
			   err);
	if (json_is_integer(value))
		return add_number(identity, name, json_integer_value(value),
				  err);
	if (json_is_boolean(value))
		return add(identity, name,
			   json_is_true(value) ? SPAN_LIT("true")
					       : SPAN_LIT("false"),
			   err);
	return json_is_array(value) ? add_list(identity, name, value, err) : 0;
}

static bool is_told_apart(const json_t *claims)
{
	const char *name;
	const char *other;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)claims, name, value)
	{
		json_t *unused;

		json_object_foreach((json_t *)(uintptr_t)claims, other, unused)
		{
			if (name != other &&
			    span_equal_nocase(span_of(name), span_of(other)))
				return false;
		}
	}
	return true;
}

/* Which name the claim goes by; NULL: by none. */
static const char *name_of(const json_t *claims, const char *claim)
{
	bool has_party = json_is_string(json_object_get(claims, "azp"));

	if (strcmp(claim, "aud") == 0)
		return has_party ? "oaud" : "aud";
	if (strcmp(claim, "azp") == 0)
		return has_party ? "aud" : NULL;
	/* A name of ours that no issuer may say something by. */
	if (span_equal_nocase(span_of(claim), SPAN_LIT("oaud")))
		return NULL;
	return strlen(claim) > NAME_MAX_BYTES ? NULL : claim;
}

int oidc_claims_keys(const json_t *claims, struct oidc_identity *identity,
		     struct err *err)
{
	const char *claim;
	json_t *value;

	if (json_object_size(claims) > OIDC_CLAIM_KEYS_MAX)
		return too_many(err);
	if (!is_told_apart(claims))
		return err_set(err, ERR_UNAUTHENTICATED,
			       "two claims of the token differ by case alone");
	identity->keys =
		arena_alloc(&identity->arena,
			    OIDC_CLAIM_KEYS_MAX * sizeof(*identity->keys));
	if (!identity->keys)
		return no_memory(err);
	json_object_foreach((json_t *)(uintptr_t)claims, claim, value)
	{
		const char *name = name_of(claims, claim);

		if (name && add_claim(identity, span_of(name), value, err) < 0)
			return -1;
	}
	return 0;
}
